import { type Bounds, REMEMBERED_US, type Rules, type WindowRules } from './rules.ts';

/**
 * A window size for as long as it is cut: all its windows lie within `bounds`. Sizes that a configuration names are cut for
 * good; one that it names no longer is cut up to a bound and is let go of once everything of before that bound has come.
 * All times are microseconds.
 */
export interface Run {
  readonly size: number;
  readonly grace: number | 'auto';
  readonly bounds: Bounds;
  /** The size that is cut from the end on in its stead; null: none. */
  readonly successor: number | null;
}

/** How the window sizes of a partition have changed. `at`: the bound that the change takes effect at. */
export interface SizeChange {
  readonly size: number;
  /** `kept`: a change that had not taken effect yet is taken back. */
  readonly change: 'added' | 'dropped' | 'kept';
  readonly at: number;
}

export const FOR_GOOD: Bounds = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY, follows: false };

/** As far as rows are waited for that fill a hole (`holes.ts`): what comes later for an ended run goes to its successor. */
const SETTLED_US = 2 * 3600e6;
/** The year 2255, up to which microseconds are exact. */
const END_OF_TIME = Number.MAX_SAFE_INTEGER;

/** The sizes of the rules, each cut since ever and for good. */
export const runsOf = ({ sizes, graces }: WindowRules): readonly Run[] =>
  sizes.map((size, w) => ({ size, grace: graces[w] ?? 'auto', bounds: FOR_GOOD, successor: null }));

/** Window rules with the sizes of the runs; the same object where they are those of the rules, cut for good. */
export function windowRulesOf(runs: readonly Run[], rules: WindowRules): WindowRules {
  const { sizes } = rules;
  if (runs.length === sizes.length && runs.every(({ size, bounds }, w) => size === sizes[w] && isForGood(bounds)))
    return rules;
  return {
    ...rules,
    sizes: runs.map(({ size }) => size),
    graces: runs.map(({ grace }) => grace),
    bounds: runs.map(({ bounds }) => (isForGood(bounds) ? null : bounds)),
  };
}

/** What was made for some runs, so that it is made once. */
const made = new WeakMap<readonly Run[], { readonly of: Rules; readonly rules: Rules }>();

/** The same of all rules. */
export function rulesOfRuns(runs: readonly Run[], of: Rules): Rules {
  const known = made.get(runs);
  if (known?.of === of) return known.rules;
  const windows = windowRulesOf(runs, of.windows);
  const rules = windows === of.windows ? of : { ...of, windows };
  made.set(runs, { of, rules });
  return rules;
}

const isForGood = ({ from, until }: Bounds): boolean =>
  from === Number.NEGATIVE_INFINITY && until === Number.POSITIVE_INFINITY;
const isEnded = ({ bounds }: Run): boolean => bounds.until < Number.POSITIVE_INFINITY;

/** What becomes of runs when the configuration names other sizes: the new runs, and the index that each had, −1 for none. */
export interface Changed {
  readonly runs: readonly Run[];
  readonly was: readonly number[];
  readonly changes: readonly SizeChange[];
}

/**
 * Fits runs to the sizes of the rules. Nothing later than `watermark` has been counted, so that what is not begun by then
 * can still be put otherwise: a size is added at its first bound from there on and ends at its first one; where sizes come
 * in the stead of others, they do at the first bound that all of them have, so that every instant is in one window.
 */
