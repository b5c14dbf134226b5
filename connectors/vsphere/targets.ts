import type { Row } from '../../avro/snapshot.ts';
import type { Accepted } from './accepted.ts';
import type { PerfTarget } from './batches.ts';
import type { Catalogue } from './counters.ts';
import { REAL_TIME_S } from './methods.ts';
import type { Listed } from './roster.ts';
import type { Turns } from './turns.ts';

/** Of a host: one every 20 s. */
export const SAMPLE_US = REAL_TIME_S * 1_000_000;
/** What a host keeps: an hour. */
const ARCHIVE_SAMPLES = 180;
export const ARCHIVE_US = ARCHIVE_SAMPLES * SAMPLE_US;
/** The server's clock is known to about a second; a start in its future is never asked for: vcsim does not survive it. */
const CLOCK_SLACK_US = 2_000_000;
/** Samples that may be there besides those that the time between tells: on its bounds, and one more with a start. */
const SPARE = 1;
/** Longer than any poll that is only a little late. */
const BEHIND_US = 180_000_000;

export interface TargetContext {
  readonly accepted: Accepted;
  readonly catalogue: Catalogue;
  /** The server's clock now. */
  readonly serverNow: number;
  /** Samples of later are left for later polls. */
  readonly until: number;
  /** How far back to read of an entity that is new. */
  readonly backfillUs: number;
}

/**
 * What is to be asked of an entity: the samples since the last one that was taken, by its own time; of one that is new
 * the newest ones, so many as the time is long. Either is right whatever the clock of its host says.
 */
export function targetOf({ id, layout, bootTime }: Listed, context: TargetContext): PerfTarget {
  const { accepted, catalogue, serverNow, backfillUs } = context;
  const last = accepted.lastOf(id);
  const from = last ?? accepted.wantedSince(id, serverNow - backfillUs);
  const newest = serverNow + accepted.aheadOf(id);
  const spare = last === null ? SPARE : 2 * SPARE;
  const maxSample = Math.min(ARCHIVE_SAMPLES, Math.max(1, Math.ceil((newest - from) / SAMPLE_US)) + spare);
  return {
    entity: { type: layout.kind === 'vm' ? 'VirtualMachine' : 'HostSystem', id },
    metrics: catalogue.metrics,
    startTime: last === null ? null : Math.min(last, serverNow - CLOCK_SLACK_US),
    maxSample,
    layout,
    bootTime,
    isBehind: backlogUs(id, from, newest, context) > BEHIND_US,
    values: seriesOf(layout, catalogue) * maxSample,
  };
}

/**
 * How long the time is that samples may be waiting of, which begins with `from`. Whoever has just been asked has none but
 * those that it showed and that were left: its host may be slow, or take no samples at all.
 */
function backlogUs(id: string, from: number, newest: number, { accepted, serverNow, until }: TargetContext): number {
  const answeredAt = accepted.answeredAt(id);
  if (answeredAt === null) return Math.min(newest, until) - from;
  const shown = Math.min(accepted.newestOf(id) ?? from, until);
  return Math.max(0, shown - from) + serverNow - answeredAt;
}

/**
 * How many samples hosts keep no more, between the last one that was taken and the first of these rows. Of a VM that was
 * switched on meanwhile only those since then: what it did before nobody can tell.
 */
export function expiredBefore(rows: readonly Row[], last: number | null, { bootTime }: PerfTarget): number {
  const [first, newest] = [rows[0], rows.at(-1)];
  if (last === null || !first || !newest || newest.observedAt - last <= ARCHIVE_US) return 0;
  const missed = first.observedAt - (first.interval ?? 0) - Math.max(last, bootTime ?? last);
  return Math.max(0, Math.floor(missed / SAMPLE_US));
}

/** Series that an answer may hold: every counter of a device comes for each of them. */
function seriesOf({ kind, nics, disks }: Listed['layout'], { metrics, byId }: Catalogue): number {
  // A host's nics are not known before; a usual number of them.
  const count = { entity: 1, extra: 1, nic: kind === 'host' ? 4 : nics.length, disk: disks.length };
  let series = 0;
  for (const { counterId } of metrics) series += count[byId.get(counterId)?.target.scope ?? 'entity'];
  return series;
}

/**
 * Values in one poll, of those that have to catch up: at 12 partitions some 400 kB in each slice, less than a message
 * of Kafka holds. 300 VMs with a disk and a nic have as many in an hour.
 */
const MOST_BEHIND = 1_000_000;

/**
 * Those to be asked in one poll, who has waited longest first: who is up to date, and as many of those that are behind
 * as one poll may bring. The others' turn comes with the next ones; it is as yet within the hour.
 */
export function dueNow(targets: readonly PerfTarget[], turns: Turns): readonly PerfTarget[] {
  const inTurn = [...targets].sort(
    (one, other) => turns.of(one.entity.id) - turns.of(other.entity.id) || +one.isBehind - +other.isBehind,
  );
  let values = 0;
  const due: PerfTarget[] = [];
  for (const target of inTurn) {
    const isFirst = values === 0;
    if (target.isBehind) values += target.values;
    if (!target.isBehind || isFirst || values <= MOST_BEHIND) due.push(target);
  }
  return due;
}
