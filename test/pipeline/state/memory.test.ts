import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { type Cluster, openCluster } from '../../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../../pipeline/kafka/consumer.ts';
import { openProducer } from '../../../pipeline/kafka/producer.ts';
import type { RawConsumer } from '../../../pipeline/kafka/raw-consumer.ts';
import { createMemoryStore } from '../../../pipeline/state/memory.ts';
import { type Log, rewindTo } from '../../../pipeline/state/rewind.ts';
import { available } from '../../services/service.ts';
import { configured, listening, pullUntil, unique } from '../kafka/fixtures.ts';
import { handClock } from '../runtime/hand-clock.ts';

const MINUTE = 60e6;
const quiet = (): void => undefined;
const { signal } = new AbortController();
const NOW = 1_700_000_000_000_000;
/** Sent to the real log one by one, so that many have a millisecond of their own. */
const RECORDS = 120;

const minutesAgo = (minutes: readonly number[]): readonly number[] => minutes.map((each) => NOW - each * MINUTE);

/** A log of one partition with records of these times (microseconds), the first at offset `low`. */
function logOf(times: readonly number[], low: number, committed: number | null) {
  const commits: unknown[] = [];
  let asked = 0;
  const log: Log = {
    committed: async (partitions) => new Map(partitions.map((partition) => [partition, committed])),
    watermarkOffsets: async () => ({ low, high: low + times.length }),
    offsetsForTime: async ([partition], timestampUs) => {
      asked++;
      const index = times.findIndex((time) => time >= timestampUs);
      return new Map([[partition as number, index < 0 ? null : low + index]]);
    },
    commit: async (offsets) => void commits.push(offsets),
  };
  return { log, commits, asked: () => asked };
}

/** A record every minute for 100 minutes until now: offset 10 a hundred minutes ago, 110 now. */
const STEADY = Array.from({ length: 101 }, (_, index) => 100 - index);

/** Ten minutes of records, then none until ten minutes ago: offsets 10 to 19 and 20 to 30. */
const WITH_PAUSE = [...STEADY.slice(0, 10), ...STEADY.slice(-11)];

describe('where a partition is taken up', () => {
  test.each<[string, readonly number[], number | null, { readonly start: number; readonly liveFrom: number }]>([
    ['nothing committed: all of it, live', STEADY, null, { start: 10, liveFrom: 10 }],
    ['an empty log', [], null, { start: 10, liveFrom: 10 }],
    ['committed at the oldest record', STEADY, 10, { start: 10, liveFrom: 10 }],
    ['committed before it, as retention has passed: all there is, live', STEADY, 4, { start: 10, liveFrom: 4 }],
    ['committed now: read again from the rewind before it', STEADY, 111, { start: 90, liveFrom: 111 }],
    ['a rewind longer than the log: all of it', STEADY.slice(90), 21, { start: 10, liveFrom: 21 }],
    ['a pause right before what is committed: from before the pause', WITH_PAUSE, 20, { start: 10, liveFrom: 20 }],
    [
      'nothing written since long before the rewind',
      STEADY.map((minutes) => minutes + 5000),
      111,
      { start: 10, liveFrom: 111 },
    ],
  ])('%s', async (_what, minutes, committed, expected) => {
    const { log } = logOf(minutesAgo(minutes), 10, committed);
    expect(await rewindTo(log, NOW, 10 * MINUTE, 3, committed)).toEqual(expected);
  });

  test('after a downtime: at least the rewind before what is committed, at most twice that and the downtime', async () => {
    for (let committed = 11; committed <= 110; committed++) {
      const { log } = logOf(minutesAgo(STEADY), 10, committed);
      const position = await rewindTo(log, NOW, 10 * MINUTE, 0, committed);
      const downtime = 110 - committed;
      expect(position.liveFrom).toBe(committed);
      expect(position.start).toBeLessThanOrEqual(Math.max(10, committed - 10));
      expect(position.start).toBeGreaterThanOrEqual(Math.max(10, committed - 20 - downtime));
    }
  });

  test('a log whose records are all older than ten years is not looked for for ever', async () => {
    const { log, asked } = logOf(minutesAgo([40 * 365 * 1440]), 10, 11);
    expect(await rewindTo(log, NOW, MINUTE, 0, 11)).toEqual({ start: 11, liveFrom: 11 });
    expect(asked()).toBeLessThan(30);
  });
});

describe('what is delivered', () => {
  const of = (partition: number, through: number, ...entries: readonly string[]) => ({ partition, through, entries });

  test('is committed at once where samples were, with every other partition, in one call', async () => {
    const { log, commits } = logOf([], 0, null);
    const store = createMemoryStore(log, handClock(NOW), MINUTE, quiet);
    await store.confirm([of(1, 3)], signal);
    expect(commits).toHaveLength(1);
    await store.confirm([of(0, 5), of(2, 7)], signal);
    expect(commits).toHaveLength(1);
    await store.confirm([of(2, 8, 'e')], signal);
    expect(commits.slice(1)).toEqual([
      [
        { partition: 0, offset: 5 },
        { partition: 2, offset: 8 },
      ],
    ]);
  });

  test('without samples is committed now and then, and before its partition is given back', async () => {
    const { log, commits } = logOf([], 0, null);
    const clock = handClock(NOW);
    const store = createMemoryStore(log, clock, MINUTE, quiet);
    await store.confirm([of(0, 1)], signal);
    await store.confirm([of(0, 2)], signal);
    await clock.advance(5000);
    await store.confirm([of(0, 3)], signal);
    await store.confirm([of(0, 4)], signal);
    await store.release([0], signal);
    await store.release([0], signal);
    expect(commits).toEqual([1, 3, 4].map((offset) => [{ partition: 0, offset }]));
  });
});

describe.skipIf(!(await available('kafka')))('the log that a real consumer asks [kafka]', () => {
  const { context } = listening();
  const name = unique('memory');
  let cluster: Cluster;
  let consumer: RawConsumer;

  beforeAll(async () => {
    cluster = await openCluster(
      configured({ brokers: ['127.0.0.1:19092'], group: name, topics: { raw: name } }),
      context,
    );
    await ensureTopic(cluster, { name, partitions: 1, replication: 1 });
    const producer = await openProducer(cluster, name);
    for (let sent = 0; sent < RECORDS; sent++) await producer.send([{ partition: 0, value: Buffer.from('x') }]);
    await producer.close();
    consumer = await openConsumer(cluster);
    consumer.assign([{ partition: 0, offset: 0 }]);
  });
  afterAll(async () => {
    await consumer.close();
    await cluster.close();
  });

  test('answers as the log in memory does', async () => {
    const records = await pullUntil(consumer, (all) => all.length >= RECORDS);
    const times = records.map(({ timestampUs }) => timestampUs);
    // The broker keeps milliseconds, and so do the times that it is asked for.
    const last = times.at(-1) as number;
    const starts = new Set<number | undefined>();
    for (const committed of [null, 40, 80, RECORDS]) {
      if (committed !== null) await consumer.commit([{ partition: 0, offset: committed }]);
      for (const rewindUs of [10_000, 40_000, 100_000]) {
        const clock = handClock(last + 1000);
        const expected = await createMemoryStore(logOf(times, 0, committed).log, clock, rewindUs, quiet).take(
          [0],
          signal,
        );
        expect(await createMemoryStore(consumer, clock, rewindUs, quiet).take([0], signal)).toEqual(expected);
        starts.add(expected.get(0)?.start);
      }
    }
    expect(starts.size).toBeGreaterThan(3);
  });
});
