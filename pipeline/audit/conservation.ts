import type { Meter } from '../model/meters.ts';
import { type AttributionRules, type Change, through } from './naive/change.ts';
import { deviceKey, deviceOfKey, type Series, type SeriesBook } from './series.ts';

/** A meter's figures over all series, in windows of one size (microseconds); in units of the counter. */
export interface MeterBalance {
  readonly meter: Meter;
  readonly size: number;
  readonly series: number;
  readonly movement: bigint;
  readonly published: bigint;
  /** Movement that is missing only as yet: a window that is still to come has it. Negative: it is of before what is judged. */
  readonly carried: bigint;
  /** Sum of the absolute residuals of its series. */
  readonly residual: bigint;
}

/** A series whose published deltas are not the movement of its counter. */
export interface Imbalance extends Omit<MeterBalance, 'series' | 'carried'> {
  /** 32 hex digits, and the device, '' for the instance itself. */
  readonly instance: string;
  readonly device: string;
  /** Published less movement. */
  readonly residual: bigint;
  /** End of the last window that was published. */
  readonly windowEnd: number;
}

export interface ConservationRules extends AttributionRules {
  /** Windows that begin before it are left out. Microseconds. */
  readonly from: number;
  /** Least time after a window's end at which it can be emitted though no reading has passed it, by size. */
  readonly graceOf: (size: number) => number;
}

/** Adds a change of one counter to the movement of its series, as far as published windows can have it. */
export function addChange(
  book: SeriesBook,
  rules: ConservationRules,
  instance: string,
  kind: number,
  device: string,
  change: Change,
): void {
  for (const series of book.get(deviceKey(instance, kind, device)) ?? []) {
    if (series.meter.field !== change.field) continue;
    const { size, firstSize, end } = series;
    const begin = Math.min(Math.ceil(rules.from / firstSize) * firstSize, end);
    const before = through(change, begin, firstSize, rules);
    const maybePassed = (bound: number): boolean => change.overtaken || change.to - bound >= rules.graceOf(size);
    if (maybePassed(begin)) series.early += before;
    const part = through(change, end, size, rules) - before;
    if (part === 0n) continue;
    series.movement += part;
    series.belated = maybePassed(end) ? series.belated + part : 0n;
  }
}

/** The figures of each meter and window size. */
export function balancesOf(book: SeriesBook): readonly MeterBalance[] {
  const balances = new Map<string, MeterBalance>();
  for (const series of [...book.values()].flat()) {
    const { meter, size, published } = series;
    const key = `${meter.name} ${size}`;
    const sum = balances.get(key) ?? { meter, size, series: 0, movement: 0n, published: 0n, carried: 0n, residual: 0n };
    const { residual, carried } = residualOf(series);
    balances.set(key, {
      ...sum,
      series: sum.series + 1,
      movement: sum.movement + published - residual + carried,
      carried: sum.carried + carried,
      published: sum.published + published,
      residual: sum.residual + magnitude(residual),
    });
  }
  return [...balances.values()].sort((a, b) => a.size - b.size || (a.meter.name < b.meter.name ? -1 : 1));
}

/** The series that do not balance, the greatest residual first. */
export function imbalancesOf(book: SeriesBook): readonly Imbalance[] {
  const found: Imbalance[] = [];
  for (const [key, list] of book) {
    for (const series of list) {
      const { meter, size, published, end } = series;
      const { residual } = residualOf(series);
      if (residual === 0n) continue;
      found.push({
        ...deviceOfKey(key),
        meter,
        size,
        published,
        residual,
        movement: published - residual,
        windowEnd: end,
      });
    }
  }
  return found.sort((a, b) => Number(magnitude(b.residual) - magnitude(a.residual)));
}

/**
 * Published less movement, and what is missing only as yet: at most what came when its windows may have been emitted,
 * which is carried on into one that is still to come (R1). In the same way some may have come from before what is judged:
 * then it is less than nothing.
 */
function residualOf({ published, movement, belated, early }: Series): {
  readonly residual: bigint;
  readonly carried: bigint;
} {
  const missing = movement - published;
  const isCarried = missing > 0n ? missing <= belated : -missing <= early;
  return isCarried ? { residual: 0n, carried: missing } : { residual: -missing, carried: 0n };
}

const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount);
