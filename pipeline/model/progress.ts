import type { PollInfo, Source } from '../../avro/snapshot.ts';
import { announces } from './announcers.ts';
import { createFence, type Fence } from './fence.ts';
import { type Limits, limitsOf } from './limits.ts';
import { createClock, type SourceClock } from './source-clock.ts';

/** How far one source (hypervisor endpoint) has come in one partition. Times in microseconds. */
export interface SourceProgress {
  readonly id: string;
  readonly limits: Limits;
  /** It tells what instances are, and looks at none: nobody waits for it (ruling R19). */
  readonly announces: boolean;
  /** Start of its newest poll. */
  pollAt: number;
  /** Start of its newest complete poll: what it did not list was not there then (ruling R4). */
  completeAt: number;
  /** Record time of its newest slice: idle when that is three intervals ago. */
  heardAt: number;
  interval: number;
  /** Start of the newest poll that was applied. */
  appliedAt: number;
  /** Which one it was, and into how many slices it was cut; generation −∞: none was. */
  readonly applied: { generation: number; sequence: number; slices: number };
  /** Boots of the host that ended every epoch before them, ascending: the latest of them. */
  readonly boots: number[];
  readonly clock: SourceClock;
  readonly fence: Fence;
  /** The one that the poll being applied came after, 0 if it came before all. It is part of the epochs' identity. */
  era: number;
}

/** Event time of one partition (docs/semantics.md 1.6, rulings R3, R4, R13). */
export interface Progress {
  readonly sources: Map<string, SourceProgress>;
  /** Latest record time seen: the partition's "now". */
  now: number;
  watermark: number;
  /** Smallest scheduled time seen. */
  streamStart: number;
  /** What was counted beside the movement of the counters as they stand: wraps, resets and the like (`residual.ts`). */
  credit: bigint;
}

const IDLE_INTERVALS = 3;
const GAP_INTERVALS = 3.5;
const MIN_GRACE_US = 30e6;
/** As many as epochs of a series are remembered. */
const MAX_BOOTS = 8;

export const createProgress = (): Progress => ({
  sources: new Map(),
  now: Number.NEGATIVE_INFINITY,
  watermark: Number.NEGATIVE_INFINITY,
  streamStart: Number.POSITIVE_INFINITY,
  credit: 0n,
});

/** A source's name within a partition. */
export const sourceId = ({ kind, hypervisor }: Source): string => `${kind}/${hypervisor}`;

/** The progress of a slice's source, made at first sight. */
export function sourceOf(progress: Progress, source: Source): SourceProgress {
  const id = sourceId(source);
  const known = progress.sources.get(id);
  if (known) return known;
  const created = createSource(id);
  progress.sources.set(id, created);
  return created;
}

/** A source that has not been heard yet. */
export function createSource(id: string): SourceProgress {
  const kind = id.slice(0, Math.max(0, id.indexOf('/')));
  return {
    id,
    limits: limitsOf(kind),
    announces: announces(kind),
    pollAt: Number.NEGATIVE_INFINITY,
    completeAt: Number.NEGATIVE_INFINITY,
    heardAt: Number.NEGATIVE_INFINITY,
    interval: 0,
    appliedAt: Number.NEGATIVE_INFINITY,
    applied: { generation: Number.NEGATIVE_INFINITY, sequence: -1, slices: 0 },
    boots: [],
    clock: createClock(),
    fence: createFence(),
    era: 0,
  };
}

/**
 * A slice of `source` arrived with a record of time `now`: it counts towards the watermark and the stream's start.
 * `shift`: what the poll's times are behind the true ones. No counter is read before a hypervisor is asked: what
 * announcers say begins no stream.
 */
export function hear(progress: Progress, source: SourceProgress, poll: PollInfo, shift: number, now: number): void {
  source.heardAt = Math.max(source.heardAt, now);
  source.pollAt = Math.max(source.pollAt, poll.startedAt + shift);
  source.interval = poll.interval;
  if (source.announces) return;
  progress.streamStart = Math.min(progress.streamStart, poll.scheduledAt + shift);
}

/**
 * Moves the watermark: the least newest poll over the sources that are not idle, less the reorder bound; it never
 * goes back. While every source is idle it goes on from the newest poll of all, by the time that nobody was heard. It
 * depends on the sources and on now alone: looking more or less often changes nothing. Announcers count where there is
 * nobody else.
 */
