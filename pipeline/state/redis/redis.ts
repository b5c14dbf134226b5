import { randomUUID } from 'node:crypto';
import { SavedStateError } from '../../model/saved-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import { DeadlineError, orLate, within } from '../../runtime/deadline.ts';
import type { Report } from '../../runtime/events.ts';
import { createLowWater } from '../low-water.ts';
import { type Log, rewindTo } from '../rewind.ts';
import type { Checkpoint, Confirmed, Mark, Outcome, StateStore, Taken } from '../store.ts';
import { createClient, nameOf } from './client.ts';
import type { RedisConfig } from './config.ts';
import { RedisError } from './error.ts';
import { checkFitness } from './fitness.ts';
import { keysOf, type PartitionKeys } from './keys.ts';
import { createPatience } from './patience.ts';
import { type Kept, MARK, takePartition } from './take.ts';
import { answerOf, type Writing, write, writingOf } from './write.ts';

export interface RedisStoreDeps {
  readonly log: Log;
  readonly topic: string;
  readonly group: string;
  /** Partitions of the topic. */
  readonly partitions: number;
  readonly clock: Clock;
  readonly report: Report;
  /** A server that answers nothing for so long is left, and connected to anew. Milliseconds. */
  readonly silentMs?: number;
  /** How long a server is waited for at the start. Milliseconds. */
  readonly openMs?: number;
}

const OPEN_MS = 15_000;

/** A partition that this store's owner has. */
interface Held {
  readonly keys: PartitionKeys;
  readonly token: string;
  /** Of its latest checkpoint. */
  seq: number;
  /** Samples not confirmed yet, by seq: to be written again if Redis forgets. */
  readonly unconfirmed: Map<string, Buffer>;
}

/**
 * State in Redis: one script a partition and checkpoint writes state, offset and samples in one atom, and only if the
 * partition is still this owner's. If Redis has lost everything the log is read again (as the memory store does); if
 * that happens under a running owner, the whole state is asked for and written again.
 */
