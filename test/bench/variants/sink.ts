import { createHmac } from 'node:crypto';
import { encode } from '@msgpack/msgpack';
import type { Closed } from '../../../pipeline/model/closed.ts';
import { derive } from '../../../pipeline/model/derive.ts';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { createMessageEncoder } from '../../../pipeline/sinks/message-encoder.ts';
import { type MessageOptions, meterMessage } from '../../../pipeline/sinks/meter-message.ts';
import { compareCodePoints, pythonText } from '../../../pipeline/sinks/python-text.ts';
import { createPackedDatagrams } from '../../../pipeline/sinks/udp/packed.ts';
import { createChain, DERIVE_RULES } from '../chain.ts';
import { answer, cpuNs, given } from '../measure.ts';
import { readStretch, type Stretches } from '../stretch.ts';

/** What is made of the samples: nothing more, messages without and with their signature by either encoder, datagrams. */
export type Output =
  | 'derive'
  | 'unsigned'
  | 'signed'
  | 'plain unsigned'
  | 'plain signed'
  | 'packed 1432'
  | 'packed 8192';

export interface SinkArgs {
  readonly stretches: Stretches;
  readonly output: Output;
}
/** Nanoseconds a sample, of 100 000 samples of the last stretch; as many of each one before are the warm-up. */
export interface SinkAnswer {
  readonly nsPerSample: number;
  /** The same once more at once: the encoder alone, with the samples in the processor's cache. */
  readonly nsAgain: number;
  readonly samples: number;
  readonly bytesPerSample: number;
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
  let againNs = 0;
  let count = 0;
  let bytes = 0;
  for (const file of stretches.files) {
    const windows: Closed[] = [];
    for (const { value, timestampUs } of await readStretch(file)) {
      const closed = chain.take(value, timestampUs);
      if (closed && closed.counters.length > 0) windows.push(closed);
    }
    spentNs = 0;
    againNs = 0;
    count = 0;
    bytes = 0;
    // A message's windows at a time, as in operation: samples that pile up would cost collection that no pipeline pays.
    for (let from = 0; from < windows.length && count < MOST_SAMPLES; from += BATCH) {
      const batch = put(windows.slice(from, from + BATCH));
      spentNs += batch.ns;
      againNs += batch.nsAgain;
      count += batch.samples;
      bytes += batch.bytes;
    }
  }
  return { nsPerSample: spentNs / count, nsAgain: againNs / count, samples: count, bytesPerSample: bytes / count };
}

interface Put {
  readonly ns: number;
  readonly nsAgain: number;
  readonly samples: number;
  readonly bytes: number;
}

/** Derives the samples and, unless that is what is measured, encodes them, twice. */
function put(windows: readonly Closed[]): Put {
  const since = cpuNs();
  const samples = windows.flatMap((closed) => derive(closed, DERIVE_RULES));
  const derivedAt = cpuNs();
  if (output === 'derive') return { ns: derivedAt - since, nsAgain: 0, samples: samples.length, bytes: 0 };
  const bytes = encodeAll(samples);
  const encodedAt = cpuNs();
  encodeAll(samples);
  return { ns: encodedAt - derivedAt, nsAgain: cpuNs() - encodedAt, samples: samples.length, bytes };
}

const UNSIGNED: MessageOptions = { ...OPTIONS, secret: '' };

/** Encodes samples and gives the number of bytes. */
type Encode = (samples: readonly Sample[]) => number;

const each =
  (encodeOne: (sample: Sample) => Uint8Array): Encode =>
  (samples) =>
    samples.reduce((bytes, sample) => bytes + encodeOne(sample).length, 0);

/** What one writes at first: the whole message, packed by the library. */
const plain = each((sample) => encode(meterMessage(sample, UNSIGNED), { useBigInt64: true }));

/** The same, signed by the book: fields sorted level by level, their text hashed. */
const plainSigned = each((sample) => {
  const message = meterMessage(sample, UNSIGNED);
  const text: string[] = [];
  addText(text, '', { ...message, message_signature: {} });
  const message_signature = createHmac('sha256', OPTIONS.secret).update(text.join(''), 'utf8').digest('hex');
  return encode({ ...message, message_signature }, { useBigInt64: true });
});

function addText(text: string[], prefix: string, fields: object): void {
  const entries = Object.entries(fields).sort(([a], [b]) => compareCodePoints(a, b));
  for (const [key, value] of entries) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) addText(text, `${prefix}${key}:`, value);
    else text.push(prefix + key, pythonText(value));
  }
}

function packedTo(maxBytes: number): Encode {
  const datagrams = createPackedDatagrams({ message: OPTIONS, maxBytes, sender: 1n });
  return (samples) => [...datagrams(samples)].reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function encoder(): Encode {
  switch (output) {
    case 'derive':
      return () => 0;
    case 'unsigned':
      return each(createMessageEncoder(UNSIGNED));
    case 'signed':
      return each(createMessageEncoder(OPTIONS));
    case 'plain unsigned':
      return plain;
    case 'plain signed':
      return plainSigned;
    case 'packed 1432':
      return packedTo(1432);
    case 'packed 8192':
      return packedTo(8192);
  }
}

const encodeAll = encoder();
answer(await measure());
