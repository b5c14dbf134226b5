import type { Rules } from '../model/rules.ts';
import type { RawReading } from './evidence.ts';
import { type AttributionRules, type Change, through } from './naive/change.ts';
import type { FoundWindow } from './window-search.ts';

/** How a counter came from one reading to the next, or to its first. */
const HOWS = [
  'growth',
  'amount',
  'wrap',
  'fallen',
  'new epoch',
  'other',
  'baseline',
  'not newer',
  'regression',
  'off',
  'not read',
  'read',
  'listed',
] as const;
export type How = (typeof HOWS)[number];

/** A step on the way to a window's value. Times in microseconds, amounts in the counter's units. */
export interface Step {
  readonly how: How;
  /** The reading that it ends with; null where the time of that was corrected. */
  readonly reading: RawReading | null;
  /** The reading before it in the same epoch; null: there is none. */
  readonly before: RawReading | null;
  /** Null: nothing was counted. */
  readonly counted: {
    readonly amount: bigint;
    /** The movement took place in (from, to]. */
    readonly from: number;
    readonly to: number;
    /** What of it belongs to the window. */
    readonly part: bigint;
    /** Nobody looked for longer than 3.5 intervals. */
    readonly gap: boolean;
    /** Its windows may have been published when it came. */
    readonly overtaken: boolean;
  } | null;
}

export type Conclusion =
  /** The parts add up to what the model gives. */
  | 'equal'
  /** What is more came for windows that had been published already: it is carried in. */
  | 'carried in'
  /** What is less came when this window had been published already: a later one has it. */
  | 'carried on'
  /** The sum is not what the model gives. */
  | 'different'
  /** There is nothing to add up: a gauge, or a state. */
  | 'read';

export interface Explanation {
  readonly window: FoundWindow;
  readonly steps: readonly Step[];
  /** Sum of the parts; null for a gauge or a state. */
  readonly sum: bigint | null;
  /** The model's delta less the sum. */
  readonly carried: bigint;
  readonly conclusion: Conclusion;
}

/** Explains a window by what was read and how it moved; `rules` are those that the window was made by. */
export function explain(
  window: FoundWindow,
  readings: readonly RawReading[],
  changes: readonly Change[],
  { windows, counters }: Rules,
): Explanation {
  const { windowStart, windowEnd, counter } = window;
  const inWindow = (t: number): boolean => t > windowStart && t <= windowEnd;
  const ordered = [...readings].sort((a, b) => a.observedAt - b.observedAt || a.recordedAt - b.recordedAt);
  if (counter === null) {
    const read = ordered.filter(({ observedAt }) => inWindow(observedAt));
    const howOfReading = window.gauge === null ? () => 'listed' as const : uncounted;
    const steps = read.map((reading): Step => ({ how: howOfReading(reading), reading, before: null, counted: null }));
    return { window, steps, sum: null, carried: 0n, conclusion: conclusionOfGauge(window, read) };
  }
  const rules: AttributionRules = { anchored: windows.anchored, edge: counters.edge, fillMax: counters.fillMax };
  const size = windowEnd - windowStart;
  const partOf = (change: Change): bigint =>
    through(change, windowEnd, size, rules) - through(change, windowStart, size, rules);
  const touching = changes.filter((change) => partOf(change) !== 0n || isWithin(change, windowStart, windowEnd));
  const grace = graceOf(windows, size);
  const moved = touching.map((change) =>
    movedStep(change, partOf(change), mayHavePassed(change, windowEnd, grace), ordered),
  );
  const explained = new Set(moved.flatMap(({ reading }) => reading ?? []));
  const rest = ordered
    .filter((reading) => inWindow(reading.observedAt) && !explained.has(reading))
    .map((reading) => restStep(reading, ordered, explained, changes));
  const steps = [...moved, ...rest].sort((a, b) => timeOf(a) - timeOf(b));
  const sum = total(moved.map(({ counted }) => counted?.part ?? 0n));
  const carried = counter.delta - sum;
  const pools = {
    others: elsewhere(changes, partOf, size, grace),
    own: total(changes.filter((change) => mayHavePassed(change, windowEnd, grace)).map(partOf)),
  };
  return { window, steps, sum, carried, conclusion: conclusionOf(carried, pools) };
}

