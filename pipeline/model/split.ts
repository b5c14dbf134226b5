import { cover, increase, windowKey } from './accumulator.ts';
import { placeOf } from './bounds.ts';
import { CARRIED, INTERPOLATED } from './flags.ts';
import { type Emitted, takeBack } from './revise.ts';
import type { WindowRules } from './rules.ts';
import { ACC, type Block, DELTA, EMITTED, FLAGBITS, K, UNCOVERED } from './state.ts';
import { type Amount, add, share } from './uint64.ts';
import { isOpen, locate, nextOpen, windowAfter, windowOf } from './windows.ts';

/** Growth of a counter is divided over the windows that it belongs to. All times are microseconds. */

/** A span of which nothing was known before: no window of this size (microseconds) that lies wholly in it was emitted. */
interface Unknown {
  readonly from: number;
  readonly to: number;
  readonly size: number;
}

/**
 * Puts a piece of a delta into window k. `from` NaN: it has no coverage. What belongs to a window already emitted is
 * carried into the next one; a window within what is `unknown` was not.
 */
function put(
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
  if (k <= ((block.windows[w] as number[])[f * ACC + EMITTED] as number) && !isStillOpen(block, w, f, k, unknown)) {
    if (isEmpty) return;
    target = nextOpen(block, w, f);
    bits |= CARRIED;
    begin = Number.NaN;
  }
  const [acc, at] = locate(block, w, f, target);
  acc[at + FLAGBITS] = (acc[at + FLAGBITS] as number) | bits;
  increase(block, acc, at + DELTA, amount, () => windowKey(w, f, target));
  if (Number.isNaN(begin)) increase(block, acc, at + UNCOVERED, amount, () => `${windowKey(w, f, target)}/u`);
  else cover(block, acc, at, begin, to, () => windowKey(w, f, target));
}

/** The same for a size that is perhaps not cut for good: what lies without its bounds is another size's. */
export function cut(
  rules: WindowRules,
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
  const place = placeOf(rules, block, w, f, k);
  if (place === 'here') put(block, w, f, k, amount, from, to, flags, unknown);
  else if (place === 'counted') count(block, w, f, amount);
  else if (place !== 'elsewhere' && amount !== 0 && amount !== 0n)
    put(block, w, f, Math.max(place.first, nextOpen(block, w, f)), amount, Number.NaN, to, flags | CARRIED, unknown);
}

/** It is in the cumulative of size w, and in no window. */
function count(block: Block, w: number, f: number, amount: Amount): void {
  const totals = block.totals[w] as (Amount | null)[];
  totals[f] = add(totals[f] ?? 0, amount);
}

/** Puts what a window held back into its place. */
function reopen(block: Block, w: number, f: number, { index, acc: held, spans }: Emitted): void {
  const [acc, at] = locate(block, w, f, index);
  for (let i = K; i < EMITTED; i++) acc[at + i] = held[i] as number;
  if (spans.length > 0) block.spans.set(windowKey(w, f, index), [...spans]);
}

/** Is window k, which lies behind one already emitted, open all the same, or may it be opened? */
function isStillOpen(block: Block, w: number, f: number, k: number, unknown: Unknown | null): boolean {
  if (unknown === null) return false;
  if (isOpen(block, w, f, k)) return true;
  return k * unknown.size >= unknown.from && (k + 1) * unknown.size <= unknown.to;
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
    cut(rules, block, w, f, k, part, covered ? begin : Number.NaN, end, bits, unknown);
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
