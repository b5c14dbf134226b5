/**
 * What something uses in each second since 1970: `base + scale · shape[(second + phase) mod its length]`, whole numbers all.
 * Because the shapes have running sums, the amount over any interval is known at once and exactly, a day or a year of it.
 */
export interface Load {
  readonly base: number;
  readonly scale: number;
  /** Index of a shape, whose values lie in 0 to 1000. */
  readonly shape: number;
  /** Seconds by which the shape is moved. */
  readonly phase: number;
}

/** Highest value of a shape; so a load never passes `base + 1000 · scale` a second. */
const PEAK = 1000;
/** Prime lengths, in seconds, so that no shape repeats with the 20 s of the samples. */
const LENGTHS = [61, 67, 71, 73, 79, 83, 89, 97];
const SECOND = 1_000_000;

interface Shape {
  readonly values: readonly number[];
  /** sums[i] is the sum of the first i values; the last is that of all. */
  readonly sums: readonly number[];
}

const SHAPES: readonly Shape[] = LENGTHS.map((length) => {
  const values = Array.from({ length }, (_, i) => hash(`${length}/${i}`) % (PEAK + 1));
  const sums = [0];
  for (const value of values) sums.push((sums.at(-1) ?? 0) + value);
  return { values, sums };
});

/** A load of its own for every seed, of at least `base` and at most `base + 1000 · scale` a second. */
export function loadOf(seed: string, base: number, scale: number): Load {
  const dice = hash(seed);
  return { base, scale, shape: dice % SHAPES.length, phase: (dice >>> 8) % 1000 };
}

export const steady = (perSecond: number): Load => ({ base: perSecond, scale: 0, shape: 0, phase: 0 });

/**
 * The amount over (from, to], exact while it and the load of one second stay below 2^53. Times in microseconds. The share
 * of a second that has begun is rounded down, on both ends alike, so amounts of adjacent intervals add up to the whole's.
 */
export function amount(load: Load, from: number, to: number): number {
  const a = Math.floor(from / SECOND);
  const b = Math.floor(to / SECOND);
  const whole = (b - a) * load.base + load.scale * (sumBefore(load, b) - sumBefore(load, a));
  return whole + begun(load, b, to - b * SECOND) - begun(load, a, from - a * SECOND);
}

/** The same in bigint, by another way, for truths of any size. */
export function exactAmount(load: Load, from: number, to: number): bigint {
  return exactBefore(load, to) - exactBefore(load, from);
}

function exactBefore(load: Load, at: number): bigint {
  const second = Math.floor(at / SECOND);
  const { values, sums } = shapeOf(load);
  const moved = second + load.phase;
  const turns = BigInt(Math.floor(moved / values.length)) * BigInt(sums[values.length] ?? 0);
  const before = turns + BigInt(sums[moved % values.length] ?? 0);
  const share = (BigInt(rateAt(load, second)) * BigInt(at - second * SECOND)) / BigInt(SECOND);
  return BigInt(load.base) * BigInt(second) + BigInt(load.scale) * before + share;
}

/** The load of the second that begins at this whole second. */
function rateAt(load: Load, second: number): number {
  const { values } = shapeOf(load);
  return load.base + load.scale * (values[(second + load.phase) % values.length] ?? 0);
}

function sumBefore(load: Load, second: number): number {
  const { values, sums } = shapeOf(load);
  const moved = second + load.phase;
  const index = moved % values.length;
  return ((moved - index) / values.length) * (sums[values.length] ?? 0) + (sums[index] ?? 0);
}

function begun(load: Load, second: number, us: number): number {
  if (us === 0) return 0;
  const product = rateAt(load, second) * us;
  if (!Number.isSafeInteger(product)) return Number((BigInt(rateAt(load, second)) * BigInt(us)) / BigInt(SECOND));
  return (product - (product % SECOND)) / SECOND;
}

/** What a load says of a level at a moment: it changes every 20 s. */
export const levelAt = (load: Load, at: number): number => rateAt(load, Math.floor(at / (20 * SECOND)));

function shapeOf(load: Load): Shape {
  const shape = SHAPES[load.shape];
  if (shape === undefined) throw new RangeError(`no shape ${load.shape}`);
  return shape;
}

/** FNV-1a, 32 bits, with a last stir so that near texts fall far apart. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
