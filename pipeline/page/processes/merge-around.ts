import type { SinkStatus, SpoolSums, StoreStatus, Trouble } from '../model.ts';
import type { Member } from './member.ts';
import { laterOf, sumCounts } from './merge-pipeline.ts';

/** What one of the processes that answer tells, with the name of it. */
type Told<Thing> = Thing & { readonly process: string };

const liveOf = (members: readonly Member[]) =>
  members.flatMap(({ name, state, overview }) => (state === 'live' && overview !== null ? [{ name, overview }] : []));

/** Sinks of one name as one: it is as bad as the worst of them, and the latest error is told with whose it is. */
export function mergeSinks(members: readonly Member[]): readonly SinkStatus[] {
  const all = liveOf(members).flatMap(({ name: process, overview }) =>
    overview.sinks.map((sink): Told<SinkStatus> => ({ ...sink, process })),
  );
  return [...new Set(all.map(({ name }) => name))].map((name) => {
    const same = all.filter((sink) => sink.name === name);
    const failing = same.filter(({ state }) => state === 'failing');
    // The error of one that works again hides none of one that does not.
    const latest = latestBy(failing.length > 0 ? failing : same, ({ errorAt }) => errorAt);
    return {
      name,
      state: failing.length > 0 ? 'failing' : same.some(({ state }) => state === 'ok') ? 'ok' : 'idle',
      published: same.reduce((sum, { published }) => sum + published, 0),
      inFlight: same.reduce((sum, { inFlight }) => sum + inFlight, 0),
      retries: same.reduce((sum, { retries }) => sum + retries, 0),
      dropped: sumCounts(same.map(({ dropped }) => dropped)),
      publishedAt: same.reduce((at: number | null, { publishedAt }) => laterOf(at, publishedAt), null),
      batchMs: same.reduce((ms: number | null, { batchMs }) => laterOf(ms, batchMs), null),
      error: latest?.error ? `${latest.error} (${latest.process})` : null,
      errorAt: latest?.errorAt ?? null,
    };
  });
}

/** The trouble that lasts, else the latest, with who has it. */
export function mergeKafka(members: readonly Member[]): Trouble | null {
  const all = liveOf(members).flatMap(({ name: process, overview }) =>
    overview.kafka === null ? [] : [{ ...overview.kafka, process }],
  );
  const now = all.filter(({ isNow }) => isNow);
  const latest = latestBy(now.length > 0 ? now : all, ({ at }) => at);
  if (latest === null) return null;
  const { process, ...trouble } = latest;
  return { ...trouble, message: `${trouble.message} (${process}${others(now)})` };
}

/** It is away if it is for any. */
export function mergeStores(members: readonly Member[]): StoreStatus {
  const all = liveOf(members).map(({ name: process, overview }): Told<StoreStatus> => ({ ...overview.store, process }));
  const away = all.filter(({ isAway }) => isAway);
  const [first] = away;
  return {
    isAway: first !== undefined,
    message: first === undefined ? null : `${first.message ?? 'away'} (${first.process}${others(away)})`,
    outbox: all.reduce((sum, { outbox }) => sum + outbox, 0),
    checkpoints: all.reduce((sum, { checkpoints }) => sum + checkpoints, 0),
    checkpointMs: all.reduce((ms: number | null, { checkpointMs }) => laterOf(ms, checkpointMs), null),
  };
}

/** What waits in all spools; null: none has one. */
export function mergeSpools(members: readonly Member[]): SpoolSums | null {
  const all = liveOf(members).flatMap(({ name: process, overview }) =>
    overview.spool === null ? [] : [{ ...overview.spool, process }],
  );
  if (all.length === 0) return null;
  const failing = all.filter(({ lastError }) => lastError !== null);
  const [first] = failing;
  return {
    slices: all.reduce((sum, { slices }) => sum + slices, 0),
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    oldestAgeSeconds: Math.max(...all.map(({ oldestAgeSeconds }) => oldestAgeSeconds)),
    dropped: all.reduce((sum, { dropped }) => sum + dropped, 0),
    lastError: first === undefined ? null : `${first.lastError} (${first.process}${others(failing)})`,
  };
}

/** How many more than one there are. */
const others = ({ length }: readonly unknown[]): string => (length > 1 ? ` and ${length - 1} more` : '');

function latestBy<Each>(all: readonly Each[], at: (each: Each) => number | null): Each | null {
  let latest: Each | null = null;
  for (const each of all) if (latest === null || (at(each) ?? 0) > (at(latest) ?? 0)) latest = each;
  return latest;
}
