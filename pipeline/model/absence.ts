import { COUNTERS } from '../../avro/batch.ts';
import type { Circumstances } from './circumstances.ts';
import { LOWER_BOUND } from './flags.ts';
import { ACC, BASE, type Block, type InstanceState, K } from './state.ts';
import { setApart } from './together.ts';
import { put } from './windows.ts';

/** The source lists the instance as off: what its living epochs did since their last reading is lost (R5). */
export function endLives(at: Circumstances, instance: InstanceState): void {
  for (const block of instance.blocks) {
    setApart(block, at.emission.rules.sizes.length);
    for (const life of block.lives) {
      if (life.source !== at.source || life.ended) continue;
      life.ended = true;
      at.tally.events.absent++;
      for (let f = 0; f < (COUNTERS[block.kind] as number); f++) {
        const then = life.base[f * BASE] as number;
        if (!Number.isNaN(then)) markOpen(at, block, f, then, at.polledAt);
      }
    }
  }
}

/** Flags `lower_bound` on the windows of (from, to] that hold something and are not emitted. */
function markOpen(at: Circumstances, block: Block, f: number, from: number, to: number): void {
  const { sizes } = at.emission.rules;
  for (let w = 0; w < sizes.length; w++) {
    const size = sizes[w] as number;
    const k = (block.windows[w] as number[])[f * ACC + K] as number;
    if (from < (k + 1) * size && to > k * size) put(block, w, f, k, 0, Number.NaN, to, LOWER_BOUND);
  }
}
