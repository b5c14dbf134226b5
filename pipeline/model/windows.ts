import type { Closed } from './closed.ts';
import { CARRIED, INTERPOLATED, LATE, LOWER_BOUND } from './flags.ts';
import { type Emitted, endRevision, finalise, isKeepable, keepEmitted, revisionOf, takeBack } from './revise.ts';
import type { WindowRules } from './rules.ts';
import { ACC, type Block, DELTA, EMITTED, FLAGBITS, FROM, type InstanceState, K, TO, UNCOVERED } from './state.ts';
import { type Amount, add, narrow, share } from './uint64.ts';

/**
 * Windows of one series: pieces of deltas go into open windows, finished windows come out. Window k of size W holds
 * (kW, (k+1)W] (ruling R12). All times are microseconds.
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

const spill = (f: number, k: number, w: number): string => `${w}/${f}/${k}`;

/** Finds or opens the accumulator of window k of field f, as [array, offset]. */
function locate(block: Block, w: number, f: number, k: number): readonly [number[], number] {
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
  const found = list.find((acc) => acc[K] === k);
  if (found) return [found, 0];
  const acc = new Array<number>(ACC).fill(Number.NaN);
  open(acc, 0, k);
  list.push(acc);
  list.sort((a, b) => (a[K] as number) - (b[K] as number));
  return [acc, 0];
}

