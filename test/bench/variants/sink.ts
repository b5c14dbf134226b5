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
/** Nanoseconds a sample, of the windows that the last stretch closes; those before are the warm-up. */
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
const { stretches, output } = given<SinkArgs>();

async function measure(): Promise<SinkAnswer> {
  const chain = createChain('accept');
  let windows: Closed[] = [];
  let spentNs = 0;
  let count = 0;
  for (const file of stretches.files) {
    windows = [];
    for (const { value, timestampUs } of await readStretch(file)) {
      const closed = chain.take(value, timestampUs);
      if (closed && closed.counters.length > 0) windows.push(closed);
    }
    const since = cpuNs();
    const samples = windows.flatMap((closed) => derive(closed, DERIVE_RULES));
    const derivedAt = cpuNs();
    if (output !== 'derive') send(samples);
    spentNs = output === 'derive' ? derivedAt - since : cpuNs() - derivedAt;
    count = samples.length;
  }
  return { nsPerSample: spentNs / count, samples: count };
}

function send(samples: readonly Sample[]): void {
  let bytes = 0;
  for (const sample of samples) {
    bytes += output === 'datagram' ? encodeDatagram(sample, OPTIONS).length : plain(sample).length;
  }
  if (bytes === 0) throw new Error('nothing was encoded');
}

/** What one writes at first: sign the message's JSON, pack it with the library. */
function plain(sample: Sample): Uint8Array {
  const message = { ...meterMessage(sample, { ...OPTIONS, secret: '' }), counter_volume: Number(sample.volume) };
  const signature = createHmac('sha256', OPTIONS.secret).update(JSON.stringify(message)).digest('hex');
  return encode({ ...message, message_signature: signature });
}

answer(await measure());
