import { holdsNothing, lengthOf, open, unionOf, windowKey, withSurplus } from './accumulator.ts';
import type { Closed } from './closed.ts';
import { LATE } from './flags.ts';
import { endRevision, finalise, isKeepable, keepEmitted, revisionOf } from './revise.ts';
import type { WindowRules } from './rules.ts';
import { ACC, type Block, DELTA, EMITTED, FLAGBITS, FROM, type InstanceState, K, TO, UNCOVERED } from './state.ts';
import { type Amount, add } from './uint64.ts';

/**
 * Windows of one series: they are opened, and come out when they are finished. Window k of size W holds (kW, (k+1)W]
 * (ruling R12). All times are microseconds.
 */

/** Where finished windows go, and what decides whether they are late. */
export interface Emission {
  readonly rules: WindowRules;
  readonly closed: Closed;
  /** By window size, the partition's watermark when the reading arrived less the grace: what ended by then is late. */
  readonly lateBefore: readonly number[];
  /** It is silence that closes the windows. */
  readonly byGrace: boolean;
}

/** Index of the window that holds what begins right after t. */
export const windowAfter = (t: number, size: number): number => Math.floor(t / size);
/** Index of the window that holds the instant t. */
export const windowOf = (t: number, size: number): number => Math.ceil(t / size) - 1;

/** Finds or opens the accumulator of window k of field f, as [array, offset]. */
export function locate(block: Block, w: number, f: number, k: number): readonly [number[], number] {
  const inline = block.windows[w] as number[];
  const at = f * ACC;
  if (inline[at + K] === k) return [inline, at];
  if (Number.isNaN(inline[at + K])) {
    open(inline, at, k);
    return [inline, at];
  }
  let byField = block.more[w];
  if (!byField) {
    byField = new Map();
    block.more[w] = byField;
  }
  let list = byField.get(f);
  if (!list) {
    list = [];
    byField.set(f, list);
  }
  const place = placeIn(list, k);
  const found = list[place];
  if (found?.[K] === k) return [found, 0];
  const acc = new Array<number>(ACC).fill(Number.NaN);
  open(acc, 0, k);
  list.splice(place, 0, acc);
  return [acc, 0];
}

/** Is window k of field f open? */
export function isOpen({ windows, more }: Block, w: number, f: number, k: number): boolean {
  if ((windows[w] as number[])[f * ACC + K] === k) return true;
  const list = more[w]?.get(f);
  return list?.[placeIn(list, k)]?.[K] === k;
}

/** Where window k is, or belongs, among accumulators that ascend: a long row opens very many. */
function placeIn(list: readonly number[][], k: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.[K] as number) < k) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first window of size w and field f that is open; +∞: none is. */
export function leastOpen({ windows, more }: Pick<Block, 'windows' | 'more'>, w: number, f: number): number {
  const first = (windows[w] as number[])[f * ACC + K] as number;
  const spilled = more[w]?.get(f)?.[0]?.[K] ?? Number.POSITIVE_INFINITY;
  return Number.isNaN(first) ? spilled : Math.min(first, spilled);
}

/** Index of the last window of size w and field f that is open; −∞: none is. */
export function lastOpen({ windows, more }: Block, w: number, f: number): number {
  const inline = (windows[w] as number[])[f * ACC + K] as number;
  const spilled = more[w]?.get(f)?.at(-1)?.[K] ?? Number.NEGATIVE_INFINITY;
  return Number.isNaN(inline) ? spilled : Math.max(inline, spilled);
}

/** The first window that is still open, or the one after the last emitted: where what came too late is carried. */
export function nextOpen(block: Block, w: number, f: number): number {
  const least = leastOpen(block, w, f);
  const emitted = (block.windows[w] as number[])[f * ACC + EMITTED] as number;
  return least === Number.POSITIVE_INFINITY ? emitted + 1 : least;
}

