const SECOND_US = 1_000_000;

/**
 * How fast something is consumed, or how high it stands: steps that follow each other for ever, in whole seconds and
 * whole units a second (nanoseconds of a CPU, bytes, requests), so that what was consumed in any time is exact.
 */
export interface Load {
  readonly seconds: number;
  /** Of one period. */
  readonly units: number;
  readonly steps: readonly { readonly seconds: number; readonly perSecond: number }[];
}

/** `[seconds, units a second]` each. */
export function load(...steps: readonly (readonly [seconds: number, perSecond: number])[]): Load {
  if (!steps.flat().every(Number.isSafeInteger)) throw new Error('a load is made of whole numbers');
  return {
    seconds: steps.reduce((sum, [seconds]) => sum + seconds, 0),
    units: steps.reduce((sum, [seconds, perSecond]) => sum + seconds * perSecond, 0),
    steps: steps.map(([seconds, perSecond]) => ({ seconds, perSecond })),
  };
}

export const steady = (perSecond: number): Load => load([1, perSecond]);

/** Whole units consumed in the first `us` microseconds of the world; exact below 2^53. */
export function consumedBy({ seconds, units, steps }: Load, us: number): number {
  const period = seconds * SECOND_US;
  const whole = Math.floor(us / period);
  let left = us - whole * period;
  let sum = whole * units;
  for (const step of steps) {
    const taken = Math.min(left, step.seconds * SECOND_US);
    const second = Math.floor(taken / SECOND_US);
    sum += second * step.perSecond + Math.floor(((taken - second * SECOND_US) * step.perSecond) / SECOND_US);
    left -= taken;
    if (left === 0) break;
  }
  return sum;
}

/** What a load stands at, for gauges. */
export function levelAt({ seconds, steps }: Load, us: number): number {
  let left = us - Math.floor(us / (seconds * SECOND_US)) * seconds * SECOND_US;
  for (const step of steps) {
    if (left < step.seconds * SECOND_US) return step.perSecond;
    left -= step.seconds * SECOND_US;
  }
  return 0;
}
