import { encodeSnapshot } from '../../../avro/codec.ts';
import type { Checkpointed, Decoded, RawMessage, Unreadable } from '../../../pipeline/operators/pull.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
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
export const checkpointed = (through: number, samples = 1): Checkpointed => ({
  pulls: 1,
  samples: Array.from({ length: samples }, (_, index) => aSample({ messageId: `${through}-${index}` })),
  confirmed: [{ partition: 0, through, entries: [] }],
});

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