export function changeRuns(runs: readonly Run[], rules: WindowRules, watermark: number): Changed {
  const wanted = runsOf(rules);
  const placed = runs.map((run, was): Placed => ({ run: aged(run, watermark), was }));
  const current = placed.filter(({ run }) => !isEnded(run));
  const find = (among: readonly Placed[], size: number) => among.find(({ run }) => run.size === size);
  if (current.length === wanted.length && wanted.every(({ size }) => find(current, size) !== undefined)) {
    const named = wanted.map(({ size, grace }): Placed => {
      const { run, was } = find(current, size) as Placed;
      return { run: { ...run, grace }, was };
    });
    return {
      ...arranged(
        named,
        placed.filter(({ run }) => isEnded(run)),
      ),
      changes: [],
    };
  }
  if (watermark === Number.NEGATIVE_INFINITY) {
    const named = wanted.map((run): Placed => ({ run, was: find(current, run.size)?.was ?? -1 }));
    return { ...arranged(named, []), changes: [] };
  }
  // A change that has not taken effect is taken back before another one is made of it.
  const begun = placed.filter(({ run }) => run.bounds.from < watermark);
  const living = begun.filter(({ run }) => run.bounds.until >= watermark);
  const added = wanted.map(({ size }) => size).filter((size) => find(living, size) === undefined);
  const gone = living.map(({ run }) => run.size).filter((size) => wanted.every((run) => run.size !== size));
  const isReplaced = added.length > 0 && gone.length > 0;
  const boundOf = (size: number): number => firstBound(isReplaced ? [...added, ...gone] : [size], watermark);
  const named = wanted.map((run): Placed => {
    const known = find(living, run.size);
    const from = known?.run.bounds.from ?? boundOf(run.size);
    const follows = known?.run.bounds.follows ?? isReplaced;
    return { run: { ...run, bounds: { ...FOR_GOOD, from, follows } }, was: known?.was ?? -1 };
  });
  const ended = begun.flatMap(({ run, was }): Placed[] => {
    if (run.bounds.until < watermark) return [{ run, was }];
    if (!gone.includes(run.size)) return [];
    const bounds = { ...run.bounds, until: boundOf(run.size) };
    return [{ run: { ...run, bounds, successor: successorOf(run.size, gone, added) }, was }];
  });
  const kept = living.filter(({ run }) => isEnded(run) && !gone.includes(run.size));
  return {
    ...arranged(named, ended),
    changes: [
      ...added.map((size): SizeChange => ({ size, change: 'added', at: boundOf(size) })),
      ...gone.map((size): SizeChange => ({ size, change: 'dropped', at: boundOf(size) })),
      ...kept.map(({ run }): SizeChange => ({ size: run.size, change: 'kept', at: run.bounds.until })),
    ],
  };
}

/** A run, and the index that it had. */
interface Placed {
  readonly run: Run;
  readonly was: number;
}

/** Nothing of before its begin can come any more: it is as if it had been there for ever. */
const aged = (run: Run, watermark: number): Run =>
  run.bounds.from < watermark - REMEMBERED_US ? { ...run, bounds: { ...FOR_GOOD, until: run.bounds.until } } : run;

/** The runs that the rules name come first, then those that have ended, the one that ended first last: it is let go of first. */
function arranged(named: readonly Placed[], ended: readonly Placed[]): Omit<Changed, 'changes'> {
  const all = [...named, ...[...ended].sort((a, b) => b.run.bounds.until - a.run.bounds.until)];
  return { runs: all.map(({ run }) => run), was: all.map(({ was }) => was) };
}

/** By rank: the smallest of the new sizes comes in the stead of the smallest old one. */
export function successorOf(size: number, gone: readonly number[], added: readonly number[]): number | null {
  const order = (sizes: readonly number[]): readonly number[] => [...sizes].sort((a, b) => a - b);
  const rank = Math.min(order(gone).indexOf(size), added.length - 1);
  return order(added)[rank] ?? null;
}

/** The first instant at or after `time` at which a window of every size ends. */
export function firstBound(sizes: readonly number[], time: number): number {
  const step = sizes.map(BigInt).reduce((a, b) => (a / greatestDivisor(a, b)) * b);
  if (!(time < END_OF_TIME)) return END_OF_TIME;
  const past = BigInt(Math.ceil(time));
  const bound = ((past + step - 1n) / step) * step;
  return bound > END_OF_TIME ? END_OF_TIME : Number(bound);
}

const greatestDivisor = (a: bigint, b: bigint): bigint => (b === 0n ? a : greatestDivisor(b, a % b));

/** Has everything come of before the end of a run? `grace`: that of its size. */
export const isSettled = ({ bounds }: Run, watermark: number, grace: number): boolean =>
  watermark > bounds.until + SETTLED_US + grace;

const NONE: ReadonlyMap<number, number> = new Map();

/** By size that is not configured any more, the one that is in its stead. `past`: the successors of runs let go of. */
export function standInsOf(runs: readonly Run[], past: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const ended = runs.filter(isEnded).flatMap(({ size, successor }) => (successor === null ? [] : [[size, successor]]));
  if (ended.length + past.size === 0) return NONE;
  const successors = new Map([...past, ...(ended as [number, number][])]);
  const current = new Set(runs.filter((run) => !isEnded(run)).map(({ size }) => size));
  const standIns = new Map<number, number>();
  for (const size of successors.keys()) {
    let last: number | undefined = size;
    for (let hops = 0; last !== undefined && !current.has(last) && hops <= successors.size; hops++)
      last = successors.get(last);
    if (last !== undefined && last !== size && current.has(last)) standIns.set(size, last);
  }
  return standIns;
}