export function advance(progress: Progress, reorderUs: number): void {
  let least = Number.POSITIVE_INFINITY;
  let newest = Number.NEGATIVE_INFINITY;
  let heardAt = Number.NEGATIVE_INFINITY;
  const ofAll = areAllAnnouncers(progress);
  for (const source of progress.sources.values()) {
    if (source.announces && !ofAll) continue;
    newest = Math.max(newest, source.pollAt);
    heardAt = Math.max(heardAt, source.heardAt);
    if (progress.now - source.heardAt > IDLE_INTERVALS * source.interval) continue;
    if (source.pollAt < least) least = source.pollAt;
  }
  if (heardAt === Number.NEGATIVE_INFINITY) return;
  const reached = least === Number.POSITIVE_INFINITY ? newest + (progress.now - heardAt) : least;
  progress.watermark = Math.max(progress.watermark, reached - reorderUs);
}

/** Longest time between two readings that is no gap (ruling R14). */
export const maxGap = (intervalUs: number): number => GAP_INTERVALS * intervalUs;

/** `grace: auto`: the slowest max_gap among the sources that are not idle, at least 30 s (ruling R1). */
export function autoGrace(progress: Progress): number {
  const ofAll = areAllAnnouncers(progress);
  return Math.max(MIN_GRACE_US, maxGap(slowestOf(progress, (source) => ofAll || !source.announces)));
}

/** The longest interval of the sources that are not idle, microseconds; 0: all are. */
export const slowestInterval = (progress: Progress): number => slowestOf(progress, () => true);

function slowestOf({ sources, now }: Progress, counts: (source: SourceProgress) => boolean): number {
  let slowest = 0;
  for (const source of sources.values()) {
    const isActive = now - source.heardAt <= IDLE_INTERVALS * source.interval;
    if (isActive && source.interval > slowest && counts(source)) slowest = source.interval;
  }
  return slowest;
}

/** Is there no source that looks at instances? The first one mostly does. */
function areAllAnnouncers({ sources }: Progress): boolean {
  for (const source of sources.values()) if (!source.announces) return false;
  return true;
}

/**
 * A poll of the source is applied. A host that booted after the newest poll applied before has restarted every
 * counter: domain ids, which are all that some sources tell epochs apart by, start again with it. The host was alive
 * at that poll, so the test is sharp even for an estimated boot time. A poll of before the boot that is delivered
 * again, or late, still belongs before it.
 */
export function applyPoll(source: SourceProgress, polledAt: number, bootedAt: number | null): void {
  if (bootedAt !== null && bootedAt > source.appliedAt && source.appliedAt > Number.NEGATIVE_INFINITY) {
    if (source.boots.at(-1) !== bootedAt) source.boots.push(bootedAt);
    if (source.boots.length > MAX_BOOTS) source.boots.shift();
  }
  source.era = source.boots.findLast((boot) => boot <= polledAt || boot === bootedAt) ?? 0;
  source.appliedAt = Math.max(source.appliedAt, polledAt);
}

/** What the succession of a source's polls tells. */
export type SourceNews =
  /** Polls that were sent never came, or too late to be counted in their turn. */
  | { readonly what: 'missing'; readonly source: string; readonly polls: number }
  /** Its polls are cut for another number of partitions: instances have moved to other ones, and begin anew there. */
  | { readonly what: 'repartitioned'; readonly source: string; readonly before: number; readonly now: number };

/** A poll is applied: what it tells about those between it and the one before, of the same collector's process. */
export function succeed(
  { id, applied }: SourceProgress,
  generation: number,
  { sequence, slices }: PollInfo,
): readonly SourceNews[] {
  const { generation: lastGeneration, sequence: last, slices: before } = applied;
  if (generation < lastGeneration || (generation === lastGeneration && sequence <= last)) return NO_NEWS;
  Object.assign(applied, { generation, sequence, slices });
  const polls = generation === lastGeneration ? sequence - last - 1 : 0;
  const isCutAnew = before !== 0 && slices !== before;
  if (polls === 0 && !isCutAnew) return NO_NEWS;
  return [
    ...(polls > 0 ? [{ what: 'missing' as const, source: id, polls }] : []),
    ...(isCutAnew ? [{ what: 'repartitioned' as const, source: id, before, now: slices }] : []),
  ];
}

const NO_NEWS: readonly SourceNews[] = [];

/** The poll's slice has been applied: if it was complete, what it did not list was not there. */
export function completePoll(source: SourceProgress, polledAt: number, { partial }: PollInfo): void {
  if (partial === null && !source.announces) source.completeAt = Math.max(source.completeAt, polledAt);
}
