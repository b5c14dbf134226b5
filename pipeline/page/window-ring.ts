/** A series that a ring has not got yet costs this much beside its values, bytes: its place in two maps. */
const SERIES_BYTES = 120;
/** An empty ring. */
const RING_BYTES = 600;
/** End, coverage, flags, host and the like of a window. */
const WINDOW_BYTES = 8 + 8 + 4 + 8;
/** Columns are added by so many, that growing is rare. */
const COLUMNS = 8;

const NONE: ReadonlyMap<string, number> = new Map();

/** What a ring without series takes, bytes. */
export const emptyRingBytes = (length: number): number =>
  RING_BYTES + length * WINDOW_BYTES + length * COLUMNS * Float64Array.BYTES_PER_ELEMENT;

/** One kept window; the arrays of values are the series', in the order of `series`. */
export interface KeptWindow {
  readonly index: number;
  readonly coverage: number;
  readonly flags: number;
  readonly host: string | null;
}

/**
 * The latest windows of one instance and one size. Window k lies in slot k mod the ring's length, so that windows may
 * come in any order and be missing; one that is older than what its slot holds is left out.
 */
export class WindowRing {
  readonly length: number;
  /** Index of the window in each slot; NaN: none. */
  readonly #index: Float64Array;
  /** NaN: no counter. */
  readonly #coverage: Float64Array;
  readonly #flags: Int32Array;
  readonly #hosts: (string | null)[];
  /** Column by device and meter; values by slot, column after column. */
  readonly #columns = new Map<string, Map<string, number>>();
  #values: Float64Array;
  #count = 0;

  constructor(length: number) {
    this.length = length;
    this.#index = new Float64Array(length).fill(Number.NaN);
    this.#coverage = new Float64Array(length).fill(Number.NaN);
    this.#flags = new Int32Array(length);
    this.#hosts = new Array<string | null>(length).fill(null);
    this.#values = new Float64Array(length * COLUMNS).fill(Number.NaN);
  }

  get columns(): number {
    return this.#count;
  }

  /** Roughly what it holds in memory. */
  get bytes(): number {
    return RING_BYTES + this.length * WINDOW_BYTES + this.#count * SERIES_BYTES + this.#values.byteLength;
  }

  /** What another series would take. */
  get nextColumnBytes(): number {
    return SERIES_BYTES + (this.#values.length < (this.#count + 1) * this.length ? COLUMNS * this.length * 8 : 0);
  }

  /** The slot of window `index`, made empty if it held an older one; −1: it holds a newer one. */
  slot(index: number): number {
    const slot = index % this.length;
    const held = this.#index[slot] as number;
    if (held === index) return slot;
    if (held > index) return -1;
    this.#index[slot] = index;
    this.#coverage[slot] = Number.NaN;
    this.#flags[slot] = 0;
    this.#hosts[slot] = null;
    for (let column = 0; column < this.#count; column++) this.#values[column * this.length + slot] = Number.NaN;
    return slot;
  }

  /** What a sample says of the window in a slot: the least coverage stands, and every flag. */
  note(slot: number, coverage: number | null, flags: number, host: string | null): void {
    const known = this.#coverage[slot] as number;
    if (coverage !== null && !(known <= coverage)) this.#coverage[slot] = coverage;
    this.#flags[slot] = (this.#flags[slot] as number) | flags;
    this.#hosts[slot] = host;
  }

  /** The columns of a device's series by meter: of the instance itself with an empty name. */
  columnsOf(device: string): ReadonlyMap<string, number> {
    return this.#columns.get(device) ?? NONE;
  }

  /** A column for a new series. */
  addColumn(device: string, meter: string): number {
    const meters = this.#columns.get(device) ?? new Map<string, number>();
    this.#columns.set(device, meters);
    const column = this.#count++;
    meters.set(meter, column);
    if (this.#values.length < this.#count * this.length) {
      const grown = new Float64Array((this.#count - 1 + COLUMNS) * this.length).fill(Number.NaN);
      grown.set(this.#values);
      this.#values = grown;
    }
    return column;
  }

  put(column: number, slot: number, value: number): void {
    this.#values[column * this.length + slot] = value;
  }

  /** The kept windows' slots, the oldest window first. */
  slots(): readonly number[] {
    const held = [...this.#index.keys()].filter((slot) => !Number.isNaN(this.#index[slot] as number));
    return held.sort((a, b) => (this.#index[a] as number) - (this.#index[b] as number));
  }

  window(slot: number): KeptWindow {
    return {
      index: this.#index[slot] as number,
      coverage: this.#coverage[slot] as number,
      flags: this.#flags[slot] as number,
      host: this.#hosts[slot] ?? null,
    };
  }

  /** Every series with its values in these slots; NaN: none. */
  series(slots: readonly number[]): readonly { device: string; meter: string; values: readonly number[] }[] {
    return [...this.#columns].flatMap(([device, meters]) =>
      [...meters].map(([meter, column]) => ({
        device,
        meter,
        values: slots.map((slot) => this.#values[column * this.length + slot] as number),
      })),
    );
  }

  /** The latest value of a series; NaN: none. */
  latest(device: string, meter: string): number {
    const slot = this.slots().at(-1);
    const column = this.columnsOf(device).get(meter);
    return slot === undefined || column === undefined
      ? Number.NaN
      : (this.#values[column * this.length + slot] as number);
  }

  /** A ring of another length with as many of the latest windows as it holds. */
  resized(length: number): WindowRing {
    const ring = new WindowRing(length);
    const slots = this.slots().slice(-length);
    const places = slots.map((slot) => {
      const { index, coverage, flags, host } = this.window(slot);
      const place = ring.slot(index);
      ring.note(place, Number.isNaN(coverage) ? null : coverage, flags, host);
      return place;
    });
    for (const { device, meter, values } of this.series(slots)) {
      const column = ring.addColumn(device, meter);
      values.forEach((value, i) => {
        ring.put(column, places[i] as number, value);
      });
    }
    return ring;
  }
}
