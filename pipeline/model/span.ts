import type { Circumstances } from './circumstances.ts';
import { EDGE, ESTIMATED } from './flags.ts';
import { maxGap } from './progress.ts';
import type { Block } from './state.ts';
import type { Amount } from './uint64.ts';
import { put, spread, windowOf } from './windows.ts';

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
    } else if (at.rules.edge || t - from > at.rules.fillMax * size) {
      put(block, w, f, windowOf(t, size), delta, Number.NaN, t, flags | ESTIMATED | EDGE);
    } else {
      spread(rules, block, w, f, delta, from, t, flags | ESTIMATED, false);
    }
  }
}
