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
  /** Sum of the absolute residuals of its series. */
  readonly residual: bigint;
}

/** A series whose published deltas are not the movement of its counter. */
export interface Imbalance extends Omit<MeterBalance, 'series'> {
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
    const { size, end } = series;
    const from = Math.ceil(rules.from / size) * size;
    const part = through(change, end, size, rules) - through(change, Math.min(from, end), size, rules);
    if (part === 0n) continue;
    series.movement += part;
    const maybePassed = change.late || change.to - end >= rules.graceOf(size);
    series.pending = maybePassed ? series.pending + part : 0n;
  }
}

/** The figures of each meter and window size. */
export function balancesOf(book: SeriesBook): readonly MeterBalance[] {
  const balances = new Map<string, MeterBalance>();
  for (const series of [...book.values()].flat()) {
    const { meter, size, published } = series;
    const key = `${meter.name} ${size}`;
    const sum = balances.get(key) ?? { meter, size, series: 0, movement: 0n, published: 0n, residual: 0n };
    const residual = residualOf(series);
    balances.set(key, {
      ...sum,
      series: sum.series + 1,
      movement: sum.movement + published - residual,
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
      const residual = residualOf(series);
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
 * Published less movement. What moved when the last window may have been emitted is no fault, whether that window has
 * it or the next one will (R1, `carried`).
 */
function residualOf({ published, movement, pending }: Series): bigint {
  const residual = published - movement;
  return residual === -pending ? 0n : residual;
}

const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount);
