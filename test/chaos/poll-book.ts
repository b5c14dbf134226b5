import { phaseOf } from '../../connectors/phase.ts';

/** Of one slice: enough to tell whose poll it was and when. Times in microseconds. */
export interface Polled {
  readonly hypervisor: string;
  readonly collector: string;
  readonly generation: number;
  /** Where it was found. */
  readonly partition: number;
  readonly scheduledAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** What became of an endpoint's due times from its first poll to the end. */
export interface EndpointLine {
  readonly endpoint: string;
  readonly scheduled: number;
  readonly made: number;
  readonly missed: number;
  /** Due times that two collectors polled, or one twice. */
  readonly doubled: number;
  /** The longest row of missed ones. */
  readonly mostInRow: number;
  /** Begun more than half a second late: made up for at a hand-over. */
  readonly late: number;
  readonly collectors: number;
  /** Start behind schedule, microseconds, of those that are not late. */
  readonly jitters: readonly number[];
}

/** No cadence of a collector that has its endpoint is so late. */
const LATE_US = 500_000;

/** The books of every endpoint over (from its first poll, `until`], which is before the collectors were stopped. */
export function pollBook(polls: Iterable<Polled>, intervalUs: number, until: number): readonly EndpointLine[] {
  const byEndpoint = new Map<string, Map<string, Polled>>();
  for (const poll of polls) {
    const { hypervisor, generation, scheduledAt, startedAt } = poll;
    const known = byEndpoint.get(hypervisor) ?? new Map<string, Polled>();
    byEndpoint.set(hypervisor, known);
    // Its slices in other partitions are the same poll.
    known.set(`${generation} ${scheduledAt} ${startedAt}`, poll);
  }
  return [...byEndpoint]
    .map(([endpoint, known]) => lineOf(endpoint, [...known.values()], intervalUs, until))
    .sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1));
}

function lineOf(endpoint: string, all: readonly Polled[], intervalUs: number, until: number): EndpointLine {
  const phase = phaseOf(endpoint, intervalUs);
  const due = all.filter(({ scheduledAt }) => (scheduledAt - phase) % intervalUs === 0 && scheduledAt <= until);
  const times = new Map<number, number>();
  for (const { scheduledAt } of due) times.set(scheduledAt, (times.get(scheduledAt) ?? 0) + 1);
  const first = due.reduce((least, { scheduledAt }) => Math.min(least, scheduledAt), Number.POSITIVE_INFINITY);
  let [scheduled, missed, row, mostInRow] = [0, 0, 0, 0];
  for (let at = first; at <= until; at += intervalUs) {
    scheduled++;
    row = times.has(at) ? 0 : row + 1;
    if (row > 0) missed++;
    mostInRow = Math.max(mostInRow, row);
  }
  const behind = due.map(({ startedAt, scheduledAt }) => startedAt - scheduledAt);
  return {
    endpoint,
    scheduled,
    made: scheduled - missed,
    missed,
    doubled: [...times.values()].filter((count) => count > 1).length,
    mostInRow,
    late: behind.filter((us) => us > LATE_US).length,
    collectors: new Set(all.map(({ collector }) => collector)).size,
    jitters: behind.filter((us) => us <= LATE_US),
  };
}

/** The value that so many hundredths of all are not above; NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
