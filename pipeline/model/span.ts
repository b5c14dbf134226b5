import { leastAcross } from './bounds.ts';
import type { Circumstances } from './circumstances.ts';
import { EDGE, ESTIMATED } from './flags.ts';
import { maxGap } from './progress.ts';
import { cut, markOpen, spread } from './split.ts';
import { ACC, type Block, EMITTED } from './state.ts';
import type { Amount } from './uint64.ts';
import { windowAfter, windowOf } from './windows.ts';

/** A delta over (from, t]: measured, or estimated where nobody looked for longer than max_gap (rulings R14, R17). */
export function span(
  at: Circumstances,
  block: Block,
  f: number,
  delta: Amount,
  from: number,
  t: number,
  flags: number,
): void {
  const { rules } = at.emission;
  const measured = t - from <= maxGap(at.interval);
  if (!measured) at.tally.events.gap++;
  for (let w = 0; w < rules.sizes.length; w++) {
    const size = rules.sizes[w] as number;
    if (measured) {
      spread(rules, block, w, f, delta, from, t, flags, true);
    } else if (at.rules.edge || t - from > at.rules.fillMax * leastAcross(rules, w, from, t)) {
      cut(rules, block, w, f, windowOf(t, size), delta, Number.NaN, t, flags | ESTIMATED | EDGE);
    } else {
      spread(rules, block, w, f, delta, from, t, flags | ESTIMATED, false);
    }
  }
}

/**
 * Flags every window not yet emitted that (from, to] touches. Of those that are not open it opens the last `fillMax`,
 * and none that lies behind one already emitted: nobody knows yet whether something will come for them.
 */
export function mark(at: Circumstances, block: Block, f: number, from: number, to: number, flags: number): void {
  const { rules } = at.emission;
  const { sizes } = rules;
  for (let w = 0; w < sizes.length; w++) {
    const size = sizes[w] as number;
    const last = windowOf(to, size);
    markOpen(block, w, f, size, from, to, flags);
    const emitted = (block.windows[w] as number[])[f * ACC + EMITTED] as number;
    const first = Math.max(windowAfter(from, size), emitted + 1, last - at.rules.fillMax);
    for (let k = first; k <= last; k++) cut(rules, block, w, f, k, 0, Number.NaN, to, flags);
  }
}
