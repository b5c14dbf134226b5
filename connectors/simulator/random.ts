import { createHash } from 'node:crypto';

/** 32 bytes that belong to a name of the fleet, for ids. */
export const digestOf = (seed: number, ...name: readonly (string | number)[]): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([seed, ...name]))
    .digest();

/** Numbers in [0, 1) that belong to a name of the fleet, the same in every process: Marsaglia's xorshift of 32 bits. */
export function drawsOf(seed: number, ...name: readonly (string | number)[]): () => number {
  // xorshift stays at 0 for ever once it is there.
  let state = digestOf(seed, ...name).readUInt32LE() || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

/** A whole number in [low, high). */
export const between = (draw: () => number, low: number, high: number): number =>
  low + Math.floor(draw() * (high - low));

const HOUR_US = 3_600_000_000;

/** Microseconds to the next of events that come `perHour` times an hour by chance; Infinity if they never come. */
export const waitUs = (draw: () => number, perHour: number): number =>
  perHour === 0 ? Number.POSITIVE_INFINITY : Math.round((-Math.log(1 - draw()) * HOUR_US) / perHour);
