import type { Log } from '../../../pipeline/state/rewind.ts';

/** A log of `high` messages in every partition, of which the group has committed so much; `commits` are noted. */
export function aLog(some: { readonly high?: number; readonly low?: number; committed?: number | null } = {}) {
  const commits: (readonly [number, number])[] = [];
  const log: Log = {
    committed: async (partitions) => new Map(partitions.map((each) => [each, some.committed ?? null])),
    watermarkOffsets: async () => ({ low: some.low ?? 0, high: some.high ?? 1000 }),
    offsetsForTime: async (partitions) => new Map(partitions.map((each) => [each, some.low ?? 0])),
    commit: async (offsets) =>
      void commits.push(...offsets.map(({ partition, offset }) => [partition, offset] as const)),
  };
  return { log, commits };
}
