import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SCRIPTS } from '../../../../pipeline/state/redis/scripts.ts';
import { available } from '../../../services/service.ts';
import { aLog } from '../a-log.ts';
import { changesOf, checkpointOf, found, keep, samplesOf } from '../checkpoints.ts';
import { type Detour, openDetour, sendRaw } from './detour.ts';
import { type OwnRedis, ownRedis } from './own-redis.ts';
import { redisCli } from './redis-cli.ts';
import { closeStores, PLAIN, stores } from './stores.ts';

closeStores();

const operations = readFileSync(new URL('../../../../docs/operations.md', import.meta.url), 'utf8');
const RIGHTS = /ACL SETUSER metering .* ~{hypermeter:\* (.*)/.exec(operations)?.[1]?.split(' ') ?? [];

/** More than one call takes. */
const MANY = 5500;
const every = (count: number, text: string) =>
  changesOf(Object.fromEntries(Array.from({ length: count }, (_, i) => [`i${i}`, text])));

const shaOf = (name: keyof typeof SCRIPTS): string => createHash('sha1').update(SCRIPTS[name]).digest('hex');

/** A chance that is the same at every run. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe.skipIf(!(await available('redis')))('a way to Redis that breaks [redis]', () => {
  let detour: Detour;
  const through = () => ({ url: `redis://127.0.0.1:${detour.port}` });

  beforeAll(async () => {
    detour = await openDetour(16379);
  });
  afterAll(() => detour.close());

  test.each([
    ['in one call', 20, 80],
    ['in parts', MANY, 40],
  ])('a checkpoint %s is kept as one or not at all, wherever the connection is cut', async (_how, count, rounds) => {
    const { again, key } = stores(PLAIN, aLog({ high: 1_000_000 }));
    const store = await again({ config: through() });
    await found(store);
    const all =
      "return {redis.call('HGET', KEYS[1], 'next'), redis.call('HVALS', KEYS[2]), redis.call('HLEN', KEYS[3])}";
    const look = (): string => redisCli('eval', all, '3', key('meta'), key('state'), key('outbox'));
    const chance = chances(count);
    const seen: string[] = [];
    let cuts = 0;
    await keep(store, checkpointOf(1000, every(count, 'v1000'), { samples: samplesOf('x') }));
    let n = 0;
    while (cuts < rounds) {
      n++;
      const bytes = Math.ceil(chance() * (n % 3 === 0 ? 8 : 1100 + count * 20));
      detour.cutAfter(bytes, n % 3 === 0 ? 'reply' : 'request', () => {
        cuts++;
        seen.push(look());
      });
      const next = checkpointOf(1000 + n, every(count, `v${1000 + n}`), { samples: samplesOf('x') });
      expect(await keep(store, next)).toBe(`${n + 1}`);
      seen.push(look());
    }
    for (const text of seen) {
      const [next, ...lines] = text.split('\n');
      const entries = Number(lines.pop());
      expect(new Set(lines.filter((line) => line !== 'progress'))).toEqual(new Set([`v${next}`]));
      expect(lines).toHaveLength(count + 1);
      expect(entries).toBe(Number(next) - 999);
    }
    const { liveFrom, instances, outbox } = await found(await again());
    expect([liveFrom, outbox.length, Object.keys(instances ?? {}).length]).toEqual([1000 + n, n + 1, count]);
  });

  test.each([[false], [true]])('what was put aside and is gone is brought again (whole: %s)', async (whole) => {
    const { again, key } = stores(PLAIN);
    const store = await again({ config: through() });
    await found(store);
    await keep(store, checkpointOf(5, changesOf({ old: '0' }), { samples: samplesOf('x') }));
    let times = 0;
    detour.onRequest = (bytes) => {
      // As a server that comes back without the last second.
      if (bytes.includes(shaOf('hypermeterCheckpoint')) && times++ === 0) redisCli('del', key('staged'));
    };
    await keep(store, checkpointOf(10, every(MANY, 'new'), { whole }));
    detour.onRequest = () => undefined;
    expect(times).toBe(2);
    const { instances, outbox } = await found(await again());
    expect(Object.keys(instances ?? {})).toHaveLength(whole ? MANY : MANY + 1);
    expect(outbox).toEqual([['x']]);
  });

  test('a part of an earlier checkpoint that arrives late is not put to those of the next', async () => {
    const { again, key } = stores(PLAIN);
    const store = await again({ config: through() });
    await found(store);
    await keep(store, checkpointOf(5, every(MANY, '5')));
    const token = redisCli('get', key('fence'));
    const part = [shaOf('hypermeterStage'), '2', key('fence'), key('staged'), token, '1', '0', 'i0', '5'];
    let answer = '';
    detour.onRequest = (bytes) => {
      if (bytes.includes(shaOf('hypermeterCheckpoint'))) answer = redisCli('evalsha', ...part);
    };
    await keep(store, checkpointOf(10, every(MANY, '10')));
    detour.onRequest = () => undefined;
    expect(answer).toBe('again');
    expect((await found(await again())).instances).toMatchObject({ i0: '10' });
  });

  test.each([[false], [true]])('what arrives late of an owner changes nothing (whole: %s)', async (whole) => {
    const { again } = stores(PLAIN);
    const store = await again({ config: through() });
    await found(store);
    await keep(store, checkpointOf(5, changesOf({ a: '5' })));
    const late: Buffer[] = [];
    detour.onRequest = (bytes) => void late.push(bytes);
    await keep(store, checkpointOf(10, changesOf({ a: '10' }), { whole, samples: samplesOf('x') }));
    await keep(store, checkpointOf(20, every(MANY, '20'), { whole }));
    detour.onRequest = () => undefined;
    await keep(store, checkpointOf(30, changesOf({ a: '30' })));
    expect(String(await sendRaw(16379, Buffer.concat(late)))).toContain('kept');
    expect(await keep(store, checkpointOf(40, changesOf({ b: '40' })))).toBeNull();
    const { liveFrom, instances, outbox } = await found(await again());
    expect({ liveFrom, outbox }).toEqual({ liveFrom: 40, outbox: [['x']] });
    expect(instances).toMatchObject({ a: '30', b: '40', i0: '20' });
  });

  test('a server that falls silent is left, and asked again by another connection', async () => {
    const { again, events } = stores(PLAIN);
    const store = await again({ config: through(), silentMs: 300 });
    await found(store);
    detour.fallSilent();
    await keep(store, checkpointOf(10, changesOf({ a: '1' })));
    expect(events.map(({ event }) => event)).toEqual(['state.back', 'state.away', 'state.back', 'state.kept']);
    expect((await found(await again())).instances).toEqual({ a: '1' });
  });

  test('waiting for a server that is away ends when the signal says so, at once', async () => {
    const { again } = stores(PLAIN);
    const store = await again({ config: through() });
    await found(store);
    const entry = await keep(store, checkpointOf(10, changesOf({}), { samples: samplesOf('x') }));
    detour.fallSilent();
    const stop = new AbortController();
    const waiting = store.checkpoint([checkpointOf(20)], stop.signal);
    const confirming = store.confirm([{ partition: 0, through: 10, entries: [entry as string] }], stop.signal);
    stop.abort(new Error('time is up'));
    await expect(waiting).rejects.toThrow('time is up');
    await confirming;
    expect((await found(await again())).outbox).toEqual([['x']]);
  });
});

describe.skipIf(!(await available('redis')))('a Redis that is killed [redis]', () => {
  let redis: OwnRedis;
  let detour: Detour;

  beforeAll(async () => {
    redis = await ownRedis('--appendonly', 'yes', '--appendfsync', 'always');
    detour = await openDetour(redis.port);
    await redis.start();
  });
  afterAll(async () => {
    detour.close();
    await redis.remove();
  });

  test('has everything that it acknowledged, and nothing half', async () => {
    const { again } = stores({ url: redis.url }, aLog({ high: 1_000_000 }));
    const store = await again();
    await found(store);
    const chance = chances(7);
    for (let n = 1; n <= 8; n++) {
      let kept = 0;
      let going = true;
      const killed = new Promise<void>((resolve) => {
        setTimeout(() => {
          redis.kill();
          void redis.start().then(resolve);
        }, chance() * 60);
      });
      void killed.then(() => {
        going = false;
      });
      while (going) {
        kept++;
        await keep(store, checkpointOf(n * 10_000 + kept, every(50, `${n * 10_000 + kept}`)));
      }
      const { liveFrom, instances } = await found(await again({ report: () => undefined }));
      expect(liveFrom).toBe(n * 10_000 + kept);
      expect(new Set(Object.values(instances ?? {}))).toEqual(new Set([`${liveFrom}`]));
      await found(store);
    }
  });

  test('and comes back while a state is read is read from the beginning', async () => {
    const { again } = stores({ url: redis.url });
    const store = await again();
    await found(store);
    await keep(store, checkpointOf(10, every(20_000, 'v')));
    let pages = 0;
    let restarted: Promise<void> | null = null;
    detour.onRequest = (bytes) => {
      if (!/hscan/i.test(String(bytes)) || ++pages !== 7) return;
      redis.kill();
      restarted = redis.start();
    };
    const next = await again({ config: { url: `redis://127.0.0.1:${detour.port}` } });
    expect(Object.keys((await found(next)).instances ?? {})).toHaveLength(20_000);
    expect(restarted).not.toBeNull();
    await restarted;
  });
});

describe.skipIf(!(await available('redis')))('a Redis whose replica takes over [redis]', () => {
  test('is found behind the same address, also where the old one goes on as a replica', async () => {
    const [first, second] = [await ownRedis('--appendonly', 'yes'), await ownRedis('--appendonly', 'yes')];
    await first.start();
    await second.start();
    const detour = await openDetour(first.port);
    try {
      const { again } = stores({ url: `redis://127.0.0.1:${detour.port}` });
      const store = await again();
      await found(store);
      await keep(store, checkpointOf(10, changesOf({ a: '1' }), { samples: samplesOf('x') }));
      second.cli('replicaof', '127.0.0.1', `${first.port}`);
      await expect.poll(() => first.cli('wait', '1', '100'), { timeout: 20_000 }).toBe('1');
      await expect.poll(() => second.cli('dbsize'), { timeout: 20_000 }).toBe(first.cli('dbsize'));
      second.cli('replicaof', 'no', 'one');
      first.cli('replicaof', '127.0.0.1', `${second.port}`);
      detour.target = second.port;
      await keep(store, checkpointOf(20, changesOf({ b: '2' })));
      expect(await found(await again())).toMatchObject({
        liveFrom: 20,
        instances: { a: '1', b: '2' },
        outbox: [['x']],
      });
    } finally {
      detour.close();
      await first.remove();
      await second.remove();
    }
  });
});

describe.skipIf(!(await available('redis')))('what Redis says of itself [redis]', () => {
  test.each<[string, readonly string[], string | null, readonly string[]]>([
    [
      'it throws keys away when it is full',
      ['--appendonly', 'yes', '--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'],
      'CONFIG SET maxmemory-policy noeviction',
      [],
    ],
    ['it may be full', ['--appendonly', 'yes', '--maxmemory', '100mb'], null, []],
    ['it has no append-only file', [], null, ['no_append_only_file']],
    ['it does not tell', ['--appendonly', 'yes', '--rename-command', 'CONFIG', ''], null, ['unchecked']],
  ])('%s', async (_what, settings, refusal, doubts) => {
    const redis = await ownRedis(...settings);
    try {
      await redis.start();
      const { again, events } = stores({ url: redis.url });
      if (refusal === null) await again();
      else await expect(again()).rejects.toThrow(refusal);
      expect(events.flatMap((each) => (each.event === 'state.doubt' ? [each.doubt] : []))).toEqual(doubts);
    } finally {
      await redis.remove();
    }
  });

  test('a user of no more rights than docs/operations.md lists is enough', async () => {
    const redis = await ownRedis('--appendonly', 'yes');
    try {
      await redis.start();
      const { again, events, prefix } = stores({ url: redis.url, username: 'metering', password: 'p' });
      redis.cli('acl', 'setuser', 'metering', 'on', '>p', `~{${prefix}:*`, ...RIGHTS);
      const store = await again();
      await found(store);
      const entry = await keep(store, checkpointOf(10, every(MANY, 'v'), { samples: samplesOf('x') }));
      await store.confirm([{ partition: 0, through: 10, entries: [entry as string] }], AbortSignal.timeout(5000));
      expect((await found(await again())).outbox).toEqual([]);
      expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['state.back', 'state.kept']));
      redis.cli('acl', 'setuser', 'metering', '-evalsha');
      await expect(keep(store, checkpointOf(20))).rejects.toThrow(/NOPERM.*the user needs/);
    } finally {
      await redis.remove();
    }
  });

  test('while it is full nothing is lost: it is waited for until there is room', async () => {
    const redis = await ownRedis('--appendonly', 'yes', '--maxmemory', '100mb');
    try {
      await redis.start();
      const { again, events } = stores({ url: redis.url });
      const store = await again();
      await found(store);
      await keep(store, checkpointOf(10, changesOf({ a: '1' }), { samples: samplesOf('x') }));
      redis.cli('config', 'set', 'maxmemory', '1');
      events.length = 0;
      const keeping = keep(store, checkpointOf(20, changesOf({ a: '2' }), { whole: true, samples: samplesOf('y') }));
      await expect.poll(() => events.map(({ event }) => event)).toEqual(['state.away']);
      expect(redis.cli('dbsize')).toBe('4');
      redis.cli('config', 'set', 'maxmemory', '100mb');
      await keeping;
      expect(await found(await again())).toMatchObject({ instances: { a: '2' }, outbox: [['x'], ['y']] });
    } finally {
      await redis.remove();
    }
  });
});
