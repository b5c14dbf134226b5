import { merge, Subject } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Snapshot } from '../../avro/snapshot.ts';
import { collect } from '../../connectors/collect.ts';
import type { Connector, Poll } from '../../connectors/connector.ts';
import { MESSAGE_BYTES } from '../../connectors/gather.ts';
import { createOutbox } from '../../connectors/outbox.ts';
import { ensureTopic } from '../../pipeline/kafka/admin.ts';
import { type Cluster, openCluster } from '../../pipeline/kafka/cluster.ts';
import { kafkaConfig } from '../../pipeline/kafka/config.ts';
import { openConsumer } from '../../pipeline/kafka/consumer.ts';
import { partitionOf } from '../../pipeline/kafka/murmur2.ts';
import { openProducer } from '../../pipeline/kafka/producer.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { instance, named, poll } from './polls.ts';

/** A Snapshot as one line of JSON, so that several in a message can be told apart. */
const encode = (snapshot: Snapshot): Buffer =>
  Buffer.from(`${JSON.stringify(snapshot, (_, value) => (typeof value === 'bigint' ? String(value) : value))}\n`);
const lines = (value: Buffer): Snapshot[] =>
  value
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const source = () => {
  const polls = new Subject<Poll>();
  const connector = (id: string): Connector => ({ id, kind: 'simulator', snapshots: polls });
  return { polls, connector };
};

const slicing = { partitions: 4, partitionOf, collector: 'c1', generation: 1, identityEveryUs: 60_000_000 };

describe('collecting into the embedded broker', () => {
  const events: InternalEvent[] = [];
  const context = { clock: systemClock, report: (event: InternalEvent) => void events.push(event) };
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster(kafkaConfig.parse({}), context);
    await ensureTopic(cluster, { name: 'hypermeter.raw', partitions: 4, replication: 1 });
  });
  afterAll(() => cluster.close());

  test('every poll arrives whole: a slice in every partition, each instance once, in order', async () => {
    const producer = await openProducer(cluster, 'hypermeter.raw');
    const outbox = createOutbox({ producer, ...context, lingerMs: 50 });
    const { polls, connector } = source();
    const collection = collect(connector('kvm1').snapshots, { outbox, slicing, encode, report: context.report });
    const everyone = Array.from({ length: 50 }, (_, number) => instance(number));
    for (let sequence = 0; sequence < 30; sequence++) polls.next(poll(sequence * 10_000_000, everyone, { sequence }));
    await collection.stop(10_000);
    await collection.done;
    await producer.close();

    const consumer = await openConsumer(cluster);
    consumer.assign([0, 1, 2, 3].map((partition) => ({ partition, offset: 0 })));
    const slices: { partition: number; snapshot: Snapshot }[] = [];
    while (slices.length < 120)
      for (const { partition, value } of await consumer.pull())
        slices.push(...lines(value).map((snapshot) => ({ partition, snapshot })));
    await consumer.close();

    for (const partition of [0, 1, 2, 3]) {
      const here = slices.filter((slice) => slice.partition === partition).map(({ snapshot }) => snapshot);
      expect(here.map((snapshot) => snapshot.poll.sequence)).toEqual([...Array(30).keys()]);
      expect(new Set(here.map((snapshot) => snapshot.poll.slice))).toEqual(new Set([partition]));
    }
    for (let sequence = 0; sequence < 30; sequence++) {
      const of = slices.filter(({ snapshot }) => snapshot.poll.sequence === sequence);
      expect(of.flatMap(({ snapshot }) => snapshot.instances)).toHaveLength(50);
    }
    const sent = events.reduce((sum, event) => sum + (event.event === 'slices.sent' ? event.slices : 0), 0);
    expect(sent).toBe(120);
  });
});

