import type { Identity } from '../../avro/snapshot.ts';
import type { Block, InstanceState } from './state.ts';
import type { Amount } from './uint64.ts';

/** What a finished window is of, and what was known of that in the moment it was closed: it may change right after. */
export interface Closing {
  readonly instance: InstanceState;
  readonly block: Block;
  readonly identity: Identity | null;
  readonly vcpus: number;
  /** Power state, see `InstanceState`. */
  readonly state: number;
}

/** A counter's finished window, before it becomes samples. Times in microseconds. */
export interface ClosedCounter extends Closing {
  readonly field: number;
  /** Index of the window size and of the window: it holds (index × size, (index + 1) × size]. */
  readonly size: number;
  readonly index: number;
  readonly delta: Amount;
  /** Length of the union of what was observed in the window. */
  readonly covered: number;
  /** What the rate divides: the delta of the covered spans and their length. */
  readonly rateDelta: Amount;
  readonly rateTime: number;
  readonly flags: number;
  /** How often the window was emitted before. */
  readonly revision: number;
  /** Continuity-corrected cumulative at the window's end; null for a late window behind one already emitted. */
  readonly total: Amount | null;
}

/** A block's gauge in a window: what was read in it, each reading weighted by the time that it stands for. */
export interface ClosedGauge extends Closing {
  /** Index among the block's statistics (counters come first). */
  readonly field: number;
  readonly size: number;
  readonly index: number;
  readonly last: Amount;
  readonly least: Amount;
  readonly most: Amount;
  readonly mean: number;
}

/** What was known of an instance when it was listed last in a window, whether it ran or not. */
export interface ClosedStatus extends Closing {
  readonly size: number;
  readonly index: number;
}

/** What one message or one advance of the watermark closed, in the order it was closed. */
export interface Closed {
  /** The window sizes that it counts by index, microseconds. */
  readonly sizes: readonly number[];
  /** By size that is not configured any more, the one that is in its stead. */
  readonly standIns: ReadonlyMap<number, number>;
  readonly counters: ClosedCounter[];
  readonly gauges: ClosedGauge[];
  readonly statuses: ClosedStatus[];
}

export const createClosed = (sizes: readonly number[], standIns: ReadonlyMap<number, number> = new Map()): Closed => ({
  sizes,
  standIns,
  counters: [],
  gauges: [],
  statuses: [],
});

/** How many windows. */
export const countOf = ({ counters, gauges, statuses }: Closed): number =>
  counters.length + gauges.length + statuses.length;
