import type { Observable } from 'rxjs';

/** An entry of `connectors:`, already through the schema of its kind. Its name is unique within what bears it. */
export interface ConnectorEntry {
  readonly type: string;
  /** Microseconds between its polls, where it has an interval of its own. */
  readonly interval?: number | undefined;
  readonly name: string;
}

/** All entries of a fleet, as far as they are known. */
export interface Fleet {
  readonly entries: readonly ConnectorEntry[];
  /** False until every discovery has answered once: there may be others. */
  readonly isWhole: boolean;
}

/**
 * A source of entries that may change while the program runs. Subscribing begins to look, unsubscribing lets go. Emits
 * the whole set, first when the source has first answered and then whenever the set is another; never ends in an error of
 * the source: that is a reported event, the last good set stays, and the source is asked again.
 */
export interface Discovery {
  readonly name: string;
  /** `file`, `dns`, `nova` */
  readonly kind: string;
  readonly entries: Observable<readonly ConnectorEntry[]>;
}
