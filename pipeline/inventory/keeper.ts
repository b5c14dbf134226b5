import type { RawConsumer } from '../kafka/raw-consumer.ts';
import type { Outgoing } from '../kafka/raw-producer.ts';
import { createTurns } from '../kafka/turns.ts';
import { formatUuid } from '../model/resource.ts';
import { backoffMs } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import type { Change, ChangeRules } from './changes.ts';
import { createKept, type Kept, type Written } from './kept.ts';

/** The raw topic in a consumer group of the inventory's own, and the inventory topic. */
export interface KeeperLog {
  readonly consumer: RawConsumer;
  /** What the inventory topic holds of these partitions, which are cut as the raw topic's are. */
  readBack(partitions: readonly number[], onWritten: (partition: number, written: Written) => void): Promise<void>;
  /** Resolves when Kafka has them. */
  write(messages: readonly Outgoing[]): Promise<void>;
  close(): Promise<void>;
}

export interface KeeperDeps {
  /** Makes sure of the topics and connects. */
  readonly open: () => Promise<KeeperLog>;
  readonly rules: ChangeRules;
  /** How far back the raw topic is read where the group has no offset, microseconds. */
  readonly since: number;
  readonly clock: Clock;
  readonly report: Report;
}

const PULL_COUNT = 500;
const WRITE_US = 1e6;
const LOOK_US = 5e6;
/** A round over all entries takes so many steps, or fewer. */
const STEPS = 10;
const LEAST_STEP = 1000;