const isWithin = ({ from, to }: Change, start: number, end: number): boolean => to > start && from < end;

const timeOf = ({ reading, counted }: Step): number => counted?.to ?? reading?.observedAt ?? 0;

function movedStep(change: Change, part: bigint, overtaken: boolean, ordered: readonly RawReading[]): Step {
  const { amount, from, to, gap } = change;
  const at = ordered.findIndex(({ observedAt, value }) => observedAt === to && value !== null);
  const reading = ordered[at] ?? null;
  const before = reading && latestOf(ordered.slice(0, at), reading);
  const counted = { amount, from, to, part, gap, overtaken };
  return { how: howOf(amount, reading, before), reading, before, counted };
}

/** The latest reading before it that is of the same epoch, and has a value. */
const latestOf = (earlier: readonly RawReading[], { epoch, observedAt }: RawReading): RawReading | null =>
  earlier.findLast((each) => each.value !== null && each.epoch === epoch && each.observedAt < observedAt) ?? null;

function howOf(amount: bigint, reading: RawReading | null, before: RawReading | null): How {
  if (reading === null || reading.value === null) return 'other';
  const { value, interval } = reading;
  if (interval !== null) return amount === value ? 'amount' : 'other';
  if (before === null || before.value === null) return amount === value ? 'new epoch' : 'other';
  if (amount === value - before.value) return 'growth';
  if (amount === value) return 'fallen';
  const unwrapped = amount - (value - before.value);
  return unwrapped === 1n << 32n || unwrapped === 1n << 64n ? 'wrap' : 'other';
}

/** A reading of the window by which nothing was counted. */
function restStep(
  reading: RawReading,
  ordered: readonly RawReading[],
  explained: ReadonlySet<RawReading>,
  changes: readonly Change[],
): Step {
  const before = latestOf(ordered.slice(0, ordered.indexOf(reading)), reading);
  const step = (how: How): Step => ({ how, reading, before, counted: null });
  if (reading.value === null) return step(uncounted(reading));
  const isAgain =
    [...explained].some((each) => each !== reading && each.observedAt === reading.observedAt) ||
    changes.some(({ to }) => to === reading.observedAt) ||
    ordered.some(
      (each) => each !== reading && each.observedAt === reading.observedAt && each.recordedAt < reading.recordedAt,
    );
  if (isAgain) return step('not newer');
  if (before === null) return step('baseline');
  return step(reading.value < (before.value ?? 0n) ? 'regression' : 'not newer');
}

function uncounted({ value, state }: RawReading): How {
  if (value !== null) return 'read';
  return state === 'RUNNING' || state === 'BLOCKED' || state === 'PAUSED' ? 'not read' : 'off';
}

/** A gauge's last reading in the window is what the model has as its last. */
function conclusionOfGauge({ gauge }: FoundWindow, read: readonly RawReading[]): Conclusion {
  if (gauge === null) return 'read';
  const last = read.findLast(({ value }) => value !== null);
  return last === undefined || last.value === BigInt(gauge.last) ? 'read' : 'different';
}

const total = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, amount) => sum + amount, 0n);

const LEAST_GRACE_US = 30e6;

function graceOf({ sizes, graces }: Rules['windows'], size: number): number {
  const grace = graces[sizes.indexOf(size)] ?? 'auto';
  return grace === 'auto' ? LEAST_GRACE_US : grace;
}

/** May a window that ends at `end` have been emitted when the change came? Silence closes it a grace after its end. */
const mayHavePassed = ({ overtaken, to }: Change, end: number, grace: number): boolean =>
  overtaken || to - end >= grace;

/** What belongs to other windows and may have come too late for them: one that is still open has it. */
function elsewhere(
  changes: readonly Change[],
  partOf: (change: Change) => bigint,
  size: number,
  grace: number,
): bigint {
  const late = changes.filter((change) =>
    mayHavePassed(change, (Math.floor(Math.min(change.from, change.to) / size) + 1) * size, grace),
  );
  return total(late.map((change) => change.amount - partOf(change)));
}

function conclusionOf(carried: bigint, pools: { readonly others: bigint; readonly own: bigint }): Conclusion {
  if (carried === 0n) return 'equal';
  if (carried > 0n) return carried <= pools.others ? 'carried in' : 'different';
  return -carried <= pools.own ? 'carried on' : 'different';
}
