import type { WindowRules } from '../model/rules.ts';
import { FOR_GOOD, firstBound, type Run, runsOf, successorOf } from '../model/runs.ts';
import type { Stretch, Stretches } from './stretches.ts';

/**
 * The window sizes that each partition was cut into, as far as what was published shows that they have changed: a size
 * that the configuration does not name was dropped, and what begins where it ends came in its stead. A partition that is
 * not here has the sizes of the configuration. `partitionOf`: where an instance (32 hex digits) is metered.
 */
export function historyOf(
  stretches: Stretches,
  windows: WindowRules,
  partitionOf: (instance: string) => number,
): ReadonlyMap<number, readonly Run[]> {
  const byPartition = new Map<number, Stretch[]>();
  for (const [instance, list] of stretches) {
    const partition = partitionOf(instance);
    const all = byPartition.get(partition) ?? [];
    byPartition.set(partition, all);
    for (const stretch of list) all.push(stretch);
  }
  const history = new Map<number, readonly Run[]>();
  for (const [partition, all] of byPartition) {
    if (all.some(({ size }) => !windows.sizes.includes(size))) history.set(partition, runsIn(all, windows));
  }
  return history;
}

/** A size that was cut up to a bound, and the one that came in its stead; microseconds. */
export interface ChangeOfSize {
  readonly size: number;
  readonly successor: number | null;
  readonly at: number;
  /** In how many partitions it changed then: each changes when its pipeline is replaced. */
  readonly partitions: number;
}

/** The changes of all partitions, the earliest first. */
export function changesIn(history: ReadonlyMap<number, readonly Run[]>): readonly ChangeOfSize[] {
  const changes = new Map<string, ChangeOfSize>();
  for (const { size, successor, bounds } of [...history.values()].flat()) {
    if (bounds.until === FOR_GOOD.until) continue;
    const key = `${size} ${successor} ${bounds.until}`;
    const partitions = (changes.get(key)?.partitions ?? 0) + 1;
    changes.set(key, { size, successor, at: bounds.until, partitions });
  }
  return [...changes.values()].sort((a, b) => a.at - b.at || a.size - b.size);
}

function runsIn(stretches: readonly Stretch[], windows: WindowRules): readonly Run[] {
  const bySize = [...new Set(stretches.map(({ size }) => size))].map(
    (size) => [size, stretches.filter((each) => each.size === size)] as const,
  );
  const others = bySize.flatMap(([size, list]) => (windows.sizes.includes(size) ? [] : [whole(size, list)]));
  const named = bySize.flatMap(([size, list]) => (windows.sizes.includes(size) ? turnsOf(merged(list), others) : []));
  const turns = [...others, ...named];
  const isLast = (turn: Stretch): boolean =>
    windows.sizes.includes(turn.size) && !turns.some(({ size, from }) => size === turn.size && from > turn.from);
  const endOf = (turn: Stretch): number => {
    if (isLast(turn)) return Number.POSITIVE_INFINITY;
    const next = Math.min(...turns.flatMap(({ from }) => (from >= turn.until ? [from] : [])));
    return next === Number.POSITIVE_INFINITY ? turn.until : next;
  };
  const ends = new Set(turns.map(endOf));
  const runs = turns.map((turn): Run => {
    const until = endOf(turn);
    const follows = ends.has(turn.from);
    const { grace = 'auto' } = runsOf(windows).find(({ size }) => size === turn.size) ?? {};
    const sizesThat = (is: (other: Stretch) => boolean) => turns.filter(is).map(({ size }) => size);
    const ending = sizesThat((other) => endOf(other) === until);
    const beginning = sizesThat(({ from }) => from === until);
    // Of more old sizes than new ones, those without one of their own are judged by themselves.
    const rank = ending.toSorted((a, b) => a - b).indexOf(turn.size);
    const successor = rank < beginning.length ? successorOf(turn.size, ending, beginning) : null;
    const from = follows ? turn.from : Number.NEGATIVE_INFINITY;
    return { size: turn.size, grace, bounds: { ...FOR_GOOD, from, until, follows }, successor };
  });
  const ended = Math.max(...others.map(({ until }) => until));
  // A size of which nothing was published yet begins after those that were dropped.
  const begin = (plain: Run): Run => ({
    ...plain,
    bounds: { ...FOR_GOOD, from: firstBound([plain.size], ended), follows: true },
  });
  const current = runsOf(windows).map(
    (plain) => runs.find(({ size, bounds }) => size === plain.size && bounds.until === FOR_GOOD.until) ?? begin(plain),
  );
  const past = runs.filter(({ bounds }) => bounds.until < FOR_GOOD.until);
  return [...current, ...past.sort((a, b) => b.bounds.until - a.bounds.until)];
}

const whole = (size: number, list: readonly Stretch[]): Stretch => ({
  size,
  from: Math.min(...list.map(({ from }) => from)),
  until: Math.max(...list.map(({ until }) => until)),
});

/** Stretches of one size, in order, those that meet as one. */
function merged(list: readonly Stretch[]): readonly Stretch[] {
  const all: Stretch[] = [];
  for (const { size, from, until } of list.toSorted((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last !== undefined && from <= last.until) last.until = Math.max(last.until, until);
    else all.push({ size, from, until });
  }
  return all;
}

/** The turns that a size had: stretches between which another size had its own; else windows are missing. */
function turnsOf(stretches: readonly Stretch[], others: readonly Stretch[]): readonly Stretch[] {
  const turns: Stretch[] = [];
  for (const stretch of stretches) {
    const last = turns.at(-1);
    const isTurn = others.some(({ from, until }) => last !== undefined && from >= last.until && until <= stretch.from);
    if (last === undefined || isTurn) turns.push({ ...stretch });
    else last.until = stretch.until;
  }
  return turns;
}
