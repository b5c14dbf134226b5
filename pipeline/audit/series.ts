import { blockKind, type Meter } from '../model/meters.ts';

/** What one series has in windows of one size: published, and by the movement of its counter. Microseconds, counter's units. */
export interface Series {
  readonly meter: Meter;
  readonly size: number;
  /** Begin of its first window that was published, and the size of that: another one where sizes have changed. */
  start: number;
  firstSize: number;
  /** End of the last window published: the movement counts up to there. */
  end: number;
  published: bigint;
  movement: bigint;
  /** What moved last, when its windows may have been emitted already: windows still to come may have some of it. */
  belated: bigint;
  /** What moved in windows that are not judged and may have been emitted when it came: judged ones may have some of it. */
  early: bigint;
}

/** The series that have a published delta, by device. */
export type SeriesBook = Map<string, Series[]>;

/** The delta of one window of one series. */
export interface PublishedDelta {
  readonly instance: string;
  readonly device: string;
  readonly meter: Meter;
  readonly volume: number | bigint;
  readonly windowStart: number;
  readonly windowEnd: number;
}

export const deviceKey = (instance: string, kind: number, device: string): string => `${instance}/${kind}/${device}`;

/** Instance and device of a key. */
export function deviceOfKey(key: string): { readonly instance: string; readonly device: string } {
  const [instance = '', , ...device] = key.split('/');
  return { instance, device: device.join('/') };
}

/** Adds a published delta, which the caller has made sure was not there before. */
export function addDelta(book: SeriesBook, delta: PublishedDelta): void {
  const { instance, device, meter, windowStart, windowEnd } = delta;
  const size = windowEnd - windowStart;
  const key = deviceKey(instance, blockKind(meter.kind), device);
  const list = book.get(key) ?? [];
  book.set(key, list);
  let series = list.find((each) => each.meter === meter && each.size === size);
  if (!series) {
    series = {
      meter,
      size,
      start: windowStart,
      firstSize: size,
      end: Number.NEGATIVE_INFINITY,
      published: 0n,
      movement: 0n,
      belated: 0n,
      early: 0n,
    };
    list.push(series);
  }
  series.published += amountOf(delta);
  series.start = Math.min(series.start, windowStart);
  series.end = Math.max(series.end, windowEnd);
}

/** Makes one series of those whose window sizes took turns: the law holds for what they give together. */
export function joinSeries(book: SeriesBook, standIns: ReadonlyMap<number, number>): void {
  if (standIns.size === 0) return;
  for (const [key, list] of book) {
    const joined: Series[] = [];
    for (const each of list) {
      const size = standIns.get(each.size) ?? each.size;
      const known = joined.find((other) => other.meter === each.meter && other.size === size);
      if (known === undefined) {
        joined.push({ ...each, size });
        continue;
      }
      known.published += each.published;
      known.end = Math.max(known.end, each.end);
      if (each.start < known.start) Object.assign(known, { start: each.start, firstSize: each.firstSize });
    }
    book.set(key, joined);
  }
}

/** In the counter's units: divisors other than 1 are powers of two, so that the product is exact below 2^53. */
const amountOf = ({ volume, meter }: PublishedDelta): bigint =>
  typeof volume === 'bigint' ? volume * BigInt(meter.divisor) : BigInt(Math.round(volume * meter.divisor));