function open(acc: number[], at: number, k: number): void {
  acc[at + K] = k;
  acc[at + DELTA] = 0;
  acc[at + UNCOVERED] = 0;
  acc[at + FROM] = Number.NaN;
  acc[at + TO] = Number.NaN;
  acc[at + FLAGBITS] = 0;
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
function nextOpen(block: Block, w: number, f: number): number {
  const least = leastOpen(block, w, f);
  const emitted = (block.windows[w] as number[])[f * ACC + EMITTED] as number;
  return least === Number.POSITIVE_INFINITY ? emitted + 1 : least;
}

/** A span of which nothing was known before: no window of this size (microseconds) that lies wholly in it was emitted. */
export interface Unknown {
  readonly from: number;
  readonly to: number;
  readonly size: number;
}

/**
 * Puts a piece of a delta into window k. `from` NaN: it has no coverage. What belongs to a window already emitted is
 * carried into the next one; a window within what is `unknown` was not.
 */
export function put(
  block: Block,
  w: number,
  f: number,
  k: number,
  amount: Amount,
  from: number,
  to: number,
  flags: number,
  unknown: Unknown | null = null,
): void {
  let target = k;
  let bits = flags;
  let begin = from;
  const emitted = (block.windows[w] as number[])[f * ACC + EMITTED] as number;
  const isEmpty = amount === 0 || amount === 0n;
  const isNews = !isEmpty || !Number.isNaN(from);
  if (k <= emitted && isNews && block.kept !== null) takeBack(block, w, f, k, (again) => reopen(block, w, f, again));
  if (k <= ((block.windows[w] as number[])[f * ACC + EMITTED] as number) && !isBehind(block, w, f, k, unknown)) {
    if (isEmpty) return;
    target = nextOpen(block, w, f);
    bits |= CARRIED;
    begin = Number.NaN;
  }
  const [acc, at] = locate(block, w, f, target);
  acc[at + FLAGBITS] = (acc[at + FLAGBITS] as number) | bits;
  increase(block, acc, at + DELTA, amount, () => spill(f, target, w));
  if (Number.isNaN(begin)) increase(block, acc, at + UNCOVERED, amount, () => `${spill(f, target, w)}/u`);
  else cover(block, acc, at, begin, to, () => spill(f, target, w));
}

/** Puts what a window held back into its place. */
function reopen(block: Block, w: number, f: number, { index, acc: held, spans }: Emitted): void {
  const [acc, at] = locate(block, w, f, index);
  for (let i = K; i < EMITTED; i++) acc[at + i] = held[i] as number;
  if (spans.length > 0) block.spans.set(spill(f, index, w), [...spans]);
}

/** Is window k, which lies behind one already emitted, open all the same, or may it be opened? */
function isBehind(block: Block, w: number, f: number, k: number, unknown: Unknown | null): boolean {
  if (unknown === null) return false;
  if ((block.windows[w] as number[])[f * ACC + K] === k) return true;
  if (block.more[w]?.get(f)?.some((acc) => acc[K] === k)) return true;
  return k * unknown.size >= unknown.from && (k + 1) * unknown.size <= unknown.to;
}

function increase(block: Block, acc: number[], at: number, amount: Amount, key: () => string): void {
  const sum = add(acc[at] as number, amount);
  if (typeof sum === 'number') {
    acc[at] = sum;
    return;
  }
  block.surplus.set(key(), (block.surplus.get(key()) ?? 0n) + sum);
  acc[at] = 0;
}

/** Adds (from, to] to what the window has seen; spans that do not touch are kept apart, so that coverage is a union. */
function cover(block: Block, acc: number[], at: number, from: number, to: number, key: () => string): void {
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

/**
 * Divides the delta of the span (from, to] over the windows of size w that it touches, so that the parts sum to the
 * delta exactly (I(b) = floor(delta × (b − from) / (to − from))), or puts it whole into the window of `to` (anchored).
 * `covered` false: it counts as estimated, without coverage.
 */
export function spread(
  rules: WindowRules,
  block: Block,
  w: number,
  f: number,
  amount: Amount,
  from: number,
  to: number,
  flags: number,
  covered: boolean,
  unknown: Unknown | null = null,
): void {
  const size = rules.sizes[w] as number;
  const last = windowOf(to, size);
  const first = rules.anchored ? last : Math.min(windowAfter(from, size), last);
  const bits = first === last ? flags : flags | INTERPOLATED;
  let before: Amount = 0;
  for (let k = first; k <= last; k++) {
    const begin = k === first ? from : k * size;
    const end = k === last ? to : (k + 1) * size;
    const through: Amount = k === last ? amount : share(amount, end - from, to - from);
    const part = add(through, -before);
    put(block, w, f, k, part, covered ? begin : Number.NaN, end, bits, unknown);
    before = through;
  }
}

/** Flags the windows of size w that (from, to] touches and that are open. */
export function markOpen(
  block: Block,
  w: number,
  f: number,
  size: number,
  from: number,
  to: number,
  flags: number,
): void {
  const flag = (acc: number[], at: number): void => {
    const k = acc[at + K] as number;
    if (k >= windowAfter(from, size) && k <= windowOf(to, size))
      acc[at + FLAGBITS] = (acc[at + FLAGBITS] as number) | flags;
  };
  flag(block.windows[w] as number[], f * ACC);
  for (const acc of block.more[w]?.get(f) ?? []) flag(acc, 0);
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
  for (;;) {
    const spilled = block.more[w]?.get(f);
    const k = inline[at + K] as number;
    const other = spilled?.[0]?.[K] ?? Number.NaN;
    const useSpilled = other < k || (Number.isNaN(k) && !Number.isNaN(other));
    const least = useSpilled ? other : k;
    if (!((least + 1) * size <= time)) return;
    const acc = useSpilled ? (spilled?.shift() as number[]) : inline;
    const isBehindAnother = least < (inline[at + EMITTED] as number);
    const isEmpty = holdsNothing(block, acc, useSpilled ? 0 : at, () => spill(f, least, w));
    if (!isEmpty) emit(emission, instance, block, w, f, acc, useSpilled ? 0 : at, isBehindAnother);
    if (!useSpilled) promote(inline, at, spilled);
    if (spilled?.length === 0) letGo(block, w, f);
    if (!isEmpty) inline[at + EMITTED] = Math.max(inline[at + EMITTED] as number, least);
  }
}

/** Was the window opened only for what is not known of it, and nothing came for it? It is not emitted (R1, R5). */
function holdsNothing(block: Block, acc: readonly number[], at: number, key: () => string): boolean {
  if (acc[at + FLAGBITS] !== LOWER_BOUND || !Number.isNaN(acc[at + FROM]) || acc[at + DELTA] !== 0) return false;
  return !block.surplus.has(key());
}

/** No window of the field is open beside the one in its place. */
function letGo({ more }: Block, w: number, f: number): void {
  more[w]?.delete(f);
  if (more[w]?.size === 0) more[w] = null;
}

/** The place beside the spilled windows is free: the first of them takes it, so that it is free only when none is open. */
function promote(inline: number[], at: number, spilled: number[][] | undefined): void {
  const next = spilled?.shift();
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
  const key = block.surplus.size > 0 || block.spans.size > 0 ? spill(f, index, w) : '';
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

function withSurplus(block: Block, amount: number, key: string): Amount {
  const surplus = block.surplus.get(key);
  if (surplus === undefined) return amount;
  block.surplus.delete(key);
  return narrow(BigInt(amount) + surplus);
}

/** The disjoint spans of an accumulator, ascending, as a flat list of from and to. */
function unionOf(block: Block, from: number, to: number, key: string): readonly number[] {
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

function lengthOf(spans: readonly number[], from: number, to: number): number {
  let length = 0;
  for (let i = 0; i < spans.length; i += 2) {
    length += Math.max(0, Math.min(spans[i + 1] as number, to) - Math.max(spans[i] as number, from));
  }
  return length;
}
