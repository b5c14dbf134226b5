import { from, lastValueFrom } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { drawsOf } from '../../connectors/simulator/random.ts';
import { select } from '../../pipeline/model/meters.ts';
import { createCredits } from '../../pipeline/operators/credits.ts';
import { createOwnership } from '../../pipeline/operators/ownership.ts';
import { type Pulled, pullOf, type RawMessage } from '../../pipeline/operators/pull.ts';
import { takeUp } from '../../pipeline/operators/take-up.ts';
import { createUnconfirmed } from '../../pipeline/operators/unconfirmed.ts';
import { type Clock, systemClock } from '../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { jsonLine } from '../../pipeline/sinks/json-line.ts';
import { redisConfig } from '../../pipeline/state/redis/config.ts';
import { createRedisStore } from '../../pipeline/state/redis/redis.ts';
import type { Log } from '../../pipeline/state/rewind.ts';
import type { StateStore } from '../../pipeline/state/store.ts';
import { topology } from '../../pipeline/topology.ts';
import { SECOND } from '../connectors/simulator/fleet-of.ts';
import { available } from '../services/service.ts';
import { FAULTS, logOf } from './a-fleets-log.ts';
import { unique } from './kafka/fixtures.ts';
import { rulesOf } from './model/polls.ts';
import { deliveryTo } from './sinks/a-parcel.ts';
import { redisCli } from './state/redis/redis-cli.ts';

/**
 * Every place in which a worker can die, a hundred times over: state, offset and what waits to be delivered are in a
 * real Redis, the log is the recorded hour of a fleet. Whatever died where, in the end every sample is there at both
 * destinations, with the bytes that an undisturbed run gives.
 */
const CRASHES = 100;
const SIZES = [60 * SECOND, 90 * SECOND];
const rules = rulesOf({ sizes: SIZES, graces: SIZES.map(() => 'auto') }, { reorder: 15 * SECOND });
const deriveRules = { selection: select(['cpu*', 'network.incoming.bytes*']), gauges: 'last' as const };
const messages = logOf(FAULTS);
const { signal } = new AbortController();

class Crash extends Error {}

/** How far destinations are is noted while one lags; here at once. */
const hastyClock: Clock = { ...systemClock, sleep: (ms, stop) => systemClock.sleep(Math.min(ms, 2), stop) };

/** The places, as steps of one pull: what was done of it when the worker dies. */
const PLACES = [
  'before the checkpoint',
  'in the checkpoint, which is kept',
  'between checkpoint and publishing',
  'in the midst of publishing',
  'while one destination has what the other lacks',
  'between publishing and confirming',
  'between confirming and the log’s commit',
] as const;
type Place = (typeof PLACES)[number];

/** One partition's log, with what its group has committed. */
function aLog() {
  let committed: number | null = null;
  const log: Log = {
    committed: async (partitions) => new Map(partitions.map((each) => [each, committed])),
    watermarkOffsets: async () => ({ low: 0, high: messages.length }),
    offsetsForTime: async (partitions) => new Map(partitions.map((each) => [each, 0])),
    commit: async (offsets) => {
      committed = offsets[0]?.offset ?? committed;
    },
  };
  return { log, committed: () => committed };
}

