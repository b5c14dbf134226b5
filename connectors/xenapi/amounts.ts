/** Values of one row: rates and gauges, which become whole numbers here. What could not be taken is counted. */
export class Amounts {
  readonly #values: readonly number[];
  readonly #stepS: number;
  /** Values that the host does not know (NaN, Infinity). */
  unknown = 0;
  /** Values that cannot be: negative, or beyond 64 bits. */
  malformed = 0;
  /** Values that were taken. */
  taken = 0;

  constructor(values: readonly number[], stepS: number) {
    this.#values = values;
    this.#stepS = stepS;
  }

  /** A rate per second times the step, rounded: the amount. Null: no such column, or no value. */
  amount(column: number | undefined): bigint | null {
    return this.#whole(column, this.#stepS);
  }

  /**
   * Memory in bytes, of a gauge in `unit`. Nobody has none: 0 stands in the archive of 5 s where nothing is known, and in
   * a VM's first row.
   */
  memory(column: number | undefined, unit = 1): bigint | null {
    const bytes = this.#whole(column, unit);
    return bytes === 0n ? this.disbelieve(bytes) : bytes;
  }

  /** A value that is not to be believed counts as unknown. */
  disbelieve(value: bigint | null): null {
    if (value === null) return null;
    this.taken--;
    this.unknown++;
    return null;
  }

  /** The sum of rates times the step and `unit`; null if one is not known, for a part is no whole. */
  sum(columns: readonly number[], unit: number): bigint | null {
    const values = columns.map((column) => this.#values[column] ?? Number.NaN);
    const whole = toWhole(values.reduce((sum, value) => sum + value, 0) * this.#stepS * unit);
    const unknown = values.filter((value) => !Number.isFinite(value)).length;
    this.unknown += unknown;
    if (unknown === 0 && whole === null) this.malformed++;
    this.taken += values.length - unknown;
    return unknown === 0 ? whole : null;
  }

  #whole(column: number | undefined, factor: number): bigint | null {
    if (column === undefined) return null;
    const value = this.#values[column] ?? Number.NaN;
    if (!Number.isFinite(value)) {
      this.unknown++;
      return null;
    }
    const whole = toWhole(value * factor);
    if (whole === null) this.malformed++;
    else this.taken++;
    return whole;
  }
}

const TWO_TO_64 = 2 ** 64;

/** The nearest whole number, if it is one of 64 bits. A double beyond 2^53 is whole itself. */
export function toWhole(value: number): bigint | null {
  const rounded = Math.round(value);
  return rounded >= 0 && rounded < TWO_TO_64 ? BigInt(rounded) : null;
}
