import { encodeSnapshot } from '../../../avro/codec.ts';
import type { Closed } from '../../../pipeline/model/closed.ts';
import type { Sample } from '../../../pipeline/model/sample.ts';
import type { Owned } from '../../../pipeline/operators/ownership.ts';
import type {
  Checkpointed,
  Decoded,
  DecodedMessage,
  Published,
  RawMessage,
  Unreadable,
} from '../../../pipeline/operators/pull.ts';
import { windowSteps } from '../../../pipeline/operators/window.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import type { Confirmed } from '../../../pipeline/state/store.ts';
import { pollOf, received, SECOND } from '../model/polls.ts';
import { aSample } from '../sinks/a-sample.ts';

/** A message of partition 0: an instance that has received so many bytes at `t` seconds. */
export function message(offset: number, t: number, rxBytes = 0n, partition = 0): RawMessage {
  const value = encodeSnapshot(pollOf(t, [received(t, rxBytes)]));
  return { partition, offset, timestampUs: t * SECOND, value };
}

export const unreadable = (offset: number, partition = 0): Unreadable => ({
  partition,
  offset,
  timestampUs: 0,
  value: Buffer.from('no Avro'),
  reason: 'unreadable',
});

/** A decoded pull of dead letters only. */
export const dead = (...letters: readonly Unreadable[]): Decoded => ({
  messages: [],
  unreadable: letters,
  tick: null,
});

/** A checkpoint whose delivery leads to an offset of partition 0, with so many samples. */
export const checkpointed = (through: number, samples = 1, entry?: string): Checkpointed => ({
  pulls: 1,
  others: 0,
  parts: [
    {
      samples: Array.from({ length: samples }, (_, index) => aSample({ messageId: `${through}-${index}` })),
      confirmed: { partition: 0, through, entries: entry === undefined ? [] : [entry] },
      isWanted: () => true,
    },
  ],
  has: new Set(),
});

/** The same, published, and delivered when the promise says so. */
export const published = (delivered: Promise<void>, ...of: Parameters<typeof checkpointed>): Published => ({
  ...checkpointed(...of),
  delivered,
});

export const samplesIn = ({ parts }: Checkpointed): readonly Sample[] => parts.flatMap(({ samples }) => samples);
export const confirmedIn = ({ parts }: Checkpointed): readonly Confirmed[] => parts.map(({ confirmed }) => confirmed);

/** A report that is remembered. */
export function reported() {
  const events: InternalEvent[] = [];
  return { events, report: (event: InternalEvent) => void events.push(event) };
}

/** A promise that is settled from outside. */
export function settled<T = void>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Lets every promise that can go on go on. */
export const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Everything that one message finishes at once; null if it counts for nothing. */
export function windowMessage(
  deps: Omit<Parameters<typeof windowSteps>[0], 'mostWindows'>,
  owned: Owned | undefined,
  message: DecodedMessage,
): Closed | null {
  if (owned === undefined) throw new Error('nobody owns it');
  const [closed = null] = windowSteps({ ...deps, mostWindows: Number.POSITIVE_INFINITY }, owned, message);
  return closed;
}
