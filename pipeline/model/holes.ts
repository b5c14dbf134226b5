import { COUNTERS } from '../../avro/batch.ts';
import type { Tally } from './flags.ts';
import { ACC, type Block, EMITTED } from './state.ts';
import { lastOpen } from './windows.ts';

/**
 * A span (from, to] of event time for which no row of basis INTERVAL came, between two that did; one that comes late may
 * fill a part of it (ruling R10). Times in microseconds.
 */
export interface Hole {
  readonly from: number;
  readonly to: number;
  /** By window size: windows that begin before it may have been emitted with what was carried into them. */
  readonly untouchedFrom: readonly number[];
}

/** How far behind its newest row a hole may still be filled: what sources can be asked for again. */
const HORIZON_US = 2 * 3600e6;
const MOST_HOLES = 64;

/**
 * Remembers that nothing is known of (from, to], and forgets what nobody will fill any more. To be called before
 * anything of the row after the hole is counted.
 */
export function openHole(block: Block, sizes: readonly number[], from: number, to: number, tally: Tally): void {
  const untouchedFrom = sizes.map((size, w) => (lastTouched(block, w) + 1) * size);
  const holes = [...(block.holes ?? []), { from, to, untouchedFrom }];
  while (holes.length > MOST_HOLES || (holes[0] as Hole).to < to - HORIZON_US) {
    holes.shift();
    tally.events.hole_lost++;
  }
  block.holes = holes;
}

/** The last window of size w that is open or was emitted, of any counter. */
function lastTouched(block: Block, w: number): number {
  let last = Number.NEGATIVE_INFINITY;
  for (let f = 0; f < (COUNTERS[block.kind] as number); f++) {
    last = Math.max(last, (block.windows[w] as number[])[f * ACC + EMITTED] as number, lastOpen(block, w, f));
  }
  return last;
}

/** The hole that a row at `t` fills a part of; null: none, the row was counted. */
export const holeOf = ({ holes }: Block, t: number): Hole | null =>
  holes?.find(({ from, to }) => t > from && t <= to) ?? null;

/** (begin, end] of the hole is known now. */
export function fillHole(block: Block, hole: Hole, begin: number, end: number): void {
  const left = begin > hole.from ? [{ ...hole, to: begin }] : [];
  const right = end < hole.to ? [{ ...hole, from: end }] : [];
  const holes = (block.holes ?? []).flatMap((each) => (each === hole ? [...left, ...right] : [each]));
  block.holes = holes.length === 0 ? null : holes;
}

/** Does a hole reach into (from, to]? */
export const isHole = ({ holes }: Block, from: number, to: number): boolean =>
  holes?.some((hole) => hole.from < to && hole.to > from) ?? false;
