import { createHmac } from 'node:crypto';
import { encode } from '@msgpack/msgpack';
import type { Closed } from '../../../pipeline/model/closed.ts';
import { derive } from '../../../pipeline/model/derive.ts';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { type MessageOptions, meterMessage } from '../../../pipeline/sinks/meter-message.ts';
import { encodeDatagram } from '../../../pipeline/sinks/udp/datagram.ts';
import { createChain, DERIVE_RULES } from '../chain.ts';
import { answer, cpuNs, given } from '../measure.ts';
import { readStretch, type Stretches } from '../stretch.ts';

export interface SinkArgs {
  readonly stretches: Stretches;
  readonly output: 'derive' | 'datagram' | 'plain';
}
/** Nanoseconds a sample, of 100 000 samples of the last stretch; as many of each one before are the warm-up. */
export interface SinkAnswer {
  readonly nsPerSample: number;
  readonly samples: number;
}

const OPTIONS: MessageOptions = {
  source: 'openstack',
  publisherId: null,
  timestamps: 'zoned',
  annotate: false,
  secret: 'a secret of the bench',
};
/** Messages whose samples are made and encoded together. */
const BATCH = 32;
const MOST_SAMPLES = 100_000;

const { stretches, output } = given<SinkArgs>();

async function measure(): Promise<SinkAnswer> {
  const chain = createChain('accept');
  let spentNs = 0;
  let count = 0;
  for (const file of stretches.files) {
    const windows: Closed[] = [];
    for (const { value, timestampUs } of await readStretch(file)) {
      const closed = chain.take(value, timestampUs);
      if (closed && closed.counters.length > 0) windows.push(closed);
    }
    spentNs = 0;
    count = 0;
    // A message's windows at a time, as in operation: samples that pile up would cost collection that no pipeline pays.
    for (let from = 0; from < windows.length && count < MOST_SAMPLES; from += BATCH) {
      const { ns, samples } = put(windows.slice(from, from + BATCH));
      spentNs += ns;
      count += samples;
    }
  }
  return { nsPerSample: spentNs / count, samples: count };
}

/** Derives the samples and, unless that is what is measured, encodes them. */
function put(windows: readonly Closed[]): { readonly ns: number; readonly samples: number } {
  const since = cpuNs();
  const samples = windows.flatMap((closed) => derive(closed, DERIVE_RULES));
  const derivedAt = cpuNs();
  if (output === 'derive') return { ns: derivedAt - since, samples: samples.length };
  let bytes = 0;
  for (const sample of samples) {
    bytes += output === 'datagram' ? encodeDatagram(sample, OPTIONS).length : plain(sample).length;
  }
  if (bytes === 0) throw new Error('nothing was encoded');
  return { ns: cpuNs() - derivedAt, samples: samples.length };
}

/** What one writes at first: sign the message's JSON, pack it with the library. */
function plain(sample: Sample): Uint8Array {
  const message = { ...meterMessage(sample, { ...OPTIONS, secret: '' }), counter_volume: Number(sample.volume) };
  const signature = createHmac('sha256', OPTIONS.secret).update(JSON.stringify(message)).digest('hex');
  return encode({ ...message, message_signature: signature });
}

answer(await measure());
