import { birthOf } from './announcers.ts';
import type { Circumstances, CounterReading } from './circumstances.ts';
import { EPOCH_CONFLICT, LOWER_BOUND, RESET } from './flags.ts';
import { isPlausible, maxRate } from './plausible.ts';
import { REMEMBERED_US } from './rules.ts';
import { mark, span } from './span.ts';
import { BASE, type Block, type Life } from './state.ts';
import { type Amount, add, toAmount } from './uint64.ts';

/**
 * The first reading of an epoch. The first epoch ever of a series is a baseline, unless its start is known and lies
 * in the stream or the instance was seen off before; every later epoch counts from zero, if the evidence allows
 * (docs/semantics.md (a), (b); R2, R4, R5, R6, R13).
 */
export function begin(at: Circumstances, reading: CounterReading, startedAt: number): void {
  const { instance, block, life, f, t, hi, lo } = reading;
  const value = toAmount(hi, lo);
  const previous = previousTime(block, f, t);
  const first = previous === Number.NEGATIVE_INFINITY || block.firstAt === t;
  const off = offSince(reading, previous);
  const start = startOf(at, reading, startedAt, value, first);
  if (first && off === Number.NEGATIVE_INFINITY && !(start >= at.progress.streamStart && start > block.forgottenAt)) {
    at.tally.events.first++;
    addToTotals(block, f, value);
    countSince(block, value === 0 ? t : Number.NEGATIVE_INFINITY);
    return;
  }
  addToTotals(block, f, 0);
  const origin = originOf(at, life, t, off, start, previous);
  if (first) countSince(block, origin.from);
  const rate = maxRate(at, instance, block, f);
  const flags = first ? origin.flags & ~RESET : origin.flags;
  if (flags & RESET) at.tally.events.reset++;
  if (isPlausible(value, rate, t - origin.evidenceFrom)) {
    span(at, block, f, value, origin.from, t, flags);
  } else {
    at.tally.events.epoch_conflict++;
    at.progress.credit -= BigInt(value);
    mark(at, block, f, origin.from, t, (flags & ~LOWER_BOUND) | EPOCH_CONFLICT);
  }
}

/**
 * When the epoch started, as its source tells it; where that does not, the first epoch ever began at the earliest when the
 * instance came to be (R20). NaN: nobody knows.
 */
function startOf(
  { progress }: Circumstances,
  { instance, t }: CounterReading,
  startedAt: number,
  value: Amount,
  first: boolean,
): number {
  if (!Number.isNaN(startedAt)) return startedAt < t || value === 0 ? startedAt : Number.NaN;
  const birth = first ? birthOf(instance) : Number.NaN;
  return birth < t && birth >= Math.max(progress.streamStart, t - REMEMBERED_US) ? birth : Number.NaN;
}

/** When the source of the new epoch last listed the instance as off, if nothing was read of it since; else −∞ (R5). */
function offSince({ instance: { absent }, life, t }: CounterReading, previous: number): number {
  if (absent?.source !== life.source || absent.at >= t) return Number.NEGATIVE_INFINITY;
  return absent.at >= previous ? absent.at : Number.NEGATIVE_INFINITY;
}

/** Where a count from zero begins, since when the value can have come together, and what to say of it. */
function originOf(
  at: Circumstances,
  life: Life,
  t: number,
  off: number,
  start: number,
  previous: number,
): { readonly from: number; readonly evidenceFrom: number; readonly flags: number } {
  if (off > Number.NEGATIVE_INFINITY) {
    const from = Number.isNaN(start) ? off : Math.max(start, off);
    return { from, evidenceFrom: from, flags: 0 };
  }
  if (!Number.isNaN(start)) return { from: Math.max(start, previous), evidenceFrom: start, flags: RESET };
  const unlistedAt = life.source.completeAt;
  if (unlistedAt > Number.NEGATIVE_INFINITY && unlistedAt < t) {
    return { from: Math.max(unlistedAt, previous), evidenceFrom: unlistedAt, flags: RESET | LOWER_BOUND };
  }
  return {
    from: previous,
    evidenceFrom: previous - at.rules.maxSkew - at.interval,
    flags: RESET | LOWER_BOUND,
  };
}

/**
 * The series' latest reading up to `t` in any epoch that is remembered; −∞ if there was none. Of an epoch that was read
 * since, it is not known when it was read before: then it is the series' first reading, or the latest one forgotten.
 */
function previousTime(block: Block, f: number, t: number): number {
  let latest = Number.NEGATIVE_INFINITY;
  let wasReadSince = false;
  for (const { base } of block.lives) {
    const then = base[f * BASE] as number;
    if (then > t) wasReadSince = true;
    else if (then > latest) latest = then;
  }
  if (latest > Number.NEGATIVE_INFINITY || !wasReadSince || t < block.firstAt) return latest;
  return Math.max(block.firstAt, block.forgottenAt);
}

/** The continuity-corrected cumulative starts from the first baselines, or from zero (R18). */
export function addToTotals(block: Block, f: number, value: Amount): void {
  for (const totals of block.totals) totals[f] = add(totals[f] ?? 0, value);
}

/** A cumulative of the block was 0 at `from`; −∞: that is not known, and then of none of them. */
export function countSince(block: Block, from: number): void {
  if (!(block.since <= from)) block.since = from;
}
