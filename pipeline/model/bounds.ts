import type { WindowRules } from './rules.ts';
import { ACC, type Block, EMITTED } from './state.ts';

/**
 * Whose window an amount is put into while sizes change. Of the sizes that change at one bound, what lies before it is the
 * old ones' and what lies after it the new ones', so that every instant is in one window. Where an old one has emitted its
 * last window, or is let go of, the new ones get what still comes of before the bound.
 *
 *   here       this size's window k
 *   elsewhere  another size's, or nobody's where none comes in its stead: nothing of it is this one's
 *   counted    an earlier size's: it is in this one's cumulative, as what was before its first window
 *   { first }  carried into the first window that is not emitted, this one at the earliest
 */
export type Place = 'here' | 'elsewhere' | 'counted' | { readonly first: number };

/** Where what belongs to window k of size w goes, of field f. */
export function placeOf(rules: WindowRules, block: Block, w: number, f: number, k: number): Place {
  const bounds = rules.bounds?.[w];
  if (!bounds) return 'here';
  const size = rules.sizes[w] as number;
  if (k * size >= bounds.until) return 'elsewhere';
  if (k * size < bounds.from)
    return bounds.follows && !canTake(rules, block, f, bounds.from) ? { first: bounds.from / size } : 'counted';
  // What is carried must not go beyond the last window.
  return bounds.until < Number.POSITIVE_INFINITY && !canTake(rules, block, f, bounds.until) ? 'elsewhere' : 'here';
}

/** Are there sizes that end at the bound, none of which has emitted its last window of the field? */
function canTake({ sizes, bounds }: WindowRules, block: Block, f: number, until: number): boolean {
  let isThere = false;
  for (let w = 0; w < sizes.length; w++) {
    if (bounds?.[w]?.until !== until) continue;
    isThere = true;
    const last = until / (sizes[w] as number) - 1;
    if (((block.windows[w] as number[])[f * ACC + EMITTED] as number) >= last) return false;
  }
  return isThere;
}

/** Does window k of size w lie within the bounds of the size? */
export function isWithin({ sizes, bounds }: Pick<WindowRules, 'sizes' | 'bounds'>, w: number, k: number): boolean {
  const each = bounds?.[w];
  const size = sizes[w] as number;
  return !each || (k * size >= each.from && k * size < each.until);
}

/** Is all of (from, to] that size w has of it within its bounds, or nothing, and does an earlier size have the rest? */
export function isPlain({ bounds }: WindowRules, w: number, from: number, to: number): boolean {
  const each = bounds?.[w];
  if (!each || (from >= each.from && to <= each.until) || from >= each.until) return true;
  return to <= each.from && (!each.follows || (bounds?.some((other) => other?.until === each.from) ?? false));
}

/** The least of a size and of those that change at a bound between `from` and `to`, if it does too. */
export function leastAcross({ sizes, bounds }: WindowRules, w: number, from: number, to: number): number {
  const size = sizes[w] as number;
  const isAcross = (bound: number | undefined): boolean => bound !== undefined && bound > from && bound < to;
  if (!isAcross(bounds?.[w]?.from) && !isAcross(bounds?.[w]?.until)) return size;
  return Math.min(...sizes.filter((_, v) => isAcross(bounds?.[v]?.from) || isAcross(bounds?.[v]?.until)));
}
