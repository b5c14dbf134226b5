import { LOWER_BOUND } from './flags.ts';
import { type Block, DELTA, FLAGBITS, FROM, K, TO, UNCOVERED } from './state.ts';
import { type Amount, add, narrow } from './uint64.ts';

/**
 * What is added up of one open window: `acc` from offset `at` on, and what does not fit there by the window's key.
 */

/** By window size, field and index. */
export const windowKey = (w: number, f: number, k: number): string => `${w}/${f}/${k}`;

/** Nothing has come for window k yet. */
export function open(acc: number[], at: number, k: number): void {
  acc[at + K] = k;
  acc[at + DELTA] = 0;
  acc[at + UNCOVERED] = 0;
  acc[at + FROM] = Number.NaN;
  acc[at + TO] = Number.NaN;
  acc[at + FLAGBITS] = 0;
}

/** Adds to one of its sums; what is beyond 2^53 is kept by `key`. */
export function increase(block: Block, acc: number[], at: number, amount: Amount, key: () => string): void {
  const sum = add(acc[at] as number, amount);
  if (typeof sum === 'number') {
    acc[at] = sum;
    return;
  }
  block.surplus.set(key(), (block.surplus.get(key()) ?? 0n) + sum);
  acc[at] = 0;
}

/** Adds (from, to] to what the window has seen; spans that do not touch are kept apart, so that coverage is a union. */
export function cover(block: Block, acc: number[], at: number, from: number, to: number, key: () => string): void {
  const a = acc[at + FROM] as number;
  const b = acc[at + TO] as number;
  if (Number.isNaN(a)) {
    acc[at + FROM] = from;
    acc[at + TO] = to;
  } else if (from <= b && to >= a) {
    acc[at + FROM] = Math.min(a, from);
    acc[at + TO] = Math.max(b, to);
  } else {
    const others = block.spans.get(key()) ?? [];
    others.push(from, to);
    block.spans.set(key(), others);
  }
}

/** Was the window opened only for what is not known of it, and nothing came for it? It is not emitted (R1, R5). */
export function holdsNothing(block: Block, acc: readonly number[], at: number, key: () => string): boolean {
  if (acc[at + FLAGBITS] !== LOWER_BOUND || !Number.isNaN(acc[at + FROM]) || acc[at + DELTA] !== 0) return false;
  return !block.surplus.has(key());
}

/** A sum with what was kept of it by its key, which is forgotten. */
export function withSurplus(block: Block, amount: number, key: string): Amount {
  const surplus = block.surplus.get(key);
  if (surplus === undefined) return amount;
  block.surplus.delete(key);
  return narrow(BigInt(amount) + surplus);
}

/** The disjoint spans of an accumulator, ascending, as a flat list of from and to; those kept by its key are forgotten. */
export function unionOf(block: Block, from: number, to: number, key: string): readonly number[] {
  if (Number.isNaN(from)) return [];
  const others = block.spans.get(key);
  if (!others) return [from, to];
  block.spans.delete(key);
  const spans: [number, number][] = [[from, to]];
  for (let i = 0; i < others.length; i += 2) spans.push([others[i] as number, others[i + 1] as number]);
  spans.sort((a, b) => a[0] - b[0]);
  const union: number[] = [];
  for (const [begin, end] of spans) {
    const last = union.length - 1;
    if (last > 0 && begin <= (union[last] as number)) union[last] = Math.max(union[last] as number, end);
    else union.push(begin, end);
  }
  return union;
}

/** How much of (from, to] the spans cover, microseconds. */
export function lengthOf(spans: readonly number[], from: number, to: number): number {
  let length = 0;
  for (let i = 0; i < spans.length; i += 2) {
    length += Math.max(0, Math.min(spans[i + 1] as number, to) - Math.max(spans[i] as number, from));
  }
  return length;
}
