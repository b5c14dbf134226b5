import type { Quality, Sample } from '../model/sample.ts';
import type { WindowQuality } from './model.ts';

/** So many windows of a size are remembered. */
const KEPT = 60;

interface Sums {
  samples: number;
  coverage: number;
  readonly qualities: Record<Quality, number>;
}

/** Adds up how well the latest windows of each size were observed. */
export class QualityBook {
  /** By size, then by end; microseconds. */
  readonly #sizes = new Map<number, Map<number, Sums>>();

  /** Neighbours are mostly of one window. */
  #last: { readonly start: number; readonly end: number; readonly sums: Sums } | null = null;

  /** Gauges, which are read at instants, do not count. */
  take({ coverage, quality, windowStart, windowEnd }: Sample): void {
    if (coverage === null) return;
    let last = this.#last;
    if (last === null || last.end !== windowEnd || last.start !== windowStart) {
      last = { start: windowStart, end: windowEnd, sums: this.#of(windowEnd - windowStart, windowEnd) };
      this.#last = last;
    }
    const { sums } = last;
    sums.samples++;
    sums.coverage += coverage;
    sums.qualities[quality]++;
  }

  /** The latest windows of a size, oldest first. */
  latest(size: number): readonly WindowQuality[] {
    return [...(this.#sizes.get(size) ?? [])]
      .sort(([a], [b]) => a - b)
      .map(([end, { samples, coverage, qualities }]) => ({
        endAt: end / 1000,
        samples,
        coverage: coverage / samples,
        measured: qualities.measured,
        interpolated: qualities.interpolated,
        estimated: qualities.estimated,
        lowerBound: qualities.lower_bound,
      }));
  }

  #of(size: number, end: number): Sums {
    let windows = this.#sizes.get(size);
    if (!windows) {
      windows = new Map();
      this.#sizes.set(size, windows);
    }
    let sums = windows.get(end);
    if (!sums) {
      sums = { samples: 0, coverage: 0, qualities: { measured: 0, interpolated: 0, estimated: 0, lower_bound: 0 } };
      windows.set(end, sums);
      if (windows.size > KEPT) windows.delete(Math.min(...windows.keys()));
    }
    return sums;
  }
}
