import type { Instance, Snapshot } from '../../../avro/snapshot.ts';

/** A slice whose turn it is. */
export interface Turn {
  readonly snapshot: Snapshot;
  /** The watermark had passed it when it arrived. */
  readonly late: boolean;
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

interface Waiting extends Omit<Turn, 'streamStart'> {
  readonly time: number;
}

interface Source {
  pollAt: number;
  heardAt: number;
  interval: number;
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
    return turns.map(({ snapshot, late }) => ({ snapshot, late, streamStart }));
  };
  const admit = (snapshot: Snapshot): void => {
    const { poll } = snapshot;
    const time = newestTime(snapshot);
    if (time > now + maxSkew) return;
    const id = sourceId(snapshot);
    const known = sources.get(id) ?? { pollAt: Number.NEGATIVE_INFINITY, heardAt: now, interval: poll.interval };
    sources.set(id, known);
    known.heardAt = now;
    known.interval = poll.interval;
    known.pollAt = Math.max(known.pollAt, poll.startedAt);
    streamStart = Math.min(streamStart, poll.scheduledAt);
    waiting.push({ snapshot, time, late: time <= watermark });
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

/** One endpoint, whichever collector reads it. */
export const sourceId = ({ source }: Snapshot): string => `${source.kind}/${source.hypervisor}`;

/** The least newest poll over the sources that are not idle; where all are, the newest of all goes on with the clock. */
function watermarkOf(sources: readonly Source[], now: number): number {
  if (sources.length === 0) return Number.NEGATIVE_INFINITY;
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
