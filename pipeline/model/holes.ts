import type { Tally } from './flags.ts';
import type { Block } from './state.ts';

/**
 * Rows of basis INTERVAL that did not come: spans of event time between the rows that did, kept as a flat list of from
 * and to, ascending. A row that comes late may fill one (ruling R10). Times in microseconds.
 */
export type Holes = number[];

/** How far behind its newest row a hole may still be filled: what sources can be asked for again. */
const HORIZON_US = 2 * 3600e6;
const MOST_HOLES = 64;

/** Remembers that nothing is known of (from, to], and forgets what nobody will fill any more. */
export function openHole(block: Block, from: number, to: number, tally: Tally): void {
  const holes = block.holes ?? [];
  holes.push(from, to);
  while (holes.length > 2 * MOST_HOLES || (holes[1] as number) < to - HORIZON_US) {
    holes.splice(0, 2);
    tally.events.hole_lost++;
  }
  block.holes = holes.length === 0 ? null : holes;
}

/** The hole that a row over (t - interval, t] fills a part of; null: none, the row was counted. */
export function holeOf({ holes }: Block, t: number): readonly [from: number, to: number] | null {
  for (let i = 0; holes !== null && i < holes.length; i += 2) {
    const [from, to] = [holes[i] as number, holes[i + 1] as number];
    if (t > from && t <= to) return [from, to];
  }
  return null;
}

/** (begin, end] of the hole is known now. */
export function fillHole(block: Block, [from, to]: readonly [number, number], begin: number, end: number): void {
  const holes = block.holes ?? [];
  const left = begin > from ? [from, begin] : [];
  const right = end < to ? [end, to] : [];
  holes.splice(holes.indexOf(from), 2, ...left, ...right);
  block.holes = holes.length === 0 ? null : holes;
}

/** Does a hole reach into (from, to]? */
export function isHole({ holes }: Block, from: number, to: number): boolean {
  for (let i = 0; holes !== null && i < holes.length; i += 2) {
    if ((holes[i] as number) < to && (holes[i + 1] as number) > from) return true;
  }
  return false;
}
