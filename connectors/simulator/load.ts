import { drawsOf } from './random.ts';

/** A day of the fleet lasts an hour, so that waves show in a demo: 360 slots of ten seconds, over and over. */
const SLOT_US = 10_000_000;
const SLOTS = 360;
const DAY_US = SLOTS * SLOT_US;
const PER_MILLE_US = 1_000n * 1_000_000n;

/**
 * How busy an instance is, in per mille of its peak, slot by slot: a wave over the day with bursts on it, never above
 * 1000. `before[s]` is the sum of the slots before s.
 */
export interface Load {
  readonly slots: Uint16Array;
  readonly before: Uint32Array;
}

/** The load of a name of the fleet. */
export function loadOf(seed: number, name: string): Load {
  const draw = drawsOf(seed, 'load', name);
  const base = 50 + 150 * draw();
  const wave = 100 + 300 * draw();
  const phase = draw();
  const slots = new Uint16Array(SLOTS);
  const before = new Uint32Array(SLOTS + 1);
  for (let slot = 0; slot < SLOTS; slot++) {
    const height = (1 - Math.cos(2 * Math.PI * (slot / SLOTS + phase))) / 2;
    const burst = draw() < 0.08 ? 400 * draw() : 0;
    const busy = Math.min(1000, Math.round(base + wave * height + burst));
    slots[slot] = busy;
    before[slot + 1] = (before[slot] as number) + busy;
  }
  return { slots, before };
}

/** Per mille of the peak at a time in microseconds. */
export const busyAt = (load: Load, at: number): number =>
  load.slots[Math.floor(modulo(at, DAY_US) / SLOT_US)] as number;

/**
 * What a series with a peak of `perSecond` units has consumed from 1970 to a time in microseconds, to the unit. The
 * integral of the load in integers: the amount of an interval is the difference of two of these, so amounts of
 * adjoining intervals add up exactly.
 */
export function consumedBy(load: Load, perSecond: bigint, at: number): bigint {
  const inDay = modulo(at, DAY_US);
  const slot = Math.floor(inDay / SLOT_US);
  const days = BigInt((at - inDay) / DAY_US);
  const today = (load.before[slot] as number) * SLOT_US + (load.slots[slot] as number) * (inDay - slot * SLOT_US);
  const busyUs = days * BigInt((load.before[SLOTS] as number) * SLOT_US) + BigInt(today);
  return (perSecond * busyUs) / PER_MILLE_US;
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;
