import type { Accepted } from './accepted.ts';
import type { PerfTarget } from './batches.ts';
import type { Catalogue } from './counters.ts';
import { REAL_TIME_S } from './methods.ts';
import type { Listed } from './roster.ts';

const SAMPLE_US = REAL_TIME_S * 1_000_000;
/** What a host keeps: an hour. */
export const ARCHIVE_SAMPLES = 180;
export const ARCHIVE_US = ARCHIVE_SAMPLES * SAMPLE_US;
/** The server's clock is known to about a second; a start in its future is never asked for: vcsim does not survive it. */
const CLOCK_SLACK_US = 2_000_000;
/** Samples that may be there besides those that the time between tells: on its bounds, of a host whose clock is ahead. */
const SPARE = 2;

export interface TargetContext {
  readonly accepted: Accepted;
  readonly catalogue: Catalogue;
  /** The server's clock now. */
  readonly serverNow: number;
  /** How far back to read of an entity that is new. */
  readonly backfillUs: number;
}

/** What is to be asked of an entity: the samples since the last one that was taken, at most those that its host still has. */
export function targetOf(
  { id, layout }: Listed,
  { accepted, catalogue, serverNow, backfillUs }: TargetContext,
): PerfTarget {
  const from = Math.max(accepted.wantedSince(id, serverNow - backfillUs), serverNow - ARCHIVE_US);
  const startTime = Math.min(from, serverNow - CLOCK_SLACK_US);
  const maxSample = Math.min(ARCHIVE_SAMPLES, Math.ceil((serverNow - startTime) / SAMPLE_US) + SPARE);
  const { metrics } = catalogue;
  return {
    entity: { type: layout.kind === 'vm' ? 'VirtualMachine' : 'HostSystem', id },
    metrics,
    startTime,
    maxSample,
    layout,
    values: seriesOf(layout, catalogue) * maxSample,
  };
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
 * Values in one poll, of those that have to catch up: at 12 partitions some 400 kB in each slice, which goes into one
 * message of Kafka, by default at most 1 MB. 300 VMs with a disk and a nic have as many in an hour.
 */
const MOST_BEHIND = 1_000_000;

/**
 * Those to be asked in one poll: who is up to date, and after them as many of those that are behind as one poll may
 * bring. The others' turn comes with the next ones; it is as yet within the hour.
 */
export function dueNow(targets: readonly PerfTarget[]): readonly PerfTarget[] {
  const behind = targets.filter(isBehind);
  if (behind.length === 0) return targets;
  let values = 0;
  const chosen = behind.filter((target, n) => {
    values += target.values;
    return n === 0 || values <= MOST_BEHIND;
  });
  return [...targets.filter((target) => !isBehind(target)), ...chosen];
}

/** Three minutes: longer than any poll that is only a little late. */
export const isBehind = ({ maxSample }: Pick<PerfTarget, 'maxSample'>): boolean => maxSample > 9 + SPARE;
