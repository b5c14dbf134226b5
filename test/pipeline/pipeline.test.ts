import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeSnapshot } from '../../avro/codec.ts';
import { ensureTopic } from '../../pipeline/kafka/admin.ts';
import { type Cluster, openCluster } from '../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../pipeline/kafka/consumer.ts';
import { openProducer } from '../../pipeline/kafka/producer.ts';
import type { RawProducer } from '../../pipeline/kafka/raw-producer.ts';
import { select } from '../../pipeline/model/meters.ts';
import type { Sample } from '../../pipeline/model/sample.ts';
import { type Pipeline, startPipeline } from '../../pipeline/pipeline.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import { createMemoryStore } from '../../pipeline/state/memory.ts';
import { available } from '../services/service.ts';
import { configured, listening, unique } from './kafka/fixtures.ts';
import { pollOf, received, rulesOf, SECOND } from './model/polls.ts';
import { deliveryTo } from './sinks/a-parcel.ts';

const { events, context } = listening();
const PARTITIONS = [0, 1, 2, 3];
/** Four hours ago, at a full minute, so that nothing that is polled here is of the future: seconds. */
const START = Math.floor(systemClock.now() / 60e6) * 60 - 14_400;
let cluster: Cluster;
let producer: RawProducer;

beforeAll(async () => {
  const name = unique('pipeline');
  cluster = await openCluster(
    configured({ brokers: ['127.0.0.1:19092'], group: name, topics: { raw: name } }),
    context,
  );
  await ensureTopic(cluster, { name, partitions: PARTITIONS.length, replication: 1 });
  producer = await openProducer(cluster, cluster.config.topics.raw);
});
afterAll(async () => {
  await producer.close();
  await cluster.close();
});

/** One instance a partition, 10 bytes a second, polled every 10 s from `from` to before `to` (seconds from START). */
async function poll(from: number, to: number): Promise<void> {
  for (let t = from; t < to; t += 10) {
    const at = START + t;
    await producer.send(
      PARTITIONS.map((partition) => {
        const uuid = Buffer.alloc(16, partition + 1);
        const value = encodeSnapshot(pollOf(at, [received(at, BigInt(t * 10), { uuid })]));
        return { partition, value, timestampMs: at * 1000 };
      }),
    );
  }
}

async function start(publish: (batch: readonly Sample[]) => Promise<void>): Promise<Pipeline> {
  const sink = { name: 'by hand', publish, close: async () => undefined };
  const consumer = await openConsumer(cluster);
  return startPipeline({
    consumer,
    store: createMemoryStore(consumer, context.clock, 3600 * SECOND, context.report),
    checkpointEvery: 0,
    deadLetters: {
      keep: async () => undefined,
      send: () => Promise.reject(new Error('every message can be read')),
      close: async () => undefined,
    },
    delivery: deliveryTo([sink]),
    rules: rulesOf(),
    deriveRules: {
      selection: select(['network.incoming.bytes.delta']),
      gauges: 'last',
    },
    rewind: 3600 * SECOND,
    ...context,
  });
}

const into = (published: Sample[]) => async (batch: readonly Sample[]) => void published.push(...batch);

/** Waits until it holds; the test's own timeout is the limit. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await systemClock.sleep(10);
}

describe.skipIf(!(await available('kafka')))('a pipeline that shares its partitions with another [kafka]', () => {
  test('gives them over at once, and every window is published once, as if there had been one', async () => {
    const [first, second]: [Sample[], Sample[]] = [[], []];
    const one = await start(into(first));
    await poll(0, 610);
    await until(() => first.length === 40);
    const joinedAt = systemClock.monotonic();
    const other = await start(into(second));
    for (let t = 610; second.length === 0; t += 60) {
      await poll(t, t + 60);
      await systemClock.sleep(50);
    }
    expect(systemClock.monotonic() - joinedAt).toBeLessThan(20 * SECOND);
    expect(events.filter(({ event }) => event === 'kafka.trouble')).toEqual([]);
    expect(events.filter(({ event }) => event === 'partition.released')).toHaveLength(PARTITIONS.length / 2);
    const { signal } = new AbortController();
    await Promise.all([one.stop(signal), other.stop(signal)]);
    const all = [...first, ...second];
    expect(new Set(all.map(({ messageId }) => messageId)).size).toBe(all.length);
    expect(all.map(({ volume }) => volume)).toEqual(all.map(() => 600));
    for (const id of new Set(all.map(({ resource }) => resource.id))) {
      const minutes = all
        .filter(({ resource }) => resource.id === id)
        .map((sample) => sample.windowEnd / 60e6 - START / 60);
      expect(minutes.sort((a, b) => a - b)).toEqual(minutes.map((_, index) => index + 1));
    }
  }, 90_000);

  test('that fails gives them back when it is stopped: the next one need not wait for the group to miss it', async () => {
    const failed = await start(() => Promise.reject(new Error('refused')));
    failed.done.catch(() => undefined);
    await poll(10_000, 10_200);
    await expect(failed.done).rejects.toThrow('refused');
    const { signal } = new AbortController();
    const released = () => events.filter(({ event }) => event === 'partition.released').length;
    const before = released();
    await expect(failed.stop(signal)).rejects.toThrow('refused');
    expect(released() - before).toBe(PARTITIONS.length);
    const published: Sample[] = [];
    const startedAt = systemClock.monotonic();
    const next = await start(into(published));
    await until(() => published.length > 0);
    expect(systemClock.monotonic() - startedAt).toBeLessThan(20 * SECOND);
    await next.stop(signal);
  }, 90_000);
});
