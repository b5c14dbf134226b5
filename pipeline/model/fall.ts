import type { Circumstances, CounterReading } from './circumstances.ts';
import { AMBIGUOUS, LOWER_BOUND, REGRESSION, RESET_INFERRED, WRAP } from './flags.ts';
import { isPlausible, maxRate } from './plausible.ts';
import { mark, span } from './span.ts';
import { BASE } from './state.ts';
import { type Amount, narrow, toAmount, toBigInt } from './uint64.ts';

const REGRESSIONS_OF_A_RESET = 3;

/**
 * A counter went down within one epoch: a wrap, a regression, or in the end a reset (1.3, R7, R8, R15). False: the
 * baseline stays what it was.
 */
export function fall(at: Circumstances, reading: CounterReading): boolean {
  const { instance, block, life, f, t, hi, lo } = reading;
  const then = life.base[f * BASE] as number;
  const rate = maxRate(at, instance, block, f);
  const value = toAmount(hi, lo);
  const unwrapped = unwrap(at, reading, rate);
  if (unwrapped !== null) {
    at.tally.events.wrap++;
    life.falls?.delete(f);
    const bits = at.source.limits.bits[block.kind]?.[f] ?? 0;
    const ambiguous = bits === 32 && (rate * (t - then)) / 1e6 >= 2 ** 32;
    if (ambiguous) at.tally.events.ambiguous++;
    at.progress.credit += 1n << BigInt(bits);
    span(at, block, f, unwrapped, then, t, ambiguous ? WRAP | AMBIGUOUS | LOWER_BOUND : WRAP);
    return true;
  }
  const before = toBigInt(life.base[f * BASE + 1] as number, life.base[f * BASE + 2] as number);
  if (Number.isNaN(life.epoch)) {
    at.tally.events.reset_inferred++;
    at.progress.credit += before;
    span(at, block, f, value, then, t, RESET_INFERRED | LOWER_BOUND);
    return true;
  }
  life.falls ??= new Map();
  const last = life.falls.get(f);
  const rises = last !== undefined && value >= toAmount(last.hi, last.lo);
  const count = rises ? last.count + 1 : 1;
  if (count < REGRESSIONS_OF_A_RESET) {
    life.falls.set(f, { count, hi, lo });
    at.tally.events.regression++;
    mark(at, block, f, then, t, REGRESSION);
    return false;
  }
  life.falls.delete(f);
  at.tally.events.reset_inferred++;
  const flags = RESET_INFERRED | LOWER_BOUND;
  const counts = rate > 0 && isPlausible(value, rate, t - then);
  at.progress.credit += counts ? before : before - BigInt(value);
  if (counts) span(at, block, f, value, then, t, flags);
  else mark(at, block, f, then, t, flags);
  return true;
}

/** The growth through a wrap, or null if it cannot have been one (R8). */
function unwrap(at: Circumstances, { block, life, f, t, hi, lo }: CounterReading, rate: number): Amount | null {
  const bits = at.source.limits.bits[block.kind]?.[f] ?? 0;
  if (bits === 0 || Number.isNaN(life.epoch)) return null;
  const before = toBigInt(life.base[f * BASE + 1] as number, life.base[f * BASE + 2] as number);
  const grown = toBigInt(hi, lo) - before + (1n << BigInt(bits));
  const fits =
    rate > 0 ? isPlausible(grown, rate, t - (life.base[f * BASE] as number)) : grown < 1n << BigInt(bits - 1);
  return grown >= 0n && fits ? narrow(grown) : null;
}
