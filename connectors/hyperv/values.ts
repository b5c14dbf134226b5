import type { WmiRow } from './protocol.ts';

const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** A property's text; null if it is absent, null or empty. Of an array the first that is none of these. */
export const textOf = (row: WmiRow, name: string): string | null => textsOf(row, name)[0] ?? null;

/** The texts of an array. */
export const textsOf = (row: WmiRow, name: string): readonly string[] =>
  (row.get(name) ?? []).filter((text) => text !== null && text !== '') as string[];

/** Reads whole numbers, and counts what claims to be one and is not, and what is there and null. */
export class Numbers {
  malformed = 0;
  nulls = 0;

  /** An unsigned number of up to 64 bits; null if it is absent, null or malformed. */
  of(row: WmiRow, name: string): bigint | null {
    const text = textOf(row, name)?.trim();
    if (text === undefined) {
      if (row.has(name)) this.nulls++;
      return null;
    }
    const value = /^\d{1,20}$/.test(text) ? BigInt(text) : null;
    if (value !== null && value <= MAX_U64) return value;
    this.malformed++;
    return null;
  }

  /** The same times a factor: null if that is beyond 64 bits. */
  times(row: WmiRow, name: string, factor: bigint): bigint | null {
    const value = this.of(row, name);
    if (value === null) return null;
    if (value * factor <= MAX_U64) return value * factor;
    this.malformed++;
    return null;
  }
}
