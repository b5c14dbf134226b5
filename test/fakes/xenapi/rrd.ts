import { Archive, type ArchiveShape, type Bounds } from './archive.ts';

/** Seconds of a primary data point. */
export const STEP_S = 5;
/** Nothing is known of a time without samples longer than this. */
const HEARTBEAT_S = 300;

export type SourceType = 'DERIVE' | 'GAUGE' | 'ABSOLUTE';

export interface Source extends Bounds {
  readonly name: string;
  readonly type: SourceType;
  /** The rate counts what is not: 1 − rate (host cpus are sampled as idle time). */
  readonly inverse?: boolean;
  /** Sampled as a float; else a 64-bit integer. */
  readonly float?: boolean;
}

/** 120 rows of 5 s, 120 of a minute, 168 of an hour, 366 of a day (`rrdd_shared.ml`). */
const SPANS = [
  { rows: 120, points: 1 },
  { rows: 120, points: 12 },
  { rows: 168, points: 720 },
  { rows: 366, points: 17_280 },
] as const;

/** VMs have averages only, unless the pool says otherwise; hosts have minima and maxima from a minute up (`create_rras`). */
const archiveShapes = (minMax: boolean): readonly ArchiveShape[] =>
  SPANS.flatMap(({ rows, points }): ArchiveShape[] =>
    minMax && points > 1
      ? (['AVERAGE', 'MIN', 'MAX'] as const).map((consolidation) => ({ consolidation, rows, points, xff: 1 }))
      : [{ consolidation: 'AVERAGE', rows, points, xff: 0.5 }],
  );

/**
 * The round robin database of one VM or host, after xapi's `rrd.ml` as of 26.10 (facts, in other words): sampled values
 * become points of 5 s by linear interpolation (Derive), or stand as they are (Gauge, Absolute). A Derive rate above
 * its maximum by less than 5 % is cut to the maximum, all else out of bounds is unknown. A sample that is unknown by
 * itself leaves the point before it as it was, or 0 at the beginning of a life: no NaN is seen of it.
 */
export class Rrd {
  readonly archives: Archive[];
  #sources: Source[];
  /** Epoch seconds of the latest sample; 0: none. */
  lastUpdated = 0;
  #last: Float64Array;
  /** The part of the current point that is known, and its unknown seconds. */
  #value: Float64Array;
  #unknownS: Float64Array;

  /** Made at the first sample, whose values are not used. */
  constructor(sources: readonly Source[], minMax: boolean, timestamp: number) {
    this.#sources = [...sources];
    this.#last = new Float64Array(sources.length).fill(Number.NaN);
    this.#value = new Float64Array(sources.length);
    this.#unknownS = new Float64Array(sources.length);
    this.archives = archiveShapes(minMax).map((shape) => new Archive(shape, sources));
    this.update(timestamp, new Float64Array(sources.length).fill(Number.NaN), true);
  }

  get sources(): readonly Source[] {
    return this.#sources;
  }

  last = (source: number): number => this.#last[source] as number;
  value = (source: number): number => this.#value[source] as number;
  unknownS = (source: number): number => this.#unknownS[source] as number;

  /** A data source that appears while the RRD lives. */
  add(source: Source, timestamp: number): void {
    this.#sources = [...this.#sources, source];
    this.#last = appended(this.#last, Number.NaN);
    this.#value = appended(this.#value, 0);
    this.#unknownS = appended(this.#unknownS, 0);
    for (const [i, archive] of this.archives.entries()) {
      const behind = Math.trunc(timestamp / STEP_S) % archive.shape.points;
      this.archives[i] = archive.extended(this.#sources, behind);
    }
  }

  /** What a transfer as XML costs: the raw values of the latest sample, and the fraction of unknown seconds. */
  forgetLast(): void {
    this.#last.fill(Number.NaN);
    for (let i = 0; i < this.#unknownS.length; i++) this.#unknownS[i] = Math.trunc(this.#unknownS[i] as number);
  }

  /**
   * Takes a sample of every source, NaN for unknown. `fresh`: the counters began at 0 since the last one (the domain is
   * another), so their values are what was consumed.
   */
  update(timestamp: number, values: Float64Array, fresh = false): void {
    const passed = timestamp - this.lastUpdated;
    const interval = passed < 0 ? 5 : passed;
    const before = Math.trunc(this.lastUpdated / STEP_S);
    const current = Math.trunc(timestamp / STEP_S);
    const age = timestamp - current * STEP_S;
    const elapsed = current - before;
    const [inside, beyond] = elapsed > 0 ? [interval - age, age] : [interval, 0];
    // Divided by the step and multiplied again, as `get_float_time` does: the last digit depends on it.
    const divisor = STEP_S * (timestamp / STEP_S) - STEP_S * (this.lastUpdated / STEP_S);
    this.lastUpdated = timestamp;
    const points = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const { type } = this.#sources[i] as Source;
      const amount = this.#amount(i, values[i] as number, interval, fresh);
      if (Number.isNaN(amount)) this.#unknownS[i] = inside;
      else if (type === 'DERIVE') this.#value[i] = (this.#value[i] as number) + (inside * amount) / interval;
      else this.#value[i] = amount;
      if (elapsed <= 0) continue;
      points[i] = interval > HEARTBEAT_S ? Number.NaN : this.#point(i, divisor);
      if (Number.isNaN(amount)) {
        this.#value[i] = 0;
        this.#unknownS[i] = beyond;
      } else {
        this.#unknownS[i] = 0;
        this.#value[i] = type === 'DERIVE' ? (beyond * amount) / interval : amount;
      }
    }
    if (elapsed > 0) for (const archive of this.archives) archive.push(points, before, elapsed);
  }

  /** What came since the sample before (Derive), a rate (Absolute), the value itself (Gauge). */
  #amount(i: number, value: number, interval: number, fresh: boolean): number {
    if (interval > HEARTBEAT_S) return Number.NaN;
    const before = this.#last[i] as number;
    this.#last[i] = value;
    const { type } = this.#sources[i] as Source;
    if (type === 'GAUGE') return value;
    if (type === 'ABSOLUTE') return value / interval;
    return fresh ? value : value - before;
  }

  #point(i: number, divisor: number): number {
    const { type, min, max, inverse } = this.#sources[i] as Source;
    const value = this.#value[i] as number;
    const plain = type === 'DERIVE' ? value / (divisor - (this.#unknownS[i] as number)) : value;
    const rate = inverse ? 1 - plain : plain;
    if (type === 'DERIVE' && rate > max && rate < max * (1 + 0.05)) return max;
    return rate < min || rate > max ? Number.NaN : rate;
  }
}

const appended = (values: Float64Array, value: number): Float64Array => {
  const longer = new Float64Array(values.length + 1).fill(value);
  longer.set(values);
  return longer;
};
