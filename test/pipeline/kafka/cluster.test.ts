import rdkafka from 'node-rdkafka';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { type Cluster, openCluster } from '../../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../../pipeline/kafka/consumer.ts';
import { openProducer } from '../../../pipeline/kafka/producer.ts';
import type { RawConsumer } from '../../../pipeline/kafka/raw-consumer.ts';
import type { RawProducer } from '../../../pipeline/kafka/raw-producer.ts';
import type { Membership } from '../../../pipeline/kafka/rebalance.ts';
import type { Clock } from '../../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { available } from '../../services/service.ts';
import { configured, listening, owner, pullUntil, unique } from './fixtures.ts';

const ALL = [...Array(12).keys()];

/** A pipeline in small: reads on and on, and on revocation commits what it read. */
function reader(consumer: RawConsumer, read: Map<string, number>) {
  const next = new Map<number, number>();
  const membership: Membership = {
    onAssign: async () => new Map(),
    onRevoke: async (partitions) => {
      const mine = partitions.flatMap((partition) => {
        const offset = next.get(partition);
        return offset === undefined ? [] : [{ partition, offset }];
      });
      await consumer.commit(mine);
      for (const partition of partitions) next.delete(partition);
    },
  };
  consumer.join(membership);
  let going = true;
  const loop = (async () => {
    while (going)
      for (const { partition, offset } of await consumer.pull()) {
        const key = `${partition}@${offset}`;
        read.set(key, (read.get(key) ?? 0) + 1);
        next.set(partition, offset + 1);
      }
  })();
  return async () => {
    going = false;
    await loop;
    await consumer.close();
  };
}

