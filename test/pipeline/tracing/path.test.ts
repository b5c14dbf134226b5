import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { createOutbox } from '../../../connectors/outbox.ts';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { type Cluster, openCluster } from '../../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../../pipeline/kafka/consumer.ts';
import { openProducer } from '../../../pipeline/kafka/producer.ts';
import type { Outgoing, RawProducer } from '../../../pipeline/kafka/raw-producer.ts';
import { select } from '../../../pipeline/model/meters.ts';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { startPipeline } from '../../../pipeline/pipeline.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { createMemoryStore } from '../../../pipeline/state/memory.ts';
import { available } from '../../services/service.ts';
import { configured, listening, unique } from '../kafka/fixtures.ts';
import { pollOf, received, rulesOf, SECOND } from '../model/polls.ts';
import { deliveryTo } from '../sinks/a-parcel.ts';
import { inMemory } from './in-memory.ts';

const { context } = listening();
/** Four hours ago, at a full minute: seconds. */
const START = Math.floor(systemClock.now() / 60e6) * 60 - 14_400;
const sliceAt = (t: number) => encodeSnapshot(pollOf(START + t, [received(START + t, BigInt(t * 10))]));

describe.skipIf(!(await available('kafka')))('a trace through a real Kafka [kafka]', () => {
  let cluster: Cluster;
  let producer: RawProducer;
  let topic: string;

  beforeAll(async () => {
    topic = unique('traced');
    const words = { brokers: ['127.0.0.1:19092'], group: topic, topics: { raw: topic } };
    cluster = await openCluster(configured(words), context);
    await ensureTopic(cluster, { name: topic, partitions: 1, replication: 1 });
    producer = await openProducer(cluster, topic);
  });
  afterAll(async () => {
    await producer.close();
    await cluster.close();
  });

  test('leads from the poll that closed a window over that to its delivery; others begin their own', async () => {
    const { tracing, spans, named } = inMemory(systemClock);
    const at: { readonly traceparent: string; readonly t: number }[] = [];
    const polled = (t: number): string => {
      const span = tracing.begin({ name: 'poll', role: 'client', attributes: {} });
      span?.end({});
      at.push({ traceparent: span?.traceparent ?? '', t });
      return span?.traceparent ?? '';
    };
    const outbox = createOutbox({ producer, ...context, lingerMs: 20 });
    /** So many polls in a row that share a message. */
    const put = (t: number, traces: readonly (string | undefined)[]): void =>
      outbox.put(traces.map((trace, n) => ({ hypervisor: 'h', partition: 0, value: sliceAt(t + n), trace })));
    const raw = (t: number, headers?: Outgoing['headers']) =>
      producer.send([{ partition: 0, value: sliceAt(t), ...(headers && { headers }) }]);

    // All of them share a message. Then come such as an older collector sends, and what makes no sense.
    put(0, [polled(0)]);
    put(70, [undefined, polled(71), polled(72)]);
    await outbox.close(10_000);
    await raw(130);
    await raw(190, { traceparent: 'nonsense', 'hypermeter-traces': ',,' });

    const published: Sample[] = [];
    const sink = {
      name: 'by hand',
      publish: async (batch: readonly Sample[]) => void published.push(...batch),
      close: async () => undefined,
    };
    const consumer = await openConsumer(cluster);
    const pipeline = startPipeline({
      consumer,
      store: createMemoryStore(consumer, context.clock, 3600 * SECOND, context.report),
      checkpointEvery: 0,
      deadLetters: {
        keep: async () => undefined,
        send: () => Promise.reject(new Error('every message can be read')),
        close: async () => undefined,
      },
      delivery: deliveryTo([sink], { tracing }),
      rules: rulesOf(),
      deriveRules: { selection: select(['network.incoming.bytes.delta']), gauges: 'last' },
      rewind: 3600 * SECOND,
      tracing,
      ...context,
    });
    await expect.poll(() => published.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
    await pipeline.stop(new AbortController().signal);

    const ids = new Set(spans().map((span) => span.spanContext().spanId));
    // The polls of the message that closed it: the first is its parent, the others are linked.
    const [first] = named('window');
    const [opened, second, third] = at.map(({ traceparent }) => traceparent.split('-'));
    expect(first?.spanContext().traceId).toBe(opened?.[1]);
    expect(first?.parentSpanContext?.spanId).toBe(opened?.[2]);
    expect(first?.links.map(({ context: { traceId, spanId } }) => [traceId, spanId])).toEqual([
      [second?.[1], second?.[2]],
      [third?.[1], third?.[2]],
    ]);
    for (const window of named('window').slice(1)) expect(window.parentSpanContext).toBeUndefined();
    const windows = new Map(named('window').map((window) => [window.spanContext().spanId, window]));
    expect(named('publish').length).toBeGreaterThan(0);
    for (const publish of named('publish')) {
      expect(ids).toContain(publish.parentSpanContext?.spanId);
      const window = windows.get(publish.parentSpanContext?.spanId ?? '');
      expect(publish.spanContext().traceId).toBe(window?.spanContext().traceId);
    }
    expect(named('publish').reduce((sum, { attributes }) => sum + Number(attributes['hypermeter.samples']), 0)).toBe(
      published.length,
    );
  });
});
