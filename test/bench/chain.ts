import type { Closed } from '../../pipeline/model/closed.ts';
import { derive } from '../../pipeline/model/derive.ts';
import { select } from '../../pipeline/model/meters.ts';
import { accept, createPartition, type Partition } from '../../pipeline/model/partition.ts';
import type { Rules } from '../../pipeline/model/rules.ts';
import type { Sample } from '../../pipeline/model/sample.ts';
import { takeChanges } from '../../pipeline/model/saved.ts';
import { createDecoder } from '../../pipeline/operators/decode.ts';
import { freeze } from '../../pipeline/state/frozen.ts';

/** How far a message is taken: handed over by Kafka, decoded, counted, made into samples, saved. Each includes those before. */
const STAGES = ['consume', 'decode', 'accept', 'derive', 'checkpoint'] as const;
export type Stage = (typeof STAGES)[number];

/** From one checkpoint of a partition to the next, by the log's time, microseconds. */
const CHECKPOINT_EVERY = 1e6;

const RULES: Rules = {
  windows: { sizes: [60e6], graces: [30e6], anchored: false, revise: false },
  counters: { maxSkew: 60e6, fillMax: 60, edge: false },
  reorder: 10e6,
};
export const DERIVE_RULES = { sizes: RULES.windows.sizes, selection: select(['*']), gauges: 'last' as const };

/** The pipeline's own steps without Kafka, RxJS and sinks. */
export interface Chain {
  take(value: Buffer, timestampUs: number): Closed | null;
  /** What went through, so that no measurement is of nothing. */
  readonly seen: { messages: number; readings: number; windows: number; samples: number; saved: number };
  /** By slice: what the partitions of the raw topic remember. */
  readonly partitions: Map<number, Partition>;
}

/** A chain up to and with `stage`. */
export function createChain(stage: Stage): Chain {
  const decoder = createDecoder();
  const partitions = new Map<number, Partition>();
  const seen = { messages: 0, readings: 0, windows: 0, samples: 0, saved: 0 };
  const waiting = new Map<number, { since: number; samples: Sample[] }>();
  /** What a checkpoint costs before it leaves for the store: changed states as bytes, and samples frozen. */
  const save = (slice: number, partition: Partition, samples: readonly Sample[], now: number): void => {
    const gathered = waiting.get(slice) ?? { since: now, samples: [] };
    waiting.set(slice, gathered);
    for (const sample of samples) gathered.samples.push(sample);
    if (now - gathered.since < CHECKPOINT_EVERY) return;
    const changes = takeChanges(partition, seen.messages);
    seen.saved += changes.partition.length + freeze(gathered.samples).length;
    for (const bytes of changes.changed.values()) seen.saved += bytes.length;
    waiting.delete(slice);
  };
  return {
    seen,
    partitions,
    take: (value, timestampUs) => {
      seen.messages++;
      if (stage === 'consume') return null;
      const batch = decoder.read(value);
      seen.readings += batch.readings;
      if (stage === 'decode') {
        decoder.giveBack(batch);
        return null;
      }
      const slice = batch.slices[0]?.poll.slice ?? 0;
      const partition = partitions.get(slice) ?? createPartition(RULES);
      partitions.set(slice, partition);
      const { closed, done } = accept(partition, RULES, batch, {
        offset: seen.messages,
        time: timestampUs,
        length: value.length,
      });
      done.forEach(decoder.giveBack);
      seen.windows += closed.counters.length + closed.gauges.length;
      if (stage === 'derive' || stage === 'checkpoint') {
        const samples = derive(closed, DERIVE_RULES);
        seen.samples += samples.length;
        if (stage === 'checkpoint') save(slice, partition, samples, timestampUs);
      }
      return closed;
    },
  };
}
