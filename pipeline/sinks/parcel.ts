import type { Sample } from '../model/sample.ts';

/** The samples of one partition in a parcel. */
export interface ParcelPart {
  readonly samples: readonly Sample[];
  /** False once the partition has another owner, who delivers them. */
  isWanted(): boolean;
}

/** Samples that were checkpointed together and are delivered together, to each sink in its own time. */
export interface Parcel {
  readonly parts: readonly ParcelPart[];
  /** Names of the sinks that are done with it: those that had it before it was offered, and each that gets or drops it. */
  readonly has: Set<string>;
  /** `traceparent`s of the spans in which its windows closed, of those that are traced. */
  readonly traces?: readonly string[] | undefined;
}
