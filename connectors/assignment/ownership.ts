/** Whose endpoints are whose, as one collector sees it at a moment. */
export interface Share {
  has(endpoint: string): boolean;
  /** The fencing token of what it has: larger than that of every owner before. */
  generationOf(endpoint: string): number;
  /**
   * Until when (wall clock, microseconds) the owner before polled it, as far as can be told; null: there was none, or
   * nothing is known of it.
   */
  servedUntil(endpoint: string): number | null;
}

/** Ids of all endpoints of a collector's list: the same object while it is the same list. */
export interface Listing {
  readonly endpoints: readonly string[];
  /** False: there may be others, of which it is not known yet. */
  readonly isWhole: boolean;
}

/** Who acts on a share. */
export interface Holder {
  /** From now on this is the share. Resolves when what is no longer in it is let go: closed, and its last poll given out. */
  hold(share: Share): Promise<void>;
}

/**
 * Decides which endpoints of the fleet this collector polls. `start` resolves when it is known whom to ask, and gives the
 * holder a share whenever that is another one; others are given an endpoint only after the holder has let go of it, or
 * has been silent for too long. Rejects if it cannot begin; later troubles are reported and mended.
 */
export interface Ownership {
  start(holder: Holder): Promise<void>;
  /** Everything is let go, so that others can have it at once. Safe to call twice. */
  stop(): Promise<void>;
}

export const NOTHING: Share = { has: () => false, generationOf: () => 0, servedUntil: () => null };
