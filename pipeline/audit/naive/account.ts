import type { Change } from './change.ts';

/**
 * The movement of the counters of one device by the rules of docs/semantics.md, written to be read beside them and
 * sharing nothing with the model: plain objects, a bigint a value. Times in microseconds.
 */
export interface Account {
  /** By name, the oldest first; null where the source names none. */
  readonly epochs: Map<string | null, Epoch>;
  /** Time of the first reading ever. */
  firstAt: number;
  /** Up to when epochs that are no longer remembered were read; what is not newer may be theirs. */
  forgottenAt: number;
  vcpus: number;
}

interface Epoch {
  /** The source that told it first. */
  readonly source: string;
  /** Time of its latest reading. */
  at: number;
  readonly counters: Map<number, Latest>;
  /** Of amounts: the spans of which no row came, oldest first (R10). */
  holes: readonly Hole[];
}

type Hole = readonly [from: number, to: number];

/** The latest value that is believed, and the regressions since. */
interface Latest {
  readonly t: number;
  readonly v: bigint;
  readonly falls: readonly bigint[];
}

/** One device read once, and what surrounds it. */
export interface DeviceReading {
  readonly source: string;
  readonly epoch: string | null;
  readonly t: number;
  /** Null: the values are cumulative; else they are amounts over (t − interval, t]. */
  readonly interval: number | null;
  /** When the epoch started; NaN: unknown. */
  readonly startedAt: number;
  /** When the instance came to be; NaN: nobody told (R20). */
  readonly bornAt: number;
  /** Up to when windows may have been closed because the instance was deleted; −∞: it never was (R21). */
  readonly closedThrough: number;
  readonly values: ReadonlyMap<number, bigint>;
  /** As this reading tells it; null: it does not. */
  readonly vcpus: number | null;
  /** Units a second, 0 = unknown; bits, 0 = it never wraps (R8). */
  readonly maxRate: (field: number, vcpus: number) => number;
  readonly bits: (field: number) => number;
  readonly pollInterval: number;
  readonly maxSkew: number;
  /** Smallest scheduled time there was (R13). */
  readonly streamStart: number;
  /** A source's last complete poll before this one; −∞: none (R4). */
  readonly unlistedAt: (source: string) => number;
  /** When a source last listed the instance as off, if it was the last to do so; −∞: never (R5). */
  readonly offAt: (source: string) => number;
  readonly late: boolean;
}

/** INTERVAL rows are one epoch, whoever reports them (R10). */
const AMOUNTS = '\u0000amounts';
const REMEMBERED_EPOCHS = 8;
/** For so long an instance is remembered (R13). */
const REMEMBERED_US = 30 * 86_400e6;
const GAP_INTERVALS = 3.5;
const RESET_AFTER = 3;
/** How far back, and how many, holes are remembered (R10). */
const HOLES_US = 2 * 3600e6;
const MOST_HOLES = 64;

/** `forgottenAt`: what the instance had up to then is forgotten; −∞: nothing is. */
export const createAccount = (forgottenAt = Number.NEGATIVE_INFINITY): Account => ({
  epochs: new Map(),
  firstAt: Number.POSITIVE_INFINITY,
  forgottenAt,
  vcpus: 0,
});

/** Takes a reading in the order of counting; returns what moved by it. A reading that is not newer moves nothing (R3). */
export function read(account: Account, reading: DeviceReading): readonly Change[] {
  const epoch = epochOf(account, reading);
  if (epoch === undefined) return [];
  if (reading.t <= epoch.at) return reading.interval === null ? [] : fillHole(epoch, reading, reading.interval);
  account.firstAt = Math.min(account.firstAt, reading.t);
  account.vcpus = reading.vcpus ?? account.vcpus;
  const changes: Change[] = [];
  for (const [field, v] of reading.values) {
    const before = epoch.counters.get(field);
    const { change, latest } =
      reading.interval !== null
        ? amount(reading, field, v, before, reading.interval)
        : before === undefined
          ? begin(account, reading, epoch.source, field, v)
          : move(account, reading, field, v, before);
    if (change) {
      const latestAt = latestTime(account, field);
      const isPassed = change.from < latestAt || change.to <= latestAt;
      const isClosed = change.from < reading.closedThrough;
      changes.push({ ...change, overtaken: reading.late || isPassed || isClosed });
    }
    epoch.counters.set(field, latest);
  }
  if (reading.interval !== null) openHole(epoch, reading.t, reading.t - reading.interval);
  epoch.at = reading.t;
  return changes;
}

