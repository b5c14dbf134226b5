import type { Instance, Row, Snapshot } from '../../../avro/snapshot.ts';
import { SKEW_STEP_US, TOO_OLD_US } from '../../model/screen.ts';
import { type ClockReading, createClock, readClock, type SourceClock } from '../../model/source-clock.ts';

/** A slice whose turn it is, its times corrected (R11) and without the rows whose times cannot be. */
export interface Turn {
  readonly snapshot: Snapshot;
  /** Its newest reading or the start of its poll: when its turn was. */
  readonly time: number;
  /** Where the watermark was when it arrived: rows of before are late. */
  readonly watermark: number;
  /** Smallest scheduled time there was by then (R13). */
  readonly streamStart: number;
}

/** The slices of one partition in the order in which they count (docs/semantics.md 1.6, R3). */
export interface Order {
  /** One message, recorded at a time of the log: returns the slices whose turn has come. */
  take(snapshots: readonly Snapshot[], recordTime: number): readonly Turn[];
  /** The log has ended: the slices that still wait. */
  rest(): readonly Turn[];
}

type Waiting = Omit<Turn, 'streamStart'>;

/** Whose polls count (R23): a newer collector's, and those that an older one made before its first. */
interface Owner {
  readonly generation: number;
  readonly firstPollAt: number;
  readonly heardAt: number;
}

interface Source {
  readonly owner: Owner;
  pollAt: number;
  heardAt: number;
  interval: number;
  readonly isAnnouncer: boolean;
  readonly clock: SourceClock;
}

const IDLE_INTERVALS = 3;

/** `reorder`: how long one reading is waited for that is older than others; `maxSkew`: what lies further ahead is left out. */
export function createOrder({ reorder, maxSkew }: { readonly reorder: number; readonly maxSkew: number }): Order {
  const sources = new Map<string, Source>();
  let waiting: Waiting[] = [];
  let now = Number.NEGATIVE_INFINITY;
  let watermark = Number.NEGATIVE_INFINITY;
  let streamStart = Number.POSITIVE_INFINITY;

  const advance = (): void => {
    watermark = Math.max(watermark, watermarkOf([...sources.values()], now) - reorder);
  };
  /** In order of time; slices of one time in order of arrival, since the sort is stable. */
  const due = (bound: number): readonly Turn[] => {
    const turns = waiting.filter(({ time }) => time <= bound).sort((a, b) => a.time - b.time);
    if (turns.length > 0) waiting = waiting.filter(({ time }) => time > bound);
    return turns.map((turn) => ({ ...turn, streamStart }));
  };
  const admit = (snapshot: Snapshot): void => {
    const { poll, source } = snapshot;
    const id = sourceId(snapshot);
    const known = sources.get(id);
    const clock = { ...(known?.clock ?? createClock()) };
    const expectedAt = known ? known.pollAt + now - known.heardAt : poll.startedAt;
    const reading = readClock(clock, source.generation, poll, clockIn(snapshot), { now, expectedAt });
    const polledAt = poll.startedAt + reading.shift;
    const isPossible = (t: number): boolean => t <= now + maxSkew && t >= now - TOO_OLD_US;
    if (!isPossible(polledAt)) return;
    const owner = ownerAfter(
      known?.owner,
      { generation: source.generation, firstPollAt: polledAt, heardAt: now },
      poll,
    );
    if (owner === null) return;
    const pollAt = Math.max(known?.pollAt ?? polledAt, polledAt);
    const isAnnouncer = announces(snapshot);
    sources.set(id, { owner, pollAt, heardAt: now, interval: poll.interval, isAnnouncer, clock });
    if (!isAnnouncer) streamStart = Math.min(streamStart, poll.scheduledAt + reading.shift);
    const corrected = correct(snapshot, polledAt, reading, isPossible);
    const time = newestTime(corrected);
    waiting.push({ snapshot: corrected, time, watermark });
  };

  return {
    take: (snapshots, recordTime) => {
      now = Math.max(now, recordTime);
      advance();
      const before = due(watermark);
      for (const snapshot of snapshots) admit(snapshot);
      const overdue = due(watermark);
      advance();
      return [...before, ...overdue, ...due(watermark)];
    },
    rest: () => due(Number.POSITIVE_INFINITY),
  };
}

