import type { Look, LookTime, Mark } from './pool-memory.ts';
import type { RrdQuery } from './protocol.ts';
import type { RrdUpdates } from './rrd-updates.ts';

export type Step = 5 | 60;

/** The archives of 5 s × 120 and 60 s × 120, a little less: beyond them a host answers with a coarser one, silently. */
const SPAN_S: Readonly<Record<Step, number>> = { 5: 590, 60: 7190 };
/** What is asked for again each time, besides two rows: the clocks' drift, and a row that came late. */
const OVERLAP_S = 10;
/** A row is there when the sample after its end is: every 5 s, and a little later. */
const MARGIN_S = 7;
const MOST_RETRY_S = 60;

export const NEVER_LOOKED: Look = {
  dueAt: Number.NEGATIVE_INFINITY,
  newestS: null,
  marginS: MARGIN_S,
  failures: 0,
  error: null,
  mostBackS: SPAN_S[60],
};

/**
 * How far back one VM's rows have to be read, in seconds: since its last row, or since it could have had one. Times are
 * monotonic, microseconds: the host's clock is not asked.
 */
export function backOf(mark: Mark | undefined, since: number | undefined, now: number, backfillUs: number): number {
  const from = Math.max(mark?.at ?? Number.NEGATIVE_INFINITY, since ?? Number.NEGATIVE_INFINITY, now - backfillUs);
  return Math.ceil((now - from) / 1e6);
}

/** How far ahead of ours, at the wall time `now`, a host's clock is at least, by the newest row it has shown: seconds, 0 if it is not. */
export const aheadOf = ({ newestS }: Look, now: number): number => Math.max(0, Math.ceil((newestS ?? 0) - now / 1e6));

/**
 * What to ask a host for so that rows of the last `backS` seconds come: the fine archive, and for what is older than it
 * reaches the one of 60 s besides.
 */
export function queriesFor(backS: number, stepS: Step, mostBackS: number): readonly RrdQuery[] {
  const least = 2 * stepS + OVERLAP_S;
  const wanted = Math.max(least, Math.min(backS + stepS + OVERLAP_S, mostBackS, SPAN_S[60]));
  if (wanted <= SPAN_S[stepS]) return [{ backS: wanted, stepS }];
  return [
    { backS: wanted, stepS: 60 },
    { backS: SPAN_S[stepS], stepS },
  ];
}

/**
 * The next look after one that brought something: when the next row should be there, by our own clock, and never later
 * than a step from now. Where nothing new was found the host's clock is behind ours: rows are waited for longer.
 */
export function afterAnswer(look: Look, newestS: number | null, { monotonic, wall }: LookTime, stepS: Step): Look {
  const isNew = newestS !== null && newestS !== look.newestS;
  const marginS = isNew ? look.marginS : Math.min(look.marginS + 5, stepS + MARGIN_S);
  const latestUs = (stepS - 1) * 1e6;
  const expectedUs = newestS === null ? latestUs : (newestS + stepS + marginS) * 1e6 - wall;
  const waitUs = expectedUs > 0 && expectedUs < latestUs ? expectedUs : latestUs;
  return { ...NEVER_LOOKED, dueAt: monotonic + waitUs, newestS, marginS };
}

/** The next look after one that failed, at the monotonic time `now`. */
export function afterFailure(look: Look, error: Error, now: number, stepS: Step): Look {
  const failures = look.failures + 1;
  const retryS = Math.min(MOST_RETRY_S, stepS * 2 ** Math.min(failures - 1, 10));
  return { ...look, dueAt: now + retryS * 1e6, failures, error };
}

/** What came, but not in time or not in the room there is, is asked for in half. */
export const halved = (look: Look, backS: number, stepS: Step): Look => ({
  ...look,
  mostBackS: Math.max(2 * stepS + OVERLAP_S, Math.ceil(Math.min(backS, look.mostBackS) / 2)),
});

/**
 * How far a host's clock is ahead of ours, microseconds: the answer tells it to a step, so the least that is true of it,
 * 0 if it may be none.
 */
export function skewOf({ endS, stepS }: RrdUpdates, sentAt: number, receivedAt: number): number {
  if (endS === null) return 0;
  const least = endS * 1e6 - receivedAt;
  const most = (endS + stepS + MARGIN_S) * 1e6 - sentAt;
  return Math.max(least, Math.min(most, 0));
}