describe.skipIf(!(await available('kafka')))('a Kafka cluster [kafka]', () => {
  const { events, context } = listening();
  const topic = unique('raw');
  let cluster: Cluster;
  let producer: RawProducer;
  const cluster2 = (group: string) =>
    openCluster(
      configured({
        brokers: ['127.0.0.1:19092'],
        group: `${topic}.${group}`,
        topics: { raw: topic },
        librdkafka: { 'heartbeat.interval.ms': 500 },
      }),
      context,
    );

  beforeAll(async () => {
    cluster = await cluster2('first');
    await ensureTopic(cluster, { name: topic, partitions: 12, replication: 1 });
    producer = await openProducer(cluster, topic);
  });
  afterAll(async () => {
    await producer.close();
    await cluster.close();
  });

  test('gets the topic with the wanted partitions; asking again changes nothing', async () => {
    expect(producer.partitions).toBe(12);
    expect(await ensureTopic(cluster, { name: topic, partitions: 4, replication: 1 })).toBe(12);
  });

  test('gives every message once, with the time of the broker', async () => {
    const before = Date.now();
    const values = Array.from({ length: 600 }, (_, index) => `${index}`);
    await producer.send(
      values.map((value, index) => ({ partition: index % 12, value: Buffer.from(value), timestampMs: 1_000_000 })),
    );
    const consumer = await openConsumer(cluster);
    consumer.join(owner().membership);
    const received = await pullUntil(consumer, (all) => all.length >= 600);
    expect(received.map(({ value }) => value.toString()).sort()).toEqual(values.sort());
    for (const { timestampUs } of received) expect(timestampUs / 1000).toBeGreaterThan(before - 1000);
    await consumer.commit(ALL.map((partition) => ({ partition, offset: 30 })));
    await consumer.close();
  });

  test('resumes at the committed offset, or where the owner says', async () => {
    const consumer = await openConsumer(cluster);
    const starts = new Map([
      [3, 48],
      [4, 0],
    ]);
    const { came, went, membership } = owner(starts);
    consumer.join(membership);
    const received = await pullUntil(consumer, (all) => all.length >= 10 * 20 + 2 + 50);
    const firsts = ALL.map((wanted) => received.find(({ partition }) => partition === wanted)?.offset);
    expect(firsts).toEqual(ALL.map((partition) => starts.get(partition) ?? 30));
    expect(received).toHaveLength(252);
    expect(came).toEqual([ALL]);
    await consumer.close();
    expect(went).toEqual([ALL]);
  });

  test('finds the offset of a time', async () => {
    const consumer = await openConsumer(cluster);
    expect(await consumer.offsetsForTime([0, 1], 0)).toEqual(
      new Map([
        [0, 0],
        [1, 0],
      ]),
    );
    expect(await consumer.offsetsForTime([0], (Date.now() + 3_600_000) * 1000)).toEqual(new Map([[0, null]]));
    await consumer.close();
  });

  test('moves partitions 12 → 6 and 6 → 12 under load, with nothing lost or doubled', async () => {
    const mine = await cluster2('moving');
    const read = new Map<string, number>();
    const first = await openConsumer(mine);
    const stopFirst = reader(first, read);
    const until = async (condition: () => boolean) => {
      while (!condition()) await producer.send(ALL.map((partition) => ({ partition, value: Buffer.from('load') })));
    };
    await until(() => first.owned().length === 12 && read.size > 600);
    const second = await openConsumer(mine);
    const stopSecond = reader(second, read);
    await until(() => first.owned().length === 6 && second.owned().length === 6);
    await stopFirst();
    await until(() => second.owned().length === 12);
    const ends = await Promise.all(ALL.map(async (partition) => (await second.watermarkOffsets(partition)).high));
    const total = ends.reduce((sum, end) => sum + end, 0);
    await until(() => read.size >= total);
    await stopSecond();
    expect([...read].filter(([, times]) => times !== 1)).toEqual([]);
    for (const [partition, end] of ends.entries())
      for (let offset = 0; offset < end; offset++) expect(read.has(`${partition}@${offset}`)).toBe(true);
  });

  test('a consumer that is not pulled from stays in its group, and goes on where it was', async () => {
    // A clock that can be moved on to when nobody has pulled for long, and counts the rounds of the watch.
    let skippedUs = 0;
    let rounds = 0;
    const clock: Clock = {
      ...context.clock,
      monotonic: () => context.clock.monotonic() + skippedUs,
      sleep: (ms, signal) => {
        rounds++;
        return context.clock.sleep(ms, signal);
      },
    };
    const mine = { ...(await cluster2('stalling')), clock };
    const consumer = await openConsumer(mine);
    consumer.join(owner().membership);
    const first = await pullUntil(consumer, (all) => all.length >= 100);
    skippedUs = 60_000_000;
    const seen = rounds;
    while (rounds < seen + 3) await context.clock.sleep(50);
    expect(consumer.owned()).toEqual(ALL);
    const sent = await Promise.all(ALL.map(async (partition) => (await consumer.watermarkOffsets(partition)).high));
    const total = sent.reduce((sum, end) => sum + end, 0);
    const rest = await pullUntil(consumer, (all) => first.length + all.length >= total);
    const keys = [...first, ...rest].map(({ partition, offset }) => `${partition}@${offset}`);
    expect(new Set(keys).size).toBe(total);
    expect(keys).toHaveLength(total);
    await consumer.close();
  });

  test('an owner that cannot take its partitions fails the consumer, which still leaves its group', async () => {
    const mine = await cluster2('failing');
    const consumer = await openConsumer(mine);
    consumer.join({ onAssign: () => Promise.reject(new Error('no state')), onRevoke: async () => undefined });
    await expect(pullUntil(consumer, () => false)).rejects.toThrow(/taking on partitions .* failed: no state/);
    await consumer.close();
    const next = await openConsumer(mine);
    next.join(owner().membership);
    await pullUntil(next, (all) => all.length > 0);
    await next.close();
  });

  test('tells when a topic keeps the time of the producer', async () => {
    const told: string[] = [];
    const topicOfOthers = unique('create-time');
    const admin = rdkafka.AdminClient.create({ 'bootstrap.servers': cluster.brokers } as object);
    await new Promise<void>((resolve, reject) => {
      const plan = { topic: topicOfOthers, num_partitions: 1, replication_factor: 1 };
      admin.createTopic(plan, 10_000, (error) => (error ? reject(error) : resolve()));
    });
    admin.disconnect();
    await ensureTopic(cluster, { name: topicOfOthers, partitions: 1, replication: 1 });
    const report = (event: InternalEvent) => void (event.event === 'kafka.trouble' && told.push(event.error.message));
    const other = await openProducer({ ...cluster, report }, topicOfOthers);
    const message = { partition: 0, value: Buffer.from('x'), timestampMs: 1_700_000_000_000 };
    await other.send([message, message]);
    await other.close();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/keeps the producer's time .*set it to LogAppendTime/);
  });

  test('had no other trouble', () => {
    const told = events.map((event) => (event.event === 'kafka.trouble' ? event.error.message : event.event));
    expect(told.filter((message) => !message.includes('no state'))).toEqual([]);
  });
});
