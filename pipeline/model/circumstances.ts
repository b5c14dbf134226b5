import type { Tally } from './flags.ts';
import type { Progress, SourceProgress } from './progress.ts';
import type { CounterRules } from './rules.ts';
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
}
