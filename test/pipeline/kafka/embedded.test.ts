import { randomUUID } from 'node:crypto';
import rdkafka from 'node-rdkafka';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { type Cluster, openCluster } from '../../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../../pipeline/kafka/consumer.ts';
import { openDeadLetters } from '../../../pipeline/kafka/dead-letters.ts';
import { startEmbeddedBroker } from '../../../pipeline/kafka/embedded.ts';
import { partitionOf } from '../../../pipeline/kafka/murmur2.ts';
import { openProducer } from '../../../pipeline/kafka/producer.ts';
import type { RawConsumer } from '../../../pipeline/kafka/raw-consumer.ts';
import { DeliveryError, type RawProducer } from '../../../pipeline/kafka/raw-producer.ts';
import { configured, listening, owner, pullUntil } from './fixtures.ts';

const { events, context } = listening();
const TOPIC = 'hypermeter.raw';
let cluster: Cluster;
let producer: RawProducer;
let consumer: RawConsumer;
const first = owner();

/** The first record of a partition as the bare client sees it, headers and all. */
async function rawRecord(from: Cluster, topic: string, partition: number): Promise<rdkafka.Message> {
  const settings = { 'bootstrap.servers': from.brokers, 'group.id': 'judge' };
  const judge = new rdkafka.KafkaConsumer(settings, { 'auto.offset.reset': 'earliest' });
  await new Promise((resolve) => judge.connect({ allTopics: true }, resolve));
  judge.assign([{ topic, partition, offset: 0 }]);
  for (;;) {
    const [record] = await new Promise<rdkafka.Message[]>((resolve) =>
      judge.consume(1, (_, records) => resolve(records)),
    );
    if (record === undefined) continue;
    await new Promise((resolve) => judge.disconnect(resolve));
    return record;
  }
}

beforeAll(async () => {
  cluster = await openCluster(configured({}), context);
  await ensureTopic(cluster, { name: TOPIC, partitions: 12, replication: 1 });
  producer = await openProducer(cluster, TOPIC);
  consumer = await openConsumer(cluster);
  consumer.join(first.membership);
});

afterAll(async () => {
  await consumer.close();
  await producer.close();
  await cluster.close();
});

