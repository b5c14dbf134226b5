const SEED_HIGH = 0x1b873593;
const SEED_LOW = 0x2545f491;

/**
 * A 52-bit hash of bytes[start, end): an exact integer, never 0, so that 0 can stand for "no device".
 * Hashes are kept in state across processes and releases: changing this function is a migration.
 *
 * Two lanes of 32 bits take the same little-endian words with different odd multipliers and shifts.
 */
export function hash52(bytes: Uint8Array, start: number, end: number): number {
  let high = SEED_HIGH ^ (end - start);
  let low = SEED_LOW ^ (end - start);
  for (let at = start; at < end; at += 4) {
    let word = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    word |= ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    // The last word may be short: the length in the seeds tells it from one that ends in zeros.
    if (at + 4 > end) word &= 0xffffffff >>> (8 * (at + 4 - end));
    high = Math.imul(high ^ word, 0x5bd1e995);
    high ^= high >>> 15;
    low = Math.imul(low ^ word, 0x2c1b3c6d);
    low ^= low >>> 13;
  }
  high = spread(high ^ Math.imul(low, 0x9e3779b1));
  low = spread(low ^ Math.imul(high, 0x7feb352d));
  const hash = (high & 0xfffff) * 0x1_0000_0000 + (low >>> 0);
  return hash === 0 ? 1 : hash;
}

/** The same of a string's UTF-8 bytes. */
export function hash52Of(text: string): number {
  const bytes = Buffer.from(text);
  return hash52(bytes, 0, bytes.length);
}

function spread(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x45d9f3b5);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x6c8e944d);
  return mixed ^ (mixed >>> 16);
}
