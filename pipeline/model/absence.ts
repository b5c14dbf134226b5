import { COUNTERS } from '../../avro/batch.ts';
import type { Circumstances } from './circumstances.ts';
import { LOWER_BOUND } from './flags.ts';
import type { SourceProgress } from './progress.ts';
import { mark } from './span.ts';
import { BASE, type InstanceState } from './state.ts';
import { setApart } from './together.ts';

/** The source lists the instance as off: what its living epochs did since their last reading is lost (R5). */
export function endAbsent(at: Circumstances, instance: InstanceState): void {
  if (endLives(at, instance, at.source, at.polledAt)) at.tally.events.absent++;
  instance.absent = { source: at.source, at: at.polledAt };
}

/** Ends the living epochs that a source has told, or all: of what they did up to `until` the end is lost. Was there one? */
export function endLives(
  at: Circumstances,
  instance: InstanceState,
  of: SourceProgress | null,
  until: number,
): boolean {
  let wasAlive = false;
  for (const block of instance.blocks) {
    setApart(block, at.emission.rules.sizes.length);
    for (const life of block.lives) {
      if (life.ended || (of !== null && life.source !== of)) continue;
      life.ended = true;
      wasAlive = true;
      for (let f = 0; f < (COUNTERS[block.kind] as number); f++) {
        const then = life.base[f * BASE] as number;
        if (!Number.isNaN(then)) mark(at, block, f, then, until, LOWER_BOUND);
      }
    }
  }
  return wasAlive;
}