describe('a collector', () => {
  const wired = (encoder: (snapshot: Snapshot) => Buffer) => {
    const events: InternalEvent[] = [];
    const values: Buffer[] = [];
    const report = (event: InternalEvent) => void events.push(event);
    const producer = {
      send: async (messages: readonly { value: Buffer }[]) => void values.push(...messages.map(({ value }) => value)),
    };
    const outbox = createOutbox({ producer, clock: systemClock, report, lingerMs: 0 });
    return { events, values, outbox, deps: { outbox, slicing, encode: encoder, report } };
  };

  test('reports a slice that cannot be encoded and sends the others', async () => {
    const { events, values, deps } = wired((snapshot) => {
      if (snapshot.poll.slice === 2) throw new RangeError('out of range');
      return encode(snapshot);
    });
    const { polls, connector } = source();
    const collection = collect(connector('kvm1').snapshots, deps);
    polls.next(poll(0, []));
    await collection.stop(1000);
    expect(values.flatMap(lines).map((snapshot) => snapshot.poll.slice)).toEqual([0, 1, 3]);
    expect(events).toMatchObject([
      { event: 'slices.lost', hypervisor: 'kvm1', reason: 'unencodable', slices: 1 },
      { event: 'slices.sent', slices: 3 },
    ]);
  });

  test('sends a slice that fits no message in parts, none of which is complete', async () => {
    const { values, deps } = wired(encode);
    const { polls, connector } = source();
    const collection = collect(connector('kvm1').snapshots, deps);
    const large = Array.from({ length: 40 }, (_, n) => instance(n, 1n, named(`${n} ${'x'.repeat(100_000)}`)));
    polls.next(poll(0, [...large, instance(99, 1n, named('y'.repeat(MESSAGE_BYTES)))], { hosts: [instance(100)] }));
    await collection.stop(1000);
    const slices = values.flatMap(lines);
    const ids = slices.flatMap(({ hosts, instances }) =>
      [...hosts, ...instances].map(({ uuid }) => JSON.stringify(uuid)),
    );
    expect(new Set(ids).size).toBe(42);
    expect(ids).toHaveLength(42);
    expect(new Set(slices.map(({ poll: { partial } }) => partial))).toEqual(new Set(['the slice is in parts']));
    // What is one instance's cannot be cut.
    expect(values.filter(({ length }) => length > MESSAGE_BYTES)).toHaveLength(1);
  });

  test('tells a poll once whether all of it was delivered', async () => {
    const { values, deps } = wired(encode);
    const { polls, connector } = source();
    const collection = collect(connector('kvm1').snapshots, deps);
    const told: boolean[] = [];
    polls.next(poll(0, [instance(1)], { settled: (delivered) => void told.push(delivered) }));
    expect(told).toEqual([]);
    await collection.stop(1000);
    expect(told).toEqual([true]);
    expect(values.flatMap(lines)).toHaveLength(4);
  });

  test('sends an identity again that was in a poll that was given up', async () => {
    let broken = true;
    const { values, deps } = wired((snapshot) => {
      if (broken && snapshot.instances.length > 0) throw new RangeError('out of range');
      return encode(snapshot);
    });
    const { polls, connector } = source();
    const collection = collect(connector('kvm1').snapshots, deps);
    const told: boolean[] = [];
    const settled = (delivered: boolean) => void told.push(delivered);
    polls.next(poll(0, [instance(1)], { settled }));
    await expect.poll(() => told).toEqual([false]);
    broken = false;
    polls.next(poll(10_000_000, [instance(1)], { settled }));
    await collection.stop(1000);
    expect(told).toEqual([false, true]);
    const [again] = values.flatMap(lines).flatMap(({ instances }) => instances);
    expect(again?.identity?.name).toBe('vm-1');
  });

  test('takes no polls once it is stopped, and stopping twice is safe', async () => {
    const { values, deps } = wired(encode);
    const { polls, connector } = source();
    const collection = collect(merge(connector('a').snapshots, connector('b').snapshots), deps);
    await Promise.all([collection.stop(1000), collection.stop(1000), collection.done]);
    polls.next(poll(0, [instance(1)]));
    expect(polls.observed).toBe(false);
    expect(values).toEqual([]);
  });

  test('fails when a connector breaks its promise never to fail', async () => {
    const { deps } = wired(encode);
    const { polls, connector } = source();
    const collection = collect(connector('kvm1').snapshots, deps);
    polls.error(new Error('a fault of ours'));
    await expect(collection.done).rejects.toThrow('a fault of ours');
    await collection.stop(1000);
  });
});
