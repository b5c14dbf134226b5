import { toNumber } from './rrd-updates.ts';

/** Values of one row: rates and gauges, which become whole numbers here. What could not be taken is counted. */
export class Amounts {
  readonly #values: readonly unknown[];
  readonly #stepS: number;
  /** Values that the host does not know (NaN, Infinity). */
  unknown = 0;
  /** Values that cannot be: no numbers, negative, or beyond 64 bits. */
  malformed = 0;
  /** Values that were taken. */
  taken = 0;

  constructor(values: readonly unknown[], stepS: number) {
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
    let [sum, unknown] = [0, 0];
    for (const column of columns) {
      const value = this.#value(column);
      if (Number.isFinite(value)) sum += value;
      else unknown++;
    }
    this.taken += columns.length - unknown;
    if (unknown > 0) return null;
    const whole = toWhole(sum * this.#stepS * unit);
    if (whole === null) this.malformed++;
    return whole;
  }

  /** NaN or infinite: it is not known, which is counted. */
  #value(column: number): number {
    const value = toNumber(this.#values[column]);
    if (value === null) this.malformed++;
    else if (!Number.isFinite(value)) this.unknown++;
    return value ?? Number.NaN;
  }

  #whole(column: number | undefined, factor: number): bigint | null {
    if (column === undefined) return null;
    const value = this.#value(column);
    if (!Number.isFinite(value)) return null;
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
