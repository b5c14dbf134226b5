import { describe, expect, test } from 'vitest';
import { EXIT, exitCodeOf } from '../../../../pipeline/cli/exit.ts';
import { available } from '../../../services/service.ts';
import { aLog } from '../a-log.ts';
import { changesOf, checkpointOf, found, keep, samplesOf, signal } from '../checkpoints.ts';
import { storeContract } from '../contract.ts';
import { redisCli, tlsDirectory } from './redis-cli.ts';
import { closeStores, PLAIN, stores } from './stores.ts';

closeStores();

describe.skipIf(!(await available('redis')))('state in Redis [redis]', () => {
  describe('keeps the contract', () => {
    storeContract((log) => stores().again({ log, partitions: 2 }), aLog);
  });

  test('a partition never seen begins where the log does', async () => {
    const { again, events } = stores(PLAIN, aLog({ low: 7 }));
    expect(await found(await again())).toEqual({ start: 7, liveFrom: 7, instances: null, outbox: [] });
    expect(events.filter(({ event }) => event === 'state.lost')).toEqual([]);
  });

  test('what is checkpointed comes back, with what waits to be delivered, in order', async () => {
    const { again } = stores();
    const store = await again();
    await found(store);
    expect(await keep(store, checkpointOf(10, changesOf({ a: '1', b: '1' }, { resumeOffset: 8 })))).toBeNull();
    await keep(
      store,
      checkpointOf(20, changesOf({ b: '2', c: '2' }, { resumeOffset: 19 }), { samples: samplesOf('x', 'y') }),
    );
    for (let n = 0; n < 12; n++) await keep(store, checkpointOf(21, changesOf({}), { samples: samplesOf(`${n}`) }));
    await keep(store, checkpointOf(30, changesOf({}, { gone: ['a'], resumeOffset: 25 })));
    expect(await found(await again())).toEqual({
      start: 25,
      liveFrom: 30,
      instances: { b: '2', c: '2' },
      outbox: [['x', 'y'], ...Array.from({ length: 12 }, (_, n) => [`${n}`])],
    });
  });

  test('what waits comes back with the sinks that have it, up to where each was marked', async () => {
    const { again } = stores();
    const store = await again();
    await found(store);
    const entries: string[] = [];
    for (const id of ['x', 'y', 'z']) {
      const entry = await keep(store, checkpointOf(10, changesOf({}), { samples: samplesOf(id) }));
      entries.push(entry as string);
    }
    const mark = (sink: string, n: number) => ({ partition: 0, sink, entry: entries[n] as string });
    await store.mark([mark('udp', 0), mark('file', 2)], signal);
    await store.mark([mark('udp', 1)], signal);
    const next = await again();
    const outbox = (await next.take([0], signal)).get(0)?.outbox.map(({ has }) => [...has].sort());
    expect(outbox).toEqual([['file', 'udp'], ['file', 'udp'], ['file']]);
    // The one before is fenced: it cannot say any more what is delivered.
    await store.mark([mark('amqp', 2)], signal);
    const later = (await (await again()).take([0], signal)).get(0);
    expect(later?.outbox.flatMap(({ has }) => has)).not.toContain('amqp');
  });

  test('marks are forgotten with the entries that they speak of', async () => {
    const { again } = stores();
    const store = await again();
    await found(store);
    const entry = await keep(store, checkpointOf(10, changesOf({}), { samples: samplesOf('x') }));
    await store.mark([{ partition: 0, sink: 'udp', entry: entry as string }], signal);
    await keep(store, checkpointOf(20, changesOf({}), { whole: true }));
    const later = (await (await again()).take([0], signal)).get(0);
    expect(later?.outbox.map(({ samples, has }) => [samples.length, has])).toEqual([[1, []]]);
  });

  test('what is confirmed does not come back, and is committed to the log', async () => {
    const { again, commits } = stores();
    const store = await again();
    await found(store);
    const first = await keep(store, checkpointOf(10, changesOf({}), { samples: samplesOf('x') }));
    await keep(store, checkpointOf(20, changesOf({}), { samples: samplesOf('y') }));
    await store.confirm([{ partition: 0, through: 10, entries: [first as string] }], signal);
    expect(commits).toEqual([[0, 10]]);
    expect((await found(await again())).outbox).toEqual([['y']]);
  });

  test('an owner whose partition was taken writes nothing any more', async () => {
    const { again } = stores();
    const [before, after] = [await again(), await again()];
    await found(before);
    const entry = await keep(before, checkpointOf(10, changesOf({ a: '1' }), { samples: samplesOf('x') }));
    await found(after);
    expect((await before.checkpoint([checkpointOf(20, changesOf({ a: 'zombie' }))], signal)).get(0)).toEqual({
      outcome: 'fenced',
    });
    const whole = { whole: true, samples: samplesOf('z') };
    expect((await before.checkpoint([checkpointOf(30, changesOf({ a: 'zombie' }), whole)], signal)).get(0)).toEqual({
      outcome: 'fenced',
    });
    await before.confirm([{ partition: 0, through: 10, entries: [entry as string] }], signal);
    expect(await found(await again())).toMatchObject({ liveFrom: 10, instances: { a: '1' }, outbox: [['x']] });
  });

  test('a whole state replaces what there was', async () => {
    const { again } = stores();
    const store = await again();
    await found(store);
    await keep(store, checkpointOf(10, changesOf({ a: '1', b: '1' }), { samples: samplesOf('x') }));
    await keep(store, checkpointOf(20, changesOf({ c: '2' }), { whole: true, samples: samplesOf('y') }));
    expect(await found(await again())).toMatchObject({ liveFrom: 20, instances: { c: '2' }, outbox: [['x'], ['y']] });
  });

  test.each([[false], [true]])('a state too large for one call is kept as one (whole: %s)', async (whole) => {
    const { again, key } = stores();
    const store = await again();
    await found(store);
    await keep(store, checkpointOf(5, changesOf({ old: '0' })));
    const many = Object.fromEntries(Array.from({ length: 7001 }, (_, n) => [`i${n}`, `${n}`]));
    await keep(store, checkpointOf(10, changesOf(many, { gone: whole ? [] : ['old'] }), { whole }));
    expect(redisCli('exists', key('staged'))).toBe('0');
    expect((await found(await again())).instances).toEqual(many);
  });

  test('half of a large state, from an owner that died, is nobody’s', async () => {
    const { again, key } = stores();
    const store = await again();
    await found(store);
    await keep(store, checkpointOf(10, changesOf({ a: '1' })));
    redisCli('hset', key('staged'), 'a', 'half');
    const next = await again();
    expect((await found(next)).instances).toEqual({ a: '1' });
    expect(redisCli('exists', key('staged'))).toBe('0');
  });

  describe('that is lost', () => {
    test('before it is taken: the log is read again, aloud', async () => {
      const { again, events, key } = stores(PLAIN, aLog({ low: 3, committed: 50 }));
      await found(await again());
      redisCli('del', ...['fence', 'meta', 'state', 'outbox'].map(key));
      events.length = 0;
      expect(await found(await again())).toEqual({ start: 3, liveFrom: 50, instances: null, outbox: [] });
      expect(events.filter(({ event }) => event === 'state.lost')).toMatchObject([{ reason: 'missing' }]);
    });

    test('while it is in use: the whole state is asked for, with all that waits', async () => {
      const { again, key } = stores();
      const store = await again();
      await found(store);
      await keep(store, checkpointOf(10, changesOf({ a: '1' }), { samples: samplesOf('x') }));
      redisCli('del', ...['fence', 'meta', 'state', 'outbox'].map(key));
      const next = checkpointOf(20, changesOf({ b: '2' }), { samples: samplesOf('y') });
      expect((await store.checkpoint([next], signal)).get(0)).toEqual({ outcome: 'lost' });
      await keep(store, { ...next, whole: true, changes: () => changesOf({ a: '1', b: '2' }) });
      expect(await found(await again())).toMatchObject({
        liveFrom: 20,
        instances: { a: '1', b: '2' },
        outbox: [['x'], ['y']],
      });
    });

    test('in part, as by a server that took over an older copy: the whole state is asked for', async () => {
      const { again, key } = stores();
      const store = await again();
      await found(store);
      await keep(store, checkpointOf(10));
      await keep(store, checkpointOf(20));
      redisCli('hset', key('meta'), 'seq', '1', 'next', '10');
      expect((await store.checkpoint([checkpointOf(30)], signal)).get(0)).toEqual({ outcome: 'lost' });
    });

    test.each([['a'], ['partition']])(
      'in part before it is taken: the log is read again, aloud (%s)',
      async (field) => {
        const { again, events, key } = stores(PLAIN, aLog({ committed: 4 }));
        const store = await again();
        await found(store);
        await keep(store, checkpointOf(10, changesOf({ a: '1', b: '1' }), { samples: samplesOf('x') }));
        redisCli('hdel', key('state'), field);
        events.length = 0;
        expect(await found(await again())).toMatchObject({ liveFrom: 4, instances: null, outbox: [] });
        expect(events.filter(({ event }) => event === 'state.lost')).toMatchObject([{ reason: 'missing' }]);
      },
    );

    test('in part before it is taken: what is built anew replaces the rest, whatever its number', async () => {
      const { again, key } = stores(PLAIN, aLog({ committed: 4 }));
      const first = await again();
      await found(first);
      await keep(first, checkpointOf(10, changesOf({ old: '1' })));
      redisCli('hdel', key('state'), 'partition');
      const second = await again();
      await found(second);
      await keep(second, checkpointOf(20, changesOf({ a: '2' }), { whole: true }));
      await keep(second, checkpointOf(30, changesOf({ b: '3' })));
      expect(await found(await again())).toMatchObject({ liveFrom: 30, instances: { a: '2', b: '3' } });
    });

    test('in part before it is taken: it goes on from there, aloud', async () => {
      const log = { low: 0, high: 100, committed: null as number | null };
      const { again, events } = stores(PLAIN, aLog(log));
      const store = await again();
      await found(store);
      await keep(store, checkpointOf(10, changesOf({ a: '1' })));
      log.committed = 40;
      expect(await found(await again())).toMatchObject({ liveFrom: 10, instances: { a: '1' } });
      expect(events.filter(({ event }) => event === 'state.lost')).toMatchObject([{ reason: 'stale' }]);
    });
  });

  test('of another topic of the same name is not used', async () => {
    const log = { low: 0, high: 100 };
    const { again, events } = stores(PLAIN, aLog(log));
    const store = await again();
    await found(store);
    await keep(store, checkpointOf(90, changesOf({ a: '1' })));
    log.high = 5;
    expect(await found(await again())).toMatchObject({ start: 0, liveFrom: 0, instances: null });
    expect(events.filter(({ event }) => event === 'state.lost')).toMatchObject([{ reason: 'foreign' }]);
  });

  test('of messages that the topic no longer holds goes on with what there is, aloud', async () => {
    const log = { low: 0, high: 100 };
    const { again, events } = stores(PLAIN, aLog(log));
    const store = await again();
    await found(store);
    await keep(store, checkpointOf(10, changesOf({ a: '1' })));
    log.low = 60;
    expect(await found(await again())).toMatchObject({ start: 60, liveFrom: 60, instances: { a: '1' } });
    expect(events.filter(({ event }) => event === 'state.lost')).toMatchObject([{ reason: 'truncated' }]);
  });

  test('of another number of partitions is refused by name', async () => {
    const { again } = stores();
    const store = await again();
    await found(store);
    await keep(store, checkpointOf(10));
    const grown = (await again({ partitions: 16 })).take([0], signal);
    await expect(grown).rejects.toThrow('1 partitions of topic t, which has 16 now');
    await expect(grown).rejects.toSatisfy((error) => exitCodeOf(error) === EXIT.config);
  });

  test('of more partitions than there are now is refused by name', async () => {
    const { again } = stores();
    const store = await again({ partitions: 16 });
    await found(store);
    await keep(store, checkpointOf(10));
    await expect((await again()).take([0], signal)).rejects.toThrow('16 partitions of topic t, which has 1 now');
  });

  test('with samples that cannot be read is built anew; of a newer program is refused', async () => {
    const { again, events, key } = stores(PLAIN, aLog({ committed: 4 }));
    const store = await again();
    await found(store);
    await keep(store, checkpointOf(10, changesOf({ a: '1' }), { samples: samplesOf('x') }));
    redisCli('hset', key('outbox'), '1', 'nonsense');
    events.length = 0;
    expect(await found(await again())).toMatchObject({ liveFrom: 4, instances: null, outbox: [] });
    expect(events.filter(({ event }) => event === 'state.lost')).toMatchObject([{ reason: 'undecodable' }]);
    redisCli('hset', key('outbox'), '1', String.fromCharCode(0x46, 9));
    await expect((await again()).take([0], signal)).rejects.toThrow('newer Hypermeter (version 9');
  });

  test.each<[string, object]>([
    ['over TLS', { url: 'rediss://localhost:16380', tls: { caFile: `${tlsDirectory}/ca.crt` } }],
    ['with a user and a password', { ...PLAIN, username: 'metering', password: 'metering-secret' }],
    ['through a sentinel', { sentinel: { master: 'hypermeter', nodes: ['127.0.0.1:16381'] } }],
    ['in a cluster', { cluster: ['127.0.0.1:16389', '127.0.0.1:16390'] }],
  ])('%s it is the same', async (_how, config) => {
    const { again, events } = stores(config);
    const store = await again();
    await found(store);
    await store.take([0, 1, 2, 3], signal);
    const all = [0, 1, 2, 3].map((partition) =>
      checkpointOf(10, changesOf({ a: `${partition}` }), { partition, samples: samplesOf('x') }),
    );
    const outcomes = await store.checkpoint(all, signal);
    expect([...outcomes.values()].map(({ outcome }) => outcome)).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect(await found(await again())).toMatchObject({ liveFrom: 10, instances: { a: '0' }, outbox: [['x']] });
    expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['state.back', 'state.kept']));
  });

  test.each<[string, object, string]>([
    ['one server', { url: 'redis://metering:wrong-secret@127.0.0.1:1' }, 'connect ECONNREFUSED 127.0.0.1:1; waited'],
    ['a cluster', { cluster: ['127.0.0.1:1'] }, 'Redis at 127.0.0.1:1: '],
    ['sentinels', { sentinel: { master: 'm', nodes: ['127.0.0.1:1'] } }, 'All sentinels are unreachable'],
  ])('%s that cannot be reached at the start is told, with where to look', async (_what, config, reason) => {
    const { again, events } = stores(config);
    const opened = again({ openMs: 300 });
    await expect(opened).rejects.toThrow(reason);
    await expect(opened).rejects.toThrow('0.3 s: check that it runs, and state.url, sentinel or cluster');
    await expect(opened).rejects.not.toThrow('wrong-secret');
    expect(events.map(({ event }) => event)).toEqual(['state.away']);
    expect(JSON.stringify(events)).not.toContain('wrong-secret');
  });

  test.each<[string, object, string]>([
    [
      'a wrong password',
      { ...PLAIN, username: 'metering', password: 'wrong-secret' },
      'check state.username and state.password',
    ],
    ['an unknown certificate', { url: 'rediss://localhost:16380' }, 'set state.tls.caFile'],
  ])('%s is told at once, with the remedy and without the secret', async (_what, config, remedy) => {
    const { again } = stores(config);
    const opened = again();
    await expect(opened).rejects.toThrow(remedy);
    await expect(opened).rejects.not.toThrow('wrong-secret');
  });
});
