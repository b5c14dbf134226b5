import type { SourceNews } from './progress.ts';
import type { InstanceNews } from './watch.ts';

/** What may be said of a window's value; the order is the bit order. `interpolated` shows in the quality alone. */
export const FLAGS = [
  'reset',
  'reset_inferred',
  'wrap',
  'ambiguous',
  'regression',
  'epoch_conflict',
  'lower_bound',
  'estimated',
  'edge',
  'carried',
  'late',
  'interpolated',
] as const;
export type Flag = (typeof FLAGS)[number];

export const RESET = 1;
export const RESET_INFERRED = 2;
export const WRAP = 4;
export const AMBIGUOUS = 8;
export const REGRESSION = 16;
export const EPOCH_CONFLICT = 32;
export const LOWER_BOUND = 64;
export const ESTIMATED = 128;
export const EDGE = 256;
export const CARRIED = 512;
export const LATE = 1024;
export const INTERPOLATED = 2048;

const names = new Map<number, readonly Flag[]>();

/** The names of a set of flags, without `interpolated`, in the order of FLAGS. */
export function flagNames(bits: number): readonly Flag[] {
  const known = names.get(bits);
  if (known) return known;
  const list = FLAGS.filter((flag, bit) => flag !== 'interpolated' && bits & (1 << bit));
  names.set(bits, list);
  return list;
}

/** Why a reading did not enter a total. Closed list; docs/meters.md explains each. */
export const DROP_REASONS = [
  'duplicate',
  'late',
  'conflict',
  'epoch_unknown',
  'quarantined',
  'too_old',
  'fenced',
  'clock_step',
  'malformed',
  'duplicate_uuid',
  'ambiguous',
  'unmatched',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** What happened to counters. Closed list; docs/meters.md explains each. */
export const COUNTER_EVENTS = [
  'first',
  'reset',
  'reset_inferred',
  'wrap',
  'ambiguous',
  'regression',
  'epoch_conflict',
  'implausible',
  'gap',
  'absent',
  'deleted',
  'clock_step',
  'hole_lost',
] as const;
export type CounterEvent = (typeof COUNTER_EVENTS)[number];

/** How often what happened since the last report, what the polls of sources told, and what of instances does not agree. */
export interface Tally {
  readonly drops: { [reason in DropReason]: number };
  readonly events: { [event in CounterEvent]: number };
  readonly sources: SourceNews[];
  readonly instances: InstanceNews[];
}

const zeros = <Name extends string>(list: readonly Name[]): { [name in Name]: number } =>
  Object.fromEntries(list.map((name) => [name, 0])) as { [name in Name]: number };

const NO_DROPS = zeros(DROP_REASONS);
const NO_EVENTS = zeros(COUNTER_EVENTS);

export const createTally = (): Tally => ({
  drops: { ...NO_DROPS },
  events: { ...NO_EVENTS },
  sources: [],
  instances: [],
});
