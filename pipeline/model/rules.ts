/** An instance is remembered so long after it was last told of, microseconds (ruling R13). */
export const REMEMBERED_US = 30 * 86_400e6;

/** Windows of a size lie within; microseconds, ±∞ for no bound. */
export interface Bounds {
  readonly from: number;
  readonly until: number;
  /** At `from` it comes in the stead of other sizes: what they cannot take any more is carried into its windows. */
  readonly follows: boolean;
}

/** How windows are cut. Times in microseconds. */
export interface WindowRules {
  readonly sizes: readonly number[];
  /** By size: how long after its end a window of a silent series is closed; auto follows the sources' intervals. */
  readonly graces: readonly (number | 'auto')[];
  /** The whole delta of an interval goes to the window that holds its end, instead of being interpolated. */
  readonly anchored: boolean;
  /** What belongs to a window already emitted revises it, instead of being carried into the next one (ruling R1). */
  readonly revise: boolean;
  /** By size, while the sizes change (`runs.ts`); null: it is cut for good. */
  readonly bounds?: readonly (Bounds | null)[];
}

/** How counters are read. Times in microseconds. */
export interface CounterRules {
  /** How far clocks may differ; what lies further in the future is quarantined. */
  readonly maxSkew: number;
  /** A gap longer than so many windows goes whole into its last one (ruling R17). */
  readonly fillMax: number;
  /** Every gap goes whole into its last window. */
  readonly edge: boolean;
}

/** Everything that decides what comes out of the readings. Times in microseconds. */
export interface Rules {
  readonly windows: WindowRules;
  readonly counters: CounterRules;
  /** How long a reading is waited for that was taken before others that are there. */
  readonly reorder: number;
}
