import { METERS, type Meter } from '../model/meters.ts';
import type { Sample } from '../model/sample.ts';

/** `first` is the configuration that the other is compared with. */
export type Side = 'first' | 'other';
export type Both<T> = { readonly [side in Side]: T };

export interface SumsRules {
  /** Whether windows may be emitted again, revised. */
  readonly revises: Both<boolean>;
  /** Windows that are not within are left out of the totals, as those of other sizes do not begin and end there. */
  readonly from: number;
  readonly until: number;
}

/** Sizes that are compared, microseconds. */
export interface SizePair {
  readonly first: number;
  readonly other: number;
}

/** The deltas of a meter in windows of two sizes, all series together; in the counter's units. */
export interface TotalVersus {
  readonly meter: string;
  readonly sizes: SizePair;
  readonly series: number;
  /** Series of which they differ. */
  readonly differing: number;
  readonly first: bigint;
  readonly other: bigint;
}

/** A series whose deltas add up to something else. */
export interface SeriesVersus {
  readonly meter: string;
  readonly resource: string;
  readonly sizes: SizePair;
  readonly first: bigint;
  readonly other: bigint;
}

/** Adds up the deltas of each series, by size of windows: whatever the windows, the sum has to be the same. */
export interface Sums {
  add(side: Side, sample: Sample): void;
  finish(): { readonly totals: readonly TotalVersus[]; readonly series: readonly SeriesVersus[] };
}

interface SeriesSums {
  readonly meter: string;
  readonly resource: string;
  readonly first: Map<number, bigint>;
  readonly other: Map<number, bigint>;
}

const METER_BY_NAME: ReadonlyMap<string, Meter> = new Map(METERS.map((meter) => [meter.name, meter]));

export function createSums(pairs: readonly SizePair[], { revises, from, until }: SumsRules): Sums {
  const sums = new Map<string, SeriesSums>();
  /** What was last emitted for a window, where it may be emitted again. */
  const emitted = { first: new Map<string, bigint>(), other: new Map<string, bigint>() };
  const before = (side: Side, key: string, { windowStart, windowEnd }: Sample, amount: bigint): bigint => {
    if (!revises[side]) return 0n;
    const window = `${key} ${windowStart} ${windowEnd}`;
    const replaced = emitted[side].get(window) ?? 0n;
    emitted[side].set(window, amount);
    return replaced;
  };
  return {
    add: (side, sample) => {
      const meter = METER_BY_NAME.get(sample.name);
      if (meter?.derivation !== 'delta' || sample.windowStart < from || sample.windowEnd > until) return;
      const key = seriesOf(sample);
      const { name, resource, windowStart, windowEnd } = sample;
      const known = sums.get(key) ?? { meter: name, resource: resource.id, first: new Map(), other: new Map() };
      sums.set(key, known);
      const size = windowEnd - windowStart;
      const amount = amountOf(sample, meter);
      known[side].set(size, (known[side].get(size) ?? 0n) + amount - before(side, key, sample, amount));
    },
    finish: () => {
      const series = pairs.flatMap((sizes) => [...sums.values()].map((each) => sumsOf(each, sizes)));
      return { totals: totalsOf(series), series: series.filter(isDifferent).sort(byDifference) };
    },
  };
}

/** A resource's id may change when its name becomes known; what it is of does not. */
function seriesOf({ name, resource }: Sample): string {
  const { instance_id, host_id, disk_name, mac, device } = resource.metadata;
  return [name, instance_id ?? host_id, disk_name ?? device ?? mac ?? ''].join(' ');
}

/** In the counter's units: divisors other than 1 are powers of two, so that the product is exact below 2^53. */
const amountOf = ({ volume }: Sample, { divisor }: Meter): bigint =>
  typeof volume === 'bigint' ? volume * BigInt(divisor) : BigInt(Math.round(volume * divisor));

const sumsOf = ({ meter, resource, first, other }: SeriesSums, sizes: SizePair): SeriesVersus => ({
  meter,
  resource,
  sizes,
  first: first.get(sizes.first) ?? 0n,
  other: other.get(sizes.other) ?? 0n,
});

const isDifferent = ({ first, other }: SeriesVersus): boolean => first !== other;

function totalsOf(all: readonly SeriesVersus[]): readonly TotalVersus[] {
  const totals = new Map<string, TotalVersus>();
  for (const each of all) {
    const { meter, sizes, first, other } = each;
    const key = `${meter} ${sizes.first} ${sizes.other}`;
    const sum = totals.get(key) ?? { meter, sizes, series: 0, differing: 0, first: 0n, other: 0n };
    totals.set(key, {
      ...sum,
      series: sum.series + 1,
      differing: sum.differing + (isDifferent(each) ? 1 : 0),
      first: sum.first + first,
      other: sum.other + other,
    });
  }
  return [...totals.values()];
}

function byDifference(a: SeriesVersus, b: SeriesVersus): number {
  const difference = magnitude(b.first - b.other) - magnitude(a.first - a.other);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount);
