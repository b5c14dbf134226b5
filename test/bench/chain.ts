import type { Closed } from '../../pipeline/model/closed.ts';
import { derive } from '../../pipeline/model/derive.ts';
import { select } from '../../pipeline/model/meters.ts';
import { accept, createPartition, type Partition } from '../../pipeline/model/partition.ts';
import type { Rules } from '../../pipeline/model/rules.ts';
import { createDecoder } from '../../pipeline/operators/decode.ts';

/** How far a message is taken: handed over by Kafka, decoded, counted, made into samples. Each includes those before. */
export const STAGES = ['consume', 'decode', 'accept', 'derive'] as const;
export type Stage = (typeof STAGES)[number];

export const RULES: Rules = {
  windows: { sizes: [60e6], graces: [30e6], anchored: false, revise: false },
  counters: { maxSkew: 60e6, fillMax: 60, edge: false },
  reorder: 10e6,
};
export const DERIVE_RULES = { sizes: RULES.windows.sizes, selection: select(['*']), gauges: 'last' as const };

/** The pipeline's own steps without Kafka, RxJS and sinks. */
export interface Chain {
  take(value: Buffer, timestampUs: number): Closed | null;
  /** What went through, so that no measurement is of nothing. */
  readonly seen: { messages: number; readings: number; windows: number; samples: number };
  /** By slice: what the partitions of the raw topic remember. */
  readonly partitions: Map<number, Partition>;
}

/** A chain up to and with `stage`. */
export function createChain(stage: Stage): Chain {
  const decoder = createDecoder();
  const partitions = new Map<number, Partition>();
  const seen = { messages: 0, readings: 0, windows: 0, samples: 0 };
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
      if (stage === 'derive') seen.samples += derive(closed, DERIVE_RULES).length;
      return closed;
    },
  };
}