interface Step {
  readonly change: Omit<Change, 'overtaken'> | null;
  readonly latest: Latest;
}

/** R15: a series names its epochs always or never; the first name goes on where it falls below nothing. */
function epochOf(account: Account, { source, epoch: name, t, interval, values }: DeviceReading): Epoch | undefined {
  const { epochs } = account;
  const key = interval === null ? name : AMOUNTS;
  const known = epochs.get(key);
  const last = [...epochs.keys()].at(-1);
  if (key === null && last !== undefined && last !== null) return undefined;
  if (known) return known;
  const nameless = last === null ? epochs.get(null) : undefined;
  if (nameless && [...values].every(([field, v]) => v >= (nameless.counters.get(field)?.v ?? 0n))) {
    epochs.delete(null);
    epochs.set(key, nameless);
    return nameless;
  }
  if (t <= account.forgottenAt) return undefined;
  const created: Epoch = { source, at: Number.NEGATIVE_INFINITY, counters: new Map(), holes: [] };
  epochs.set(key, created);
  if (epochs.size > REMEMBERED_EPOCHS) forgetOldest(account);
  return created;
}

function forgetOldest(account: Account): void {
  for (const [key, { at }] of account.epochs) {
    account.epochs.delete(key);
    account.forgottenAt = Math.max(account.forgottenAt, at);
    return;
  }
}

/** R10: the amount is whole, its span is clipped to the row before. */
function amount(reading: DeviceReading, field: number, v: bigint, before: Latest | undefined, interval: number): Step {
  const { t } = reading;
  const from = Math.max(t - interval, before?.t ?? Number.NEGATIVE_INFINITY);
  return { change: { field, amount: v, from, to: t, gap: false }, latest: { t, v, falls: [] } };
}

/** A row that is late and of which nothing has come: it fills a part of a hole. */
function fillHole(epoch: Epoch, { t, values }: DeviceReading, interval: number): readonly Change[] {
  const hole = epoch.holes.find(([from, to]) => t > from && t <= to);
  if (!hole) return [];
  const from = Math.max(t - interval, hole[0]);
  const left: Hole[] = [
    [hole[0], from],
    [t, hole[1]],
  ];
  epoch.holes = epoch.holes.flatMap((each) => (each === hole ? left.filter(([begin, end]) => begin < end) : [each]));
  return [...values].map(([field, v]) => ({ field, amount: v, from, to: t, gap: false, overtaken: true }));
}

/** Nothing is known of what lies between the last row and this one's begin. */
function openHole(epoch: Epoch, t: number, begin: number): void {
  if (epoch.at === Number.NEGATIVE_INFINITY || begin <= epoch.at) return;
  const holes: readonly Hole[] = [...epoch.holes, [epoch.at, begin]];
  epoch.holes = holes.slice(-MOST_HOLES).filter(([, to]) => to >= t - HOLES_US);
}

/** The first reading of an epoch: a baseline, or counted from zero (decisions (a), (b); R2, R4, R5, R6, R13). */
function begin(account: Account, reading: DeviceReading, source: string, field: number, v: bigint): Step {
  const { t, maxRate, streamStart } = reading;
  const offAt = reading.offAt(source);
  const latest: Latest = { t, v, falls: [] };
  const previous = previousTime(account, field, t);
  const off = offAt >= previous && offAt < t ? offAt : Number.NEGATIVE_INFINITY;
  const isFirst = previous === Number.NEGATIVE_INFINITY || account.firstAt === t;
  const start = startOf(reading, v, isFirst);
  const isInStream = start >= streamStart && start > account.forgottenAt;
  const isBaseline = isFirst && off === Number.NEGATIVE_INFINITY && !isInStream;
  if (isBaseline) return { change: null, latest };
  const { from, since } = originOf(reading, source, previous, off, start);
  if (!couldCome(v, maxRate(field, account.vcpus), t - since)) return { change: null, latest };
  return { change: spanOf(reading, field, v, from), latest };
}