function cluster(prefix: string) {
  const { log } = aLog();
  const events: InternalEvent[] = [];
  const report = (event: InternalEvent): void => void events.push(event);
  const open: StateStore[] = [];
  const published: string[] = [];
  const second: string[] = [];
  const settings = redisConfig.parse({ type: 'redis', url: 'redis://127.0.0.1:16379', prefix });
  const store = async (commit: Log['commit'] = log.commit): Promise<StateStore> => {
    const deps = { log: { ...log, commit }, topic: 't', group: 'g', partitions: 1, clock: systemClock, report };
    const opened = await createRedisStore(settings, deps);
    open.push(opened);
    await opened.open(signal);
    return opened;
  };

  /** A worker that reads on from where the last one was, until it dies at its `pulls`th pull, or the log ends. */
  const work = async (place: Place | null, pulls: number): Promise<boolean> => {
    let left = pulls;
    let dead = false;
    const die = (at: Place): void => {
      if (dead || (place === at && left <= 0)) {
        dead = true;
        throw new Crash();
      }
    };
    const real = await store(async (offsets) => {
      die('between confirming and the log’s commit');
      await log.commit(offsets);
    });
    /** Woken when everything that the first destination has is noted. */
    const allNoted: (() => void)[] = [];
    const crashing: StateStore = {
      ...real,
      checkpoint: async (checkpoints, stop) => {
        die('before the checkpoint');
        const outcome = await real.checkpoint(checkpoints, stop);
        die('in the checkpoint, which is kept');
        return outcome;
      },
      mark: async (marks, stop) => {
        const had = published.length;
        await real.mark(marks, stop);
        if (had === published.length) for (const wake of allNoted.splice(0)) wake();
      },
      confirm: async (confirmed, stop) => {
        die('between publishing and confirming');
        await real.confirm(confirmed, stop);
        die('between confirming and the log’s commit');
      },
    };
    const sink = {
      name: 'published',
      publish: async (batch: Parameters<typeof jsonLine>[0][]) => {
        die('between checkpoint and publishing');
        const half = batch.slice(0, Math.ceil(batch.length / 2));
        published.push(...half.map(jsonLine));
        die('in the midst of publishing');
        published.push(...batch.slice(half.length).map(jsonLine));
      },
      close: async () => undefined,
    };
    const other = {
      name: 'second',
      publish: async (batch: Parameters<typeof jsonLine>[0][]) => {
        if (place === 'while one destination has what the other lacks' && left <= 0) {
          if (!dead) await new Promise<void>((resolve) => allNoted.push(resolve));
          die(place);
        }
        if (!dead) second.push(...batch.map(jsonLine));
      },
      close: async () => undefined,
    };
    const ownership = createOwnership();
    const taken = (await crashing.take([0], signal)).get(0);
    if (!taken) throw new Error('nothing taken');
    const taking = { log, rules, rewind: 60 * SECOND, clock: systemClock, report };
    const { owned, start } = await takeUp(taking, 0, taken);
    ownership.own(owned);
    async function* reading(): AsyncGenerator<Pulled> {
      for (let offset = start; offset < messages.length && !dead; offset += 3) {
        if (offset >= owned.liveFrom) left--;
        yield pullOf(messages.slice(offset, offset + 3) as RawMessage[]);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const credits = createCredits(1000);
    const done = topology(from(reading()), {
      rules,
      deriveRules,
      ownership,
      credits,
      keep: () => expect.fail('a dead letter'),
      foreign: () => expect.fail('a foreign log'),
      delivery: deliveryTo([sink as never, other as never]),
      unconfirmed: createUnconfirmed(crashing, hastyClock),
      store: crashing,
      clock: hastyClock,
      every: 0,
      mostPulls: 1,
      report,
      signal,
      stopping: signal,
      // Nearly every message goes on in parts.
      mostWindows: 2,
    });
    try {
      await lastValueFrom(done, { defaultValue: undefined });
      return false;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      return true;
    } finally {
      await real.close();
    }
  };
  return { work, published, second, events, key: (what: string) => `{${prefix}:t:g:0}:${what}` };
}

/** Each line by its id; lines that came again must be the same. Returns how many did. */
function booked(lines: readonly string[]) {
  const byId = new Map<string, string>();
  for (const line of lines) {
    const { message_id: id } = JSON.parse(line);
    expect(byId.get(id) ?? line).toBe(line);
    byId.set(id, line);
  }
  return { all: [...byId.values()].sort(), again: lines.length - byId.size };
}

describe.skipIf(!(await available('redis')))('a worker that dies [redis]', { timeout: 180_000 }, async () => {
  const undisturbed = cluster(unique('whole'));
  const expected = async () => {
    if (undisturbed.published.length === 0) await undisturbed.work(null, 0);
    return booked(undisturbed.published).all;
  };

  test.each(PLACES)('%s loses nothing', async (place) => {
    const draw = drawsOf(11, place);
    let crashes = 0;
    let again = 0;
    for (let round = 0; crashes < CRASHES; round++) {
      const { work, published, second, events } = cluster(unique(`crash${round}`));
      while (await work(place, Math.floor(draw() * 6))) crashes++;
      const books = booked(published);
      expect(books.all).toEqual(await expected());
      expect(booked(second).all).toEqual(await expected());
      expect(events.filter(({ event }) => event === 'state.lost')).toEqual([]);
      again += books.again;
    }
    // What was not known to be delivered comes again, under the same ids.
    const comesAgain = place === 'in the midst of publishing' || place === 'between publishing and confirming';
    if (comesAgain) expect(again).toBeGreaterThan(0);
    // It was noted that the one had it, though the other did not.
    if (place === 'while one destination has what the other lacks') expect(again).toBe(0);
    process.stdout.write(`${place}: died ${crashes} times, ${again} samples came again, none was lost\n`);
  });

  test('and whose Redis is emptied then loses nothing', async () => {
    const draw = drawsOf(12);
    let crashes = 0;
    for (let round = 0; crashes < CRASHES; round++) {
      const { work, published, key } = cluster(unique(`flush${round}`));
      while (await work(PLACES[Math.floor(draw() * PLACES.length)] as Place, 4 + Math.floor(draw() * 12))) {
        redisCli('del', ...['fence', 'meta', 'state', 'outbox', 'staged'].map(key));
        crashes++;
      }
      expect(booked(published).all).toEqual(await expected());
    }
  });
});