export interface Keeper {
  /** Writes what is left and gives the partitions back. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Keeps the inventory topic, on and on: what goes wrong is reported, and begun anew after a while. Nobody waits for it
 * and nothing fails with it.
 */
export function startKeeper(deps: KeeperDeps): Keeper {
  const stopping = new AbortController();
  const done = keepTrying(deps, stopping.signal);
  return {
    stop: () => {
      stopping.abort();
      return done;
    },
  };
}

async function keepTrying(deps: KeeperDeps, stopping: AbortSignal): Promise<void> {
  const { clock, report } = deps;
  let failures = 0;
  const healthy = () => {
    failures = 0;
  };
  while (!stopping.aborted) {
    try {
      await keep(deps, stopping, healthy);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      const retryMs = backoffMs(++failures, clock.random());
      report({ event: 'inventory.failed', error, retryMs });
      await clock.sleep(retryMs, stopping).catch(() => undefined);
    }
  }
}

async function keep(deps: KeeperDeps, stopping: AbortSignal, healthy: () => void): Promise<void> {
  const log = await deps.open();
  try {
    const keeping = createKeeping(log, deps);
    await keeping.run(stopping, healthy);
  } finally {
    await log.close();
  }
}

/** One life of the keeper on one connection. */
function createKeeping({ consumer, readBack, write }: KeeperLog, { clock, report, rules, since }: KeeperDeps) {
  const partitions = new Map<number, Kept>();
  const inTurn = createTurns();

  async function onAssign(assigned: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const starts = await startsOf(consumer, assigned, clock.now() - since);
    for (const { partition, ...start } of starts)
      partitions.set(
        partition,
        createKept({ partition, ...start }, rules, () => clock.now()),
      );
    return new Map(starts.map(({ partition, offset }) => [partition, offset]));
  }

  const onRevoke = (revoked: readonly number[]): Promise<void> =>
    inTurn(async () => {
      const ours = revoked.flatMap((partition) => partitions.get(partition) ?? []);
      for (const partition of revoked) partitions.delete(partition);
      const ready = ours.filter((kept) => kept.isReady());
      // The first ends the round that is under way, the second is a whole one.
      for (let round = 0; round < 2; round++) for (const kept of ready) await writeDue(kept, Number.POSITIVE_INFINITY);
      await commit(ready);
      for (const { partition } of ours) report(looked(partition, null));
    });

  async function writeDue(kept: Kept, atMost: number): Promise<void> {
    const due = kept.due(atMost);
    if (due.length > 0) {
      await write(due.map((change) => messageOf(change, kept.partition)));
      const count = (why: Change['why']) => due.filter((change) => change.why === why).length;
      const [changed, refreshed, forgotten] = [count('changed'), count('refreshed'), count('forgotten')];
      report({ event: 'inventory.written', changed, refreshed, forgotten });
    }
    kept.written(due);
  }

  async function commit(some: readonly Kept[]): Promise<void> {
    const offsets = some.flatMap((kept) => {
      const offset = kept.committable();
      return offset === null ? [] : [{ partition: kept.partition, offset }];
    });
    await consumer.commit(offsets);
  }

  async function restoreNew(): Promise<void> {
    const fresh = [...partitions.values()].filter((kept) => !kept.isRestored());
    if (fresh.length === 0) return;
    const newest = new Map(fresh.map(({ partition }) => [partition, new Map<string, Written>()]));
    const numbers = fresh.map(({ partition }) => partition);
    await readBack(numbers, (partition, written) => newest.get(partition)?.set(written.key, written));
    for (const kept of fresh) kept.restoreAll(newest.get(kept.partition)?.values() ?? []);
  }

  async function look(): Promise<void> {
    const ends = await consumer.ends();
    for (const kept of partitions.values()) {
      kept.endsAt(ends.get(kept.partition) ?? Number.POSITIVE_INFINITY, clock.monotonic());
      if (kept.isReady()) report(looked(kept.partition, kept));
    }
  }

  async function step(): Promise<void> {
    const ready = [...partitions.values()].filter((kept) => kept.isReady());
    for (const kept of ready) {
      const { entries } = kept.tally();
      await writeDue(kept, Math.max(LEAST_STEP, Math.ceil(entries / STEPS)));
    }
    await commit(ready);
  }

  async function run(stopping: AbortSignal, healthy: () => void): Promise<void> {
    consumer.join({ onAssign, onRevoke });
    let steppedAt = clock.monotonic();
    let lookedAt = steppedAt - LOOK_US;
    while (!stopping.aborted) {
      const messages = await consumer.pull(PULL_COUNT);
      await restoreNew();
      for (const message of messages) partitions.get(message.partition)?.take(message, clock.monotonic());
      if (clock.monotonic() - lookedAt >= LOOK_US) {
        await look();
        lookedAt = clock.monotonic();
      }
      if (clock.monotonic() - steppedAt < WRITE_US) continue;
      await inTurn(step);
      steppedAt = clock.monotonic();
      if ([...partitions.values()].some((kept) => kept.isReady())) healthy();
    }
  }
  return { run };
}

/** Where the group stopped; at its first start, what was recorded since then. */
async function startsOf(consumer: RawConsumer, partitions: readonly number[], sinceUs: number) {
  // A member that joins others is dealt none at first; librdkafka refuses to be asked for none.
  if (partitions.length === 0) return [];
  const committed = await consumer.committed(partitions);
  const since = await consumer.offsetsForTime(partitions, sinceUs);
  return Promise.all(
    partitions.map(async (partition) => {
      const { low, high } = await consumer.watermarkOffsets(partition);
      const wanted = committed.get(partition) ?? since.get(partition) ?? high;
      return { partition, offset: Math.min(Math.max(wanted, low), high), end: high };
    }),
  );
}

function messageOf({ key, view }: Change, partition: number): Outgoing {
  const uuid = key.length === 32 ? formatUuid(key) : key;
  return { partition, key: uuid, value: view === null ? Buffer.alloc(0) : Buffer.from(JSON.stringify(view)) };
}

function looked(partition: number, kept: Kept | null) {
  const { entries, findings } = kept?.tally() ?? { entries: 0, findings: { twice: 0, nobody: 0, zombie: 0, stale: 0 } };
  return { event: 'inventory.looked', partition, entries, findings, refused: kept?.book.refused ?? 0 } as const;
}
