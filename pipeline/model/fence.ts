/**
 * Whose polls of a source count (ruling R23): those of the newest generation, and what older ones polled before its first
 * poll. Times in microseconds.
 */
export interface Fence {
  /** −∞: none was heard. */
  generation: number;
  /** Start of its first poll. */
  since: number;
  /** Record time of its newest slice. */
  heardAt: number;
}

/** An owner that is silent for so many intervals stands in nobody's way. */
const SILENT_INTERVALS = 3;

export const createFence = (): Fence => ({
  generation: Number.NEGATIVE_INFINITY,
  since: Number.POSITIVE_INFINITY,
  heardAt: Number.NEGATIVE_INFINITY,
});

export interface Attempt {
  readonly generation: number;
  readonly polledAt: number;
  readonly interval: number;
  /** Record time. */
  readonly now: number;
}

/** Whether a slice counts; the fence takes note of it. */
export function passFence(fence: Fence, { generation, polledAt, interval, now }: Attempt): boolean {
  if (generation === fence.generation) {
    fence.since = Math.min(fence.since, polledAt);
    fence.heardAt = now;
    return true;
  }
  const isSilent = now - fence.heardAt > SILENT_INTERVALS * interval;
  if (generation > fence.generation || (isSilent && polledAt >= fence.since)) {
    Object.assign(fence, { generation, since: polledAt, heardAt: now });
    return true;
  }
  return polledAt < fence.since;
}