/** When the epoch started; the first ever that tells nothing at the birth of its instance (R20). NaN: nobody knows. */
function startOf({ startedAt, bornAt, t, streamStart }: DeviceReading, v: bigint, isFirst: boolean): number {
  if (!Number.isNaN(startedAt)) return startedAt < t || v === 0n ? startedAt : Number.NaN;
  const isBirth = isFirst && bornAt < t && bornAt >= streamStart && bornAt >= t - REMEMBERED_US;
  return isBirth ? bornAt : Number.NaN;
}

/** Where a count from zero begins, and since when it can have come together. */
function originOf(
  { t, maxSkew, pollInterval, ...reading }: DeviceReading,
  source: string,
  previous: number,
  off: number,
  start: number,
): { readonly from: number; readonly since: number } {
  if (off > Number.NEGATIVE_INFINITY) {
    const from = Number.isNaN(start) ? off : Math.max(start, off);
    return { from, since: from };
  }
  if (!Number.isNaN(start)) return { from: Math.max(start, previous), since: start };
  const unlistedAt = reading.unlistedAt(source);
  if (unlistedAt > Number.NEGATIVE_INFINITY && unlistedAt < t)
    return { from: Math.max(unlistedAt, previous), since: unlistedAt };
  return { from: previous, since: previous - maxSkew - pollInterval };
}

/** From one reading of an epoch to the next: growth, wrap, inferred reset or regression (1.3, R6, R7, R8, R15). */
function move(account: Account, reading: DeviceReading, field: number, v: bigint, before: Latest): Step {
  const { t, epoch, maxRate, bits } = reading;
  const counted = (grown: bigint): Step => ({
    change: spanOf(reading, field, grown, before.t),
    latest: { t, v, falls: [] },
  });
  if (v >= before.v) return counted(v - before.v);
  const rate = maxRate(field, account.vcpus);
  const width = BigInt(bits(field));
  const unwrapped = v - before.v + (1n << width);
  const mayWrap = width > 0n && epoch !== null && unwrapped >= 0n;
  if (mayWrap && (rate > 0 ? couldCome(unwrapped, rate, t - before.t) : unwrapped < 1n << (width - 1n)))
    return counted(unwrapped);
  if (epoch === null) return counted(v);
  const rises = v >= (before.falls.at(-1) ?? v);
  const falls = rises ? [...before.falls, v] : [v];
  if (falls.length < RESET_AFTER) return { change: null, latest: { ...before, falls } };
  if (rate > 0 && couldCome(v, rate, t - before.t)) return counted(v);
  return { change: null, latest: { t, v, falls: [] } };
}

function spanOf({ t, pollInterval }: DeviceReading, field: number, grown: bigint, from: number): Step['change'] {
  return { field, amount: grown, from, to: t, gap: t - from > GAP_INTERVALS * pollInterval };
}

/** The evidence of decision (b): a rate in units a second, a time in microseconds. */
const couldCome = (grown: bigint, rate: number, time: number): boolean =>
  rate === 0 || Number(grown) <= (rate * time) / 1e6;

/** The counter's latest reading in each epoch that has one. */
const timesOf = ({ epochs }: Account, field: number): readonly number[] =>
  [...epochs.values()].flatMap(({ counters }) => counters.get(field)?.t ?? []);

/** The latest of all. */
const latestTime = (account: Account, field: number): number =>
  Math.max(Number.NEGATIVE_INFINITY, ...timesOf(account, field));

/** The latest up to `t`; where only later ones are known, the earliest that it can be. −∞: the counter's first (R13). */
function previousTime(account: Account, field: number, t: number): number {
  const times = timesOf(account, field);
  const before = times.filter((time) => time <= t);
  if (before.length > 0) return Math.max(...before);
  const isFirst = times.length === 0 || t < account.firstAt;
  return isFirst ? Number.NEGATIVE_INFINITY : Math.max(account.firstAt, account.forgottenAt);
}