export async function createRedisStore(config: RedisConfig, deps: RedisStoreDeps): Promise<StateStore> {
  const { log, topic, group, partitions, clock, report, openMs = OPEN_MS } = deps;
  const server = nameOf(config);
  const { patiently, heard, reason } = createPatience(server, clock, report);
  const client = await createClient(config, heard, deps.silentMs);
  const lowWater = createLowWater(log, clock, report);
  const held = new Map<number, Held>();
  const connected = async (): Promise<void> => {
    // A client that finds no sentinel goes on looking for ever, and a command says at once that there is no connection.
    const isNew = client.status === 'wait' || client.status === 'end' || client.status === 'close';
    if (isNew) await orLate(clock, openMs / 3, client.connect(), () => undefined);
    await client.ping();
  };

  /** Whether this user may run scripts: of an owner that nobody is, one changes nothing. */
  const tried = async (): Promise<void> => {
    const { fence, outbox } = keysOf(config.prefix, topic, group, 0);
    await client.hypermeterConfirm(fence, outbox, 'nobody');
  };

  /** Nothing that Redis has can be used. */
  const fromLog = async (
    keys: PartitionKeys,
    token: string,
    partition: number,
    committed: number | null,
  ): Promise<Taken> => {
    held.set(partition, { keys, token, seq: 0, unconfirmed: new Map() });
    const position = await rewindTo(log, clock.now(), config.rewind, partition, committed);
    return { ...position, saved: null, outbox: [] };
  };

  const take = async (partition: number, committed: number | null, signal: AbortSignal): Promise<Taken> => {
    const keys = keysOf(config.prefix, topic, group, partition);
    const token = randomUUID();
    const kept = await patiently(() => takePartition(client, keys, token), signal).catch((error: unknown) => {
      if (!(error instanceof SavedStateError) || error.code !== 'undecodable') throw error;
      report({ event: 'state.lost', partition, reason: 'undecodable', detail: error.message });
      return 'broken' as const;
    });
    if (kept === 'broken') return fromLog(keys, token, partition, committed);
    const unconfirmed = new Map((kept?.outbox ?? []).map(({ id, bytes }) => [id, bytes]));
    held.set(partition, { keys, token, seq: kept?.seq ?? 0, unconfirmed });
    if (kept !== null && kept.partitions !== partitions) throw repartitioned(topic, kept.partitions, partitions);
    if (kept === null || kept.saved === null) {
      const detail = kept === null ? `offset ${committed} was delivered` : 'some of its records are not there';
      if (kept !== null || committed !== null) report({ event: 'state.lost', partition, reason: 'missing', detail });
      return fromLog(keys, token, partition, committed);
    }
    return { ...(await positionOf(deps, partition, kept, committed)), outbox: kept.outbox };
  };

  const checkpoint = async (each: Checkpoint, signal: AbortSignal): Promise<Outcome> => {
    const owned = held.get(each.partition);
    if (!owned) return { outcome: 'fenced' };
    const writing = writingOf(each, owned.seq + 1, partitions, owned.unconfirmed);
    const startedUs = clock.monotonic();
    const outcome = await patiently(() => write(client, owned.keys, owned.token, writing), signal);
    if (outcome !== 'kept') return { outcome };
    owned.seq = writing.seq;
    if (writing.entry !== null) owned.unconfirmed.set(String(writing.seq), writing.entry);
    tell(writing, clock.monotonic() - startedUs, owned.unconfirmed.size);
    return { outcome, entry: writing.entry === null ? null : String(writing.seq) };
  };
  const tell = ({ partition, bytes, changed }: Writing, durationUs: number, waiting: number): void =>
    report({ event: 'state.kept', partition, durationUs, bytes, instances: changed, waiting });

  const mark = async ({ partition, sink, entry }: Mark, signal: AbortSignal): Promise<void> => {
    const owned = held.get(partition);
    if (!owned) return;
    const { keys, token } = owned;
    await tellLater(() => client.hypermeterMark(keys.fence, keys.outbox, token, MARK + sink, entry), signal);
  };

  /** False: the partition has another owner by now, or Redis could not be told. */
  const confirm = async ({ partition, entries }: Confirmed, signal: AbortSignal): Promise<boolean> => {
    const owned = held.get(partition);
    if (!owned) return false;
    for (const entry of entries) owned.unconfirmed.delete(entry);
    if (entries.length === 0) return true;
    const { keys, token } = owned;
    return tellLater(() => client.hypermeterConfirm(keys.fence, keys.outbox, token, ...entries), signal);
  };

  /** What is told of deliveries; untold, they come again. False: the partition has another owner, or Redis is away. */
  const tellLater = async (script: () => Promise<unknown>, signal: AbortSignal): Promise<boolean> => {
    try {
      return answerOf(await patiently(script, signal)) !== 'fenced';
    } catch (error) {
      if (!signal.aborted && error instanceof Error) report({ event: 'state.away', error });
      return false;
    }
  };

  return {
    open: async (signal) => {
      const fits = async (inTime: AbortSignal): Promise<void> => {
        await patiently(connected, inTime);
        await patiently(() => checkFitness(client, server, report), inTime);
        await patiently(tried, inTime);
      };
      try {
        await within(clock, openMs, server, fits, signal);
      } catch (error) {
        client.disconnect();
        throw error instanceof DeadlineError ? unreachable(server, openMs, reason()) : error;
      }
    },
    take: async (wanted, signal) => {
      const committed = await log.committed(wanted);
      const taken = wanted.map(
        async (partition) => [partition, await take(partition, committed.get(partition) ?? null, signal)] as const,
      );
      return new Map(await Promise.all(taken));
    },
    checkpoint: async (checkpoints, signal) => {
      const outcomes = checkpoints.map(async (each) => [each.partition, await checkpoint(each, signal)] as const);
      return new Map(await Promise.all(outcomes));
    },
    mark: async (marks, signal) => {
      await Promise.all(marks.map((each) => mark(each, signal)));
    },
    confirm: async (confirmed, signal) => {
      const noted = await Promise.all(confirmed.map((each) => confirm(each, signal)));
      await lowWater.note(confirmed.filter((_, i) => noted[i]));
    },
    release: async (given) => {
      const before = given.map((partition) => [partition, held.get(partition)] as const);
      await lowWater.settle(given);
      // A commit may take longer than the group waits: taken again by now, it is not what is let go of.
      for (const [partition, owned] of before) if (held.get(partition) === owned) held.delete(partition);
    },
    close: async () => client.disconnect(),
  };
}

/** Where to go on with what Redis has, if the log still is the one that it was taken from. */
async function positionOf(
  { log, report }: RedisStoreDeps,
  partition: number,
  { nextOffset, resumeOffset, saved }: Kept,
  committed: number | null,
): Promise<Omit<Taken, 'outbox'>> {
  const { low, high } = await log.watermarkOffsets(partition);
  if (nextOffset > high) {
    const detail = `the topic ends at offset ${high}, the state is of offset ${nextOffset}`;
    report({ event: 'state.lost', partition, reason: 'foreign', detail });
    return { start: low, liveFrom: low, saved: null };
  }
  if (committed !== null && committed > nextOffset) {
    const detail = `the state is of offset ${nextOffset}, ${committed} was delivered`;
    report({ event: 'state.lost', partition, reason: 'stale', detail });
  }
  if (low > nextOffset) {
    const detail = `the state is of offset ${nextOffset}, the topic begins at ${low}: what lay between is a gap`;
    report({ event: 'state.lost', partition, reason: 'truncated', detail });
  }
  return { start: Math.max(low, resumeOffset), liveFrom: Math.max(low, nextOffset), saved };
}

const repartitioned = (topic: string, before: number, now: number): SavedStateError =>
  new SavedStateError(
    'repartitioned',
    `the saved state is of ${before} partitions of topic ${topic}, which has ${now} now: instances would change their partition and begin anew. Use a topic of ${before} partitions, or follow "Changing the number of partitions" in docs/operations.md`,
  );

const unreachable = (server: string, openMs: number, cause: RedisError | null): RedisError =>
  new RedisError(
    `${cause?.message ?? `Redis at ${server} did not answer`}; waited for ${openMs / 1000} s: check that it runs, and state.url, sentinel or cluster`,
    { cause },
  );
