import { windowKey } from './accumulator.ts';
import { ACC, type Block, DELTA, EMITTED, K } from './state.ts';
import { add } from './uint64.ts';

/**
 * `late: revise`: a window that was closed by grace, its series being silent, is kept until the series goes on. What
 * comes for it then opens it again, with all that it held, and it is emitted once more under the next revision. So it
 * is kept no longer than the silence, and there are no more of them than the silence began with.
 */

/** A window that was emitted and may be opened again: its accumulator, what it covered beside that, and its revision. */
export interface Emitted {
  readonly index: number;
  readonly acc: readonly number[];
  readonly spans: readonly number[];
  readonly revision: number;
}

/** By window size and field. */
const place = (w: number, f: number): string => `${w}/${f}`;

/**
 * Can window k, which is being emitted, be revised? Amounts beyond 2^53 are kept apart: such a window is not, nor is one
 * before it any more, since those after one that is taken back are taken back with it.
 */
export function isKeepable(block: Block, w: number, f: number, k: number): boolean {
  const key = windowKey(w, f, k);
  return !block.surplus.has(key) && !block.surplus.has(`${key}/u`);
}

/** Keeps a window that is emitted by grace. `acc` and `at`: its accumulator. */
export function keepEmitted(block: Block, w: number, f: number, acc: readonly number[], at: number): void {
  const index = acc[at + K] as number;
  const key = windowKey(w, f, index);
  const emitted: Emitted = {
    index,
    acc: acc.slice(at, at + EMITTED),
    spans: block.spans.get(key) ?? [],
    revision: revisionOf(block, w, f, index),
  };
  block.kept ??= new Map();
  block.kept.set(place(w, f), [...(block.kept.get(place(w, f)) ?? []), emitted]);
}

/** How often the open window k was emitted before. */
export const revisionOf = (block: Block, w: number, f: number, k: number): number =>
  block.revisions?.get(windowKey(w, f, k)) ?? 0;

/** Forgets how often it was: it is emitted. */
export function endRevision(block: Block, w: number, f: number, k: number): void {
  block.revisions?.delete(windowKey(w, f, k));
  if (block.revisions?.size === 0) block.revisions = null;
}

/**
 * Takes window k back, and those after it, if they are kept: they are open again. `put` puts what one held back into its
 * place. False: it is not kept.
 */
export function takeBack(block: Block, w: number, f: number, k: number, put: (emitted: Emitted) => void): boolean {
  const kept = block.kept?.get(place(w, f)) ?? [];
  const again = kept.filter(({ index }) => index >= k);
  if (again[0]?.index !== k) return false;
  const rest = kept.filter(({ index }) => index < k);
  keepOnly(block, w, f, rest);
  (block.windows[w] as number[])[f * ACC + EMITTED] = k - 1;
  const totals = block.totals[w] ?? [];
  block.revisions ??= new Map();
  for (const emitted of again) {
    const total = totals[f] ?? null;
    if (total !== null) totals[f] = add(total, -(emitted.acc[DELTA] as number));
    put(emitted);
    block.revisions.set(windowKey(w, f, emitted.index), emitted.revision + 1);
  }
  return true;
}

/** The windows before window k are final. */
export function finalise(block: Block, w: number, f: number, k: number): void {
  const kept = block.kept?.get(place(w, f));
  if (kept === undefined) return;
  const rest = kept.filter(({ index }) => index >= k);
  keepOnly(block, w, f, rest);
}

function keepOnly(block: Block, w: number, f: number, rest: readonly Emitted[]): void {
  if (rest.length > 0) block.kept?.set(place(w, f), rest);
  else block.kept?.delete(place(w, f));
  if (block.kept?.size === 0) block.kept = null;
}
