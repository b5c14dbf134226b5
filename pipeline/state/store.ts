/** Where a partition is taken up: read from `start` on, publish what comes from `liveFrom` on. */
export interface Position {
  readonly start: number;
  readonly liveFrom: number;
}

/**
 * The seam to what outlives the process: how far each partition was delivered, and whatever state is kept. `acquire`
 * is called when partitions are assigned, before any of their messages is read; `checkpoint` when everything before
 * the given offsets is delivered, one call at a time; `release` when they are taken away, after the last checkpoint.
 * Each is one round trip, never one a reading. A rejection ends the pipeline: it must not go on without its memory. A
 * store that loses nothing by a checkpoint that was refused (memory: the log has it all) reports it and makes it good
 * with the next.
 */
export interface StateStore {
  acquire(partitions: readonly number[]): Promise<ReadonlyMap<number, Position>>;
  checkpoint(through: ReadonlyMap<number, number>): Promise<void>;
  release(partitions: readonly number[]): Promise<void>;
}
