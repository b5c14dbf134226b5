import { DecodeError } from '../../avro/decode-error.ts';
import type { Closed } from '../model/closed.ts';
import { type DeriveRules, derive } from '../model/derive.ts';
import type { Tally } from '../model/flags.ts';
import { accept, createPartition, type Partition, tick } from '../model/partition.ts';
import type { Rules } from '../model/rules.ts';
import type { Run } from '../model/runs.ts';
import type { Sample } from '../model/sample.ts';
import { createDecoder } from '../operators/decode.ts';

/** A message of the raw topic. `timestampUs` is its record's time in the log. */
export interface RawMessage {
  readonly partition: number;
  readonly offset: number;
  readonly timestampUs: number;
  readonly value: Buffer;
}

/** The pipeline's own arithmetic over a recorded log, without anything around it. */
export interface Replay {
  /** The samples that the message lets out, in order; null: it cannot be read and is a dead letter. */
  take(message: RawMessage): readonly Sample[] | null;
  /** What the wall clock has let out by a time, microseconds, once the log has ended. */
  finish(now: number): readonly Sample[];
}

/** The window sizes of a partition of so many, where they have not always been those of the rules. */
export type History = (partition: number, partitions: number) => readonly Run[] | undefined;

/**
 * `onClosed` is told of what `take` and `finish` close, before it becomes samples; `onTally` of what was dropped and what
 * happened to counters.
 */
export function createReplay(
  rules: Rules,
  deriveRules: DeriveRules,
  onClosed: (closed: Closed) => void = () => undefined,
  onTally: (tally: Tally) => void = () => undefined,
  history: History = () => undefined,
): Replay {
  const partitions = new Map<number, Partition>();
  const decoder = createDecoder();
  return {
    take: ({ partition, offset, timestampUs, value }) => {
      const batch = readable(() => decoder.read(value));
      if (batch === null) return null;
      const slices = batch.slices[0]?.poll.slices ?? 1;
      const state = partitions.get(partition) ?? createPartition(rules, history(partition, slices));
      partitions.set(partition, state);
      const record = { offset, time: timestampUs, length: value.length };
      const { closed, done, tally } = accept(state, rules, batch, record);
      for (const each of done) decoder.giveBack(each);
      onTally(tally);
      onClosed(closed);
      return samplesOf(closed, deriveRules);
    },
    finish: (now) =>
      [...partitions.values()].flatMap((state) => {
        const { closed, tally } = tick(state, rules, now);
        onTally(tally);
        onClosed(closed);
        return samplesOf(closed, deriveRules);
      }),
  };
}

const samplesOf = (closed: Closed, rules: DeriveRules): readonly Sample[] =>
  closed.counters.length + closed.gauges.length + closed.statuses.length > 0 ? derive(closed, rules) : [];

function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
