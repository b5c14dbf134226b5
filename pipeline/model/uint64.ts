/**
 * Exact arithmetic on unsigned 64-bit counters without a bigint in the usual case. A counter is a pair (hi, lo) of
 * unsigned 32-bit words; an amount is a number while it is a safe integer and a bigint beyond.
 */
export type Amount = number | bigint;

const TWO_32 = 2 ** 32;
const MAX_SAFE = Number.MAX_SAFE_INTEGER;
/** Up to this, the product of two smaller integers is a safe one. */
const MAX_FACTOR = 94_906_265;

/** (hi:lo) − (hi2:lo2), or NaN where a number cannot hold it exactly. */
export function difference(hi: number, lo: number, hi2: number, lo2: number): number {
  const d = (hi - hi2) * TWO_32 + (lo - lo2);
  return d >= -MAX_SAFE && d <= MAX_SAFE ? d : Number.NaN;
}

export const toBigInt = (hi: number, lo: number): bigint => (BigInt(hi) << 32n) | BigInt(lo);

/** The amount that a counter (hi:lo) stands for. */
export function toAmount(hi: number, lo: number): Amount {
  const value = hi * TWO_32 + lo;
  return value <= MAX_SAFE ? value : toBigInt(hi, lo);
}

/** A bigint as an amount: a number where it is safe. */
export const narrow = (value: bigint): Amount =>
  value <= BigInt(MAX_SAFE) && value >= -BigInt(MAX_SAFE) ? Number(value) : value;

/** Exact sum of two amounts. */
export function add(a: Amount, b: Amount): Amount {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (sum <= MAX_SAFE && sum >= -MAX_SAFE) return sum;
  }
  return narrow(BigInt(a) + BigInt(b));
}

/** floor(amount × part / whole) for 0 ≤ part ≤ whole, exactly: how much of an amount falls to a part of its span. */
export function share(amount: Amount, part: number, whole: number): Amount {
  if (part === whole) return amount;
  if (typeof amount === 'bigint' || whole > MAX_FACTOR) {
    return narrow((BigInt(amount) * BigInt(part)) / BigInt(whole));
  }
  const rest = amount % whole;
  const product = rest * part;
  return ((amount - rest) / whole) * part + (product - (product % whole)) / whole;
}
