/** What a counter has moved by between two readings, or since an epoch's begin. Times in microseconds. */
export interface Change {
  /** Index of the counter among its device's. */
  readonly field: number;
  readonly amount: bigint;
  /** The movement took place in (from, to]. */
  readonly from: number;
  readonly to: number;
  /** Nobody looked for longer than 3.5 intervals (R14). */
  readonly gap: boolean;
  /**
   * Its windows may have been emitted when it came: the watermark had passed it (R3), another epoch had been read
   * after its begin (R1), or the instance was deleted then (R21).
   */
  readonly overtaken: boolean;
}

/** What decides to which windows a change belongs. */
export interface AttributionRules {
  readonly anchored: boolean;
  readonly edge: boolean;
  /** In windows. */
  readonly fillMax: number;
}

/**
 * How much of a change belongs to windows of `size` that end at or before `bound`, a bound of windows: by the integer
 * interpolation of 1.5, or all or nothing where it stands whole in the window of its end (anchored; R14, R17).
 */
export function through(change: Change, bound: number, size: number, rules: AttributionRules): bigint {
  const { amount, from, to } = change;
  if (to <= bound) return amount;
  if (bound <= from || isWhole(change, size, rules)) return 0n;
  return (amount * BigInt(bound - from)) / BigInt(to - from);
}

function isWhole({ from, to, gap }: Change, size: number, { anchored, edge, fillMax }: AttributionRules): boolean {
  if (anchored || from >= to) return true;
  return gap && (edge || to - from > fillMax * size);
}