/** Who has the source once a poll has come; null: the poll is not to count. */
function ownerAfter(before: Owner | undefined, who: Owner, { interval }: Snapshot['poll']): Owner | null {
  if (before === undefined || who.generation > before.generation) return who;
  if (who.generation === before.generation)
    return { ...who, firstPollAt: Math.min(before.firstPollAt, who.firstPollAt) };
  if (who.firstPollAt < before.firstPollAt) return before;
  return who.heardAt - before.heardAt > IDLE_INTERVALS * interval ? who : null;
}

/** One endpoint, whichever collector reads it. */
export const sourceId = ({ source }: Snapshot): string => `${source.kind}/${source.hypervisor}`;

/** Does its source tell what instances are, without having looked at them (R19)? */
export const announces = ({ source }: Snapshot): boolean => source.kind === 'nova';

/**
 * The least newest poll over the sources that are not idle; where all are, the newest of all goes on with the clock.
 * Announcers are left out where there are others.
 */
function watermarkOf(all: readonly Source[], now: number): number {
  if (all.length === 0) return Number.NEGATIVE_INFINITY;
  const looking = all.filter(({ isAnnouncer }) => !isAnnouncer);
  const sources = looking.length > 0 ? looking : all;
  const active = sources.filter(({ heardAt, interval }) => now - heardAt <= IDLE_INTERVALS * interval);
  if (active.length > 0) return least(active.map(({ pollAt }) => pollAt));
  return greatest(sources.map(({ pollAt }) => pollAt)) + now - greatest(sources.map(({ heardAt }) => heardAt));
}

const least = (times: readonly number[]): number => times.reduce((a, b) => Math.min(a, b));
const greatest = (times: readonly number[]): number => times.reduce((a, b) => Math.max(a, b));

function newestTime({ poll, hosts, instances }: Snapshot): number {
  const newestOf = (all: readonly Instance[]): number =>
    all.reduce(
      (newest, { rows }) => rows.reduce((t, { observedAt }) => Math.max(t, observedAt), newest),
      poll.startedAt,
    );
  return Math.max(newestOf(hosts), newestOf(instances));
}

/** Wall clock and monotonic time of the first row that tells both. */
function clockIn({ hosts, instances }: Snapshot): readonly [number, number] | null {
  for (const { rows } of [...hosts, ...instances])
    for (const { observedAt, monotonic, interval } of rows)
      if (monotonic !== null && interval === null) return [observedAt, monotonic];
  return null;
}

/** R11: the monotonic time tells where the wall clock has stepped; where none does, its cumulative rows are left out. */
function correct(
  snapshot: Snapshot,
  polledAt: number,
  { anchor, stepped }: ClockReading,
  isPossible: (t: number) => boolean,
): Snapshot {
  const timeOf = ({ observedAt, monotonic, interval }: Row): number => {
    if (interval !== null) return observedAt;
    if (stepped) return Number.NaN;
    const meant = anchor + (monotonic ?? Number.NaN);
    return Math.abs(observedAt - meant) > SKEW_STEP_US ? meant : observedAt;
  };
  const isPossibleRow = ({ observedAt, interval }: Row): boolean =>
    isPossible(observedAt) && (interval === null || isPossible(observedAt - interval));
  const corrected = (instance: Instance): Instance => ({
    ...instance,
    rows: instance.rows.map((row) => ({ ...row, observedAt: timeOf(row) })).filter(isPossibleRow),
  });
  const { poll, hosts, instances } = snapshot;
  return {
    ...snapshot,
    poll: { ...poll, startedAt: polledAt },
    hosts: hosts.map(corrected),
    instances: instances.map(corrected),
  };
}