describe('the embedded broker', () => {
  test('has topics of 4 partitions, whatever was planned', () => {
    expect(producer.partitions).toBe(4);
  });

  test('gives back every message, in order within a partition, bytes and all', async () => {
    const sent = Array.from({ length: 200 }, (_, index) => ({
      partition: index % 4,
      value: Buffer.from(`message ${index}`),
    }));
    await producer.send(sent);
    const received = await pullUntil(consumer, (all) => all.length >= 200);
    for (const partition of [0, 1, 2, 3]) {
      const of = received.filter((message) => message.partition === partition);
      expect(of.map(({ offset }) => offset)).toEqual([...Array(50).keys()]);
      expect(of.map(({ value }) => value.toString())).toEqual(
        sent.filter((message) => message.partition === partition).map(({ value }) => value.toString()),
      );
    }
    expect(first.came).toEqual([[0, 1, 2, 3]]);
    expect(consumer.owned()).toEqual([0, 1, 2, 3]);
  });

  test('keeps the time that a message was given', async () => {
    await producer.send([{ partition: 1, value: Buffer.from('timed'), timestampMs: 1_700_000_000_123 }]);
    const [message] = await pullUntil(consumer, (all) => all.length >= 1);
    expect(message?.timestampUs).toBe(1_700_000_000_123_000);
  });

  test('tells what is committed, what there is and what is left', async () => {
    await consumer.commit([
      { partition: 0, offset: 7 },
      { partition: 2, offset: 50 },
    ]);
    expect(await consumer.committed([0, 1, 2])).toEqual(
      new Map([
        [0, 7],
        [1, null],
        [2, 50],
      ]),
    );
    expect(await consumer.watermarkOffsets(1)).toEqual({ low: 0, high: 51 });
    await producer.send([{ partition: 3, value: Buffer.from('left') }]);
    expect(await consumer.ends()).toEqual(
      new Map([
        [0, 50],
        [1, 51],
        [2, 50],
        [3, 51],
      ]),
    );
    await pullUntil(consumer, (all) => all.length >= 1);
  });

  test('reads again from an offset', async () => {
    await consumer.seek(2, 45);
    const again = await pullUntil(consumer, (all) => all.length >= 5);
    expect(again.map(({ partition, offset }) => `${partition}@${offset}`)).toEqual(
      [45, 46, 47, 48, 49].map((offset) => `2@${offset}`),
    );
  });

  test('keeps dead letters with their origin', async () => {
    const letters = await openDeadLetters(cluster);
    await letters.send({ value: Buffer.from([1, 2, 3]), partition: 3, offset: 17, reason: 'unknown schema' });
    await letters.close();
    expect(await rawRecord(cluster, 'hypermeter.dead', 3)).toMatchObject({
      value: Buffer.from([1, 2, 3]),
      headers: [
        { 'source.topic': Buffer.from('hypermeter.raw') },
        { 'source.partition': Buffer.from('3') },
        { 'source.offset': Buffer.from('17') },
        { reason: Buffer.from('unknown schema') },
      ],
    });
  });

  test('refuses a message that is too large, and only that one', async () => {
    const small = { partition: 0, value: Buffer.from('small') };
    const huge = { partition: 0, value: Buffer.alloc(9 * 1024 * 1024) };
    const error = await producer.send([small, huge]).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof DeliveryError)) throw new Error(`expected a DeliveryError, got ${error}`);
    expect(error.undelivered).toEqual([]);
    expect(error.refused[0] === huge && error.refused.length === 1).toBe(true);
    expect(error.message).toMatch(/1 of 2 messages to topic hypermeter\.raw at 127\.0\.0\.1:\d+ .*max\.message\.bytes/);
    const [received] = await pullUntil(consumer, (all) => all.length >= 1);
    expect(received?.value.toString()).toBe('small');
  });

  test("has librdkafka's own murmur2 partitioner agree with ours on random uuids", async () => {
    const judge = new rdkafka.Producer({ 'bootstrap.servers': cluster.brokers, dr_cb: true }, {
      partitioner: 'murmur2',
    } as object);
    await new Promise((resolve) => judge.connect({ topic: 'judged' }, resolve));
    const theirs = new Map<string, number>();
    judge.on('delivery-report', (_, { key, partition }) => theirs.set(String(key), partition));
    judge.setPollInterval(5);
    // Keys come back as text, so each is bytes that are also a text: the digits of a uuid.
    const keys = Array.from({ length: 200 }, () => randomUUID());
    for (const key of keys) judge.produce('judged', null, Buffer.from('x'), key);
    while (theirs.size < keys.length) await new Promise((resolve) => judge.flush(100, resolve));
    judge.setPollInterval(0);
    await new Promise((resolve) => judge.disconnect(resolve));
    expect(keys.map((key) => partitionOf(Buffer.from(key), 4))).toEqual(keys.map((key) => theirs.get(key)));
  });

  test('reported no trouble', () => {
    expect(events).toEqual([]);
  });
});

test('a producer that is closed is polled no more: its handle is being destroyed in another thread', async () => {
  const polled: boolean[] = [];
  const { disconnect } = rdkafka.Producer.prototype;
  const spy = vi.spyOn(rdkafka.Producer.prototype, 'disconnect').mockImplementation(function (
    this: rdkafka.Producer,
    ...words: unknown[]
  ) {
    polled.push((this as { pollInterval?: unknown }).pollInterval !== undefined);
    return disconnect.apply(this, words as never);
  });
  onTestFinished(() => spy.mockRestore());
  const own = await openCluster(configured({}), context);
  await ensureTopic(own, { name: TOPIC, partitions: 12, replication: 1 });
  await (await openProducer(own, TOPIC)).close();
  await (await startEmbeddedBroker(context)).close();
  await own.close();
  expect(polled.length).toBeGreaterThanOrEqual(2);
  expect(polled).not.toContain(true);
});