/** Emits the windows of size w and field f that end at or before the series' own time, oldest first. */
export function settle(
  emission: Emission,
  instance: InstanceState,
  block: Block,
  w: number,
  f: number,
  ownTime: number,
): void {
  emitThrough(emission, instance, block, w, f, ownTime);
  if (block.kept !== null) finalise(block, w, f, windowAfter(ownTime, emission.rules.sizes[w] as number));
}

const NONE: number[][] = [];

/** Emits the windows of size w and field f that end at or before `time`, oldest first. */
export function emitThrough(
  emission: Emission,
  instance: InstanceState,
  block: Block,
  w: number,
  f: number,
  time: number,
): void {
  const size = emission.rules.sizes[w] as number;
  const inline = block.windows[w] as number[];
  const at = f * ACC;
  const spilled = block.more[w]?.get(f) ?? NONE;
  let taken = 0;
  for (;;) {
    const k = inline[at + K] as number;
    const other = spilled[taken]?.[K] ?? Number.NaN;
    const useSpilled = other < k || (Number.isNaN(k) && !Number.isNaN(other));
    const least = useSpilled ? other : k;
    if (!((least + 1) * size <= time)) break;
    const acc = useSpilled ? (spilled[taken++] as number[]) : inline;
    const isBehindAnother = least < (inline[at + EMITTED] as number);
    const isEmpty = holdsNothing(block, acc, useSpilled ? 0 : at, () => windowKey(w, f, least));
    if (!isEmpty) emit(emission, instance, block, w, f, acc, useSpilled ? 0 : at, isBehindAnother);
    // The place beside the spilled windows is free: the first of them takes it, so that it is free only when none is open.
    if (!useSpilled) promote(inline, at, spilled[taken++]);
    if (!isEmpty) inline[at + EMITTED] = Math.max(inline[at + EMITTED] as number, least);
  }
  if (taken === 0) return;
  if (taken >= spilled.length) letGo(block, w, f);
  // At once: one by one would move the others as often.
  else spilled.splice(0, taken);
}

/** No window of the field is open beside the one in its place. */
function letGo({ more }: Block, w: number, f: number): void {
  more[w]?.delete(f);
  if (more[w]?.size === 0) more[w] = null;
}

function promote(inline: number[], at: number, next: readonly number[] | undefined): void {
  if (next) for (let i = K; i < EMITTED; i++) inline[at + i] = next[i] as number;
  else inline[at + K] = Number.NaN;
}

function emit(
  { rules, closed, lateBefore, byGrace }: Emission,
  instance: InstanceState,
  block: Block,
  w: number,
  f: number,
  acc: readonly number[],
  at: number,
  isBehindAnother: boolean,
): void {
  const size = rules.sizes[w] as number;
  const index = acc[at + K] as number;
  const revision = revisionOf(block, w, f, index);
  if (rules.revise) {
    if (byGrace && !isBehindAnother && isKeepable(block, w, f, index)) keepEmitted(block, w, f, acc, at);
    else finalise(block, w, f, index);
  }
  endRevision(block, w, f, index);
  const key = block.surplus.size > 0 || block.spans.size > 0 ? windowKey(w, f, index) : '';
  const delta = withSurplus(block, acc[at + DELTA] as number, key);
  const uncovered = withSurplus(block, acc[at + UNCOVERED] as number, `${key}/u`);
  const spans = unionOf(block, acc[at + FROM] as number, acc[at + TO] as number, key);
  const start = index * size;
  const totals = block.totals[w] as Amount[];
  const total = totals[f] === null ? null : add(totals[f] as Amount, delta);
  if (total !== null) totals[f] = total;
  closed.counters.push({
    instance,
    block,
    identity: instance.identity,
    vcpus: instance.vcpus,
    state: instance.state,
    field: f,
    size: w,
    index,
    delta,
    covered: lengthOf(spans, start, start + size),
    rateDelta: uncovered === 0 ? delta : add(delta, -uncovered),
    rateTime: lengthOf(spans, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
    revision,
    flags: (acc[at + FLAGBITS] as number) | (isBehindAnother || start + size <= (lateBefore[w] as number) ? LATE : 0),
    // The next window's includes it (ruling R18).
    total: isBehindAnother ? null : total,
  });
}
