/** Partitions of the coordination topic that a collector holds. */
export interface Held {
  /** How many the topic has. */
  readonly partitions: number;
  /** Partition and token of each that is held. */
  readonly tokens: readonly (readonly [partition: number, token: number])[];
}

/** What a collector remembers over a restart of what it holds. `held`: as it was when it ended; null: nothing is known. */
export interface Tenure {
  readonly held: Held | null;
  /** Resolves when it is written down, or cannot be. */
  write(held: Held): Promise<void>;
}
