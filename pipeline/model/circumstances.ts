import type { Deleted } from './deletion.ts';
import type { Tally } from './flags.ts';
import type { Progress, SourceProgress } from './progress.ts';
import type { CounterRules } from './rules.ts';
import type { Block, InstanceState, Life } from './state.ts';
import type { Watched } from './watch.ts';
import type { Emission } from './windows.ts';

/** What surrounds the rows of one slice while they are applied. */
export interface Circumstances {
  readonly rules: CounterRules;
  readonly emission: Emission;
  readonly progress: Progress;
  readonly source: SourceProgress;
  readonly tally: Tally;
  readonly interval: number;
  /** Start of the poll. */
  readonly polledAt: number;
  /** By window size: what ended by then is closed by grace, and an epoch not read since is not alive (ruling R1). */
  readonly aliveSince: readonly number[];
  readonly deleted: Deleted;
  readonly watched: Watched;
}

/** One value (hi:lo) of field `f` of a block's counters in one epoch, read at `t`. */
export interface CounterReading {
  readonly instance: InstanceState;
  readonly block: Block;
  readonly life: Life;
  readonly t: number;
  f: number;
  hi: number;
  lo: number;
}
