/** A partition's state as bytes: what is kept of it outside the process. */
export interface Saved {
  /** Progress, sources, the slices that wait in the reorder buffer (by offset: the log has them), window sizes. */
  readonly partition: Buffer;
  /** By instance key. */
  readonly instances: ReadonlyMap<string, Buffer>;
}

/** What has changed since the last save. */
export interface Changes {
  readonly partition: Buffer;
  readonly changed: ReadonlyMap<string, Buffer>;
  /** Keys of instances that are forgotten. */
  readonly gone: readonly string[];
  /** The oldest message of which a slice waits in the reorder buffer; the next offset if none does. */
  readonly resumeOffset: number;
}
