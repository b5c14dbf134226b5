import { COUNTERS } from '../../avro/batch.ts';
import type { Circumstances } from './circumstances.ts';
import { LOWER_BOUND } from './flags.ts';
import { mark } from './span.ts';
import { BASE, type InstanceState } from './state.ts';
import { setApart } from './together.ts';

/** The source lists the instance as off: what its living epochs did since their last reading is lost (R5). */
export function endLives(at: Circumstances, instance: InstanceState): void {
  let wasAlive = false;
  for (const block of instance.blocks) {
    setApart(block, at.emission.rules.sizes.length);
    for (const life of block.lives) {
      if (life.source !== at.source || life.ended) continue;
      life.ended = true;
      wasAlive = true;
      for (let f = 0; f < (COUNTERS[block.kind] as number); f++) {
        const then = life.base[f * BASE] as number;
        if (!Number.isNaN(then)) mark(at, block, f, then, at.polledAt, LOWER_BOUND);
      }
    }
  }
  if (wasAlive) at.tally.events.absent++;
}
