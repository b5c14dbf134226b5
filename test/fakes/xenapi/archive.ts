/** How primary data points become one row. */
export type Consolidation = 'AVERAGE' | 'MIN' | 'MAX';

/** `rows` rows of `points` primary data points of 5 s each; unknown where more than `xff` of them are. */
export interface ArchiveShape {
  readonly consolidation: Consolidation;
  readonly rows: number;
  readonly points: number;
  readonly xff: number;
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/**
 * One archive of an RRD as xapi keeps it: rings of 32-bit floats, one a data source, and what has been gathered for the
 * row that is being made. Two things differ from rrdtool, both as in xapi's `rrd.ml` (`do_cfs`, `rra_update`):
 * an unknown point only rescales what was gathered before it, so a row that begins with unknown points is the sum of
 * the known ones over all; and a single unknown point in the archive of 5 s is written as what an empty row starts
 * with, 0 as a rule. NaN stands only where nothing was ever written, or where too many points are unknown.
 */
export class Archive {
  readonly shape: ArchiveShape;
  #bounds: readonly Bounds[];
  /** The value that a row starts with, of each data source (`cf_init_value`). */
  #empty: readonly number[];
  #gathered: Float64Array;
  #unknown: Int32Array;
  #ring: Float32Array;
  #capacity: number;
  /** Rows written since the beginning, those that were overwritten as well. */
  #written = 0;

  constructor(shape: ArchiveShape, bounds: readonly Bounds[]) {
    this.shape = shape;
    this.#bounds = bounds;
    this.#empty = bounds.map((each) => emptyValue(shape.consolidation, each));
    this.#gathered = Float64Array.from(this.#empty);
    this.#unknown = new Int32Array(bounds.length);
    this.#capacity = Math.min(shape.rows, 16);
    this.#ring = new Float32Array(this.#capacity * bounds.length).fill(Number.NaN);
  }

  /** Adds a data source of which nothing is known up to now; `behind` points of the row being made have passed. */
  extended(bounds: readonly Bounds[], behind: number): Archive {
    const wider = new Archive(this.shape, bounds);
    const before = this.#bounds.length;
    wider.#gathered.set(this.#gathered);
    wider.#unknown.set(this.#unknown);
    wider.#unknown.fill(behind, before);
    const kept = Math.min(this.#written, this.#capacity);
    for (let row = kept - 1; row >= 0; row--) {
      const values = wider.#next();
      for (let i = 0; i < bounds.length; i++) wider.#ring[values + i] = i < before ? this.at(row, i) : Number.NaN;
    }
    return wider;
  }

  /** The row that is `back` rows before the latest, of one data source; NaN where none was written. */
  at(back: number, source: number): number {
    if (back >= Math.min(this.#written, this.#capacity)) return Number.NaN;
    const row = (this.#written - 1 - back) % this.#capacity;
    return this.#ring[row * this.#bounds.length + source] as number;
  }

  gathered = (source: number): number => this.#gathered[source] as number;
  unknown = (source: number): number => this.#unknown[source] as number;

  /** Takes `elapsed` equal points, of which the first follows `before` points since 1970. */
  push(points: Float64Array, before: number, elapsed: number): void {
    const { points: each, rows, xff } = this.shape;
    const missing = each - (before % each);
    const finished = elapsed < missing ? 0 : Math.floor((elapsed - missing) / each) + 1;
    this.#gather(points, Math.min(missing, elapsed));
    if (finished === 0) return;
    const bearable = Math.trunc(xff * each);
    const at = this.#next();
    for (let i = 0; i < points.length; i++)
      this.#put(at, i, (this.#unknown[i] as number) <= bearable ? (this.#gathered[i] as number) : Number.NaN);
    for (let row = Math.min(finished - 1, rows); row > 0; row--) {
      const next = this.#next();
      for (let i = 0; i < points.length; i++) this.#put(next, i, points[i] as number);
    }
    this.#gathered.set(this.#empty);
    this.#unknown.fill(0);
    this.#gather(points, (elapsed - missing) % each);
  }

  #gather(points: Float64Array, count: number): void {
    const { consolidation, points: each } = this.shape;
    for (let i = 0; i < points.length; i++) {
      const point = points[i] as number;
      const gathered = this.#gathered[i] as number;
      if (Number.isNaN(point)) {
        const known = each - (this.#unknown[i] as number);
        if (known - count <= 0) continue;
        this.#gathered[i] = (gathered * known) / (known - count);
        this.#unknown[i] = (this.#unknown[i] as number) + count;
      } else if (consolidation === 'AVERAGE') this.#gathered[i] = gathered + (point * count) / each;
      else this.#gathered[i] = consolidation === 'MIN' ? Math.min(gathered, point) : Math.max(gathered, point);
    }
  }

  #put(at: number, source: number, value: number): void {
    const { min, max } = this.#bounds[source] as Bounds;
    this.#ring[at + source] = value < min || value > max ? Number.NaN : value;
  }

  /** Where the next row begins; the ring grows until it has all its rows. */
  #next(): number {
    const width = this.#bounds.length;
    if (this.#written === this.#capacity && this.#capacity < this.shape.rows) {
      this.#capacity = Math.min(this.#capacity * 2, this.shape.rows);
      const grown = new Float32Array(this.#capacity * width).fill(Number.NaN);
      grown.set(this.#ring);
      this.#ring = grown;
    }
    return (this.#written++ % this.#capacity) * width;
  }
}

function emptyValue(consolidation: Consolidation, { min, max }: Bounds): number {
  const start = { AVERAGE: 0, MIN: Number.POSITIVE_INFINITY, MAX: Number.NEGATIVE_INFINITY }[consolidation];
  return Math.min(max, Math.max(min, start));
}
