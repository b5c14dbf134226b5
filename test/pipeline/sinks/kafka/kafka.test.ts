import { describe, expect, it } from 'vitest';
import { openCluster } from '../../../../pipeline/kafka/cluster.ts';
import { kafkaConfig } from '../../../../pipeline/kafka/config.ts';
import { openConsumer } from '../../../../pipeline/kafka/consumer.ts';
import { kafkaSinkConfig, onOwnCluster } from '../../../../pipeline/sinks/kafka/config.ts';
import { kafka } from '../../../../pipeline/sinks/kafka/kafka.ts';
import { isSignedBy } from '../../../../pipeline/sinks/signature.ts';
import { SinkError } from '../../../../pipeline/sinks/sink.ts';
import { available } from '../../../services/service.ts';
import { configured, listening, owner, pullUntil, unique } from '../../kafka/fixtures.ts';
import { aContext } from '../a-context.ts';
import { aSample, withMetadata } from '../a-sample.ts';
import { never, samples } from '../amqp/a-rabbit.ts';
import { startJudge } from '../oslo/judge.ts';

const BROKERS = ['127.0.0.1:19092'];
const SECRET = 'a secret of this test';

const aSink = (settings: object) => {
  const surroundings = aContext();
  const config = kafkaSinkConfig.parse({ type: 'kafka', brokers: BROKERS, secret: SECRET, ...settings });
  return { sink: kafka.create(config, surroundings.context), ...surroundings };
};

/** The first so many messages of a topic. */
async function readTopic(topic: string, count: number): Promise<readonly string[]> {
  const cluster = await openCluster(configured({ brokers: BROKERS, group: unique('reader') }), listening().context);
  const consumer = await openConsumer(cluster, topic);
  consumer.join(owner().membership);
  const messages = await pullUntil(consumer, (all) => all.length >= count);
  await consumer.close();
  await cluster.close();
  return messages.map(({ value }) => value.toString());
}

describe('the configuration of a Kafka sink', () => {
  const own = kafkaConfig.parse({ brokers: ['own:9092'], tls: true, compression: 'lz4' });

  it('takes the own cluster where it names none', () => {
    const [taken, named, other] = onOwnCluster(
      [
        kafkaSinkConfig.parse({ type: 'kafka' }),
        kafkaSinkConfig.parse({ type: 'kafka', brokers: ['other:9092'] }),
        { type: 'stdout' },
      ],
      own,
    );
    expect(taken).toMatchObject({ brokers: ['own:9092'], tls: true, compression: 'lz4' });
    expect(named).toMatchObject({ brokers: ['other:9092'], tls: false });
    expect(other).toEqual({ type: 'stdout' });
  });

  it('says that an embedded cluster will not do', async () => {
    const config = kafkaSinkConfig.parse({ type: 'kafka' });
    expect(onOwnCluster([config], kafkaConfig.parse({}))).toEqual([config]);
    const sink = kafka.create(config, aContext().context);
    await expect(sink.open?.(never)).rejects.toThrow(/embedded.*name brokers/);
    await sink.close();
  });

  it.each([{ brokers: 'embedded' }, { brokers: [] }, { topic: 'a b' }, { secret: 'a', secretFile: 'b' }])(
    'refuses %j',
    (settings) => {
      expect(kafkaSinkConfig.safeParse({ type: 'kafka', ...settings }).success).toBe(false);
    },
  );
});

describe.skipIf(!(await available('kafka')))('the Kafka sink [kafka]', () => {
  it.each([
    ['polling', 'telemetry.polling'],
    ['metering', 'metering'],
  ])('sends %s as oslo.messaging does, with a context and without unique ids', async (format, eventType) => {
    const topic = unique(format);
    const { sink } = aSink({ topic, format, create: { partitions: 2 }, batch: { samples: 3 } });
    await sink.publish(samples(7), never);
    await sink.close();
    const bodies = await readTopic(`${topic}.sample`, 3);
    const notifications = bodies.map((body) => {
      const { 'oslo.version': version, 'oslo.message': message, ...rest } = JSON.parse(body);
      expect([version, rest]).toEqual(['2.0', {}]);
      return JSON.parse(message);
    });
    for (const notification of notifications) {
      expect(Object.keys(notification)).toEqual([
        'message_id',
        'publisher_id',
        'event_type',
        'priority',
        'payload',
        'timestamp',
        '_context',
      ]);
      expect(notification).toMatchObject({ event_type: eventType, priority: 'SAMPLE', _context: {} });
    }
    const sent = notifications.flatMap(({ payload }) => payload.samples ?? payload);
    expect(sent.map(({ counter_volume }) => counter_volume).sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const sample of sent) expect(isSignedBy(sample, SECRET)).toBe(true);
  });

  it('leaves out what fits no message or is faulty', async () => {
    const topic = unique('odd');
    const { sink, dead } = aSink({ topic, create: {}, batch: { bytes: '16KiB' } });
    const faulty = aSample({ volume: Number.NaN });
    await sink.publish([withMetadata({ text: 'x'.repeat(20_000) }), faulty, aSample()], never);
    await sink.publish([], never);
    await sink.close();
    expect(dead.map(({ reason }) => reason)).toEqual(['volume_not_finite', 'oversize']);
    expect(await readTopic(`${topic}.sample`, 1)).toHaveLength(1);
  });

  it('says that the topic is missing, and does not create it', async () => {
    const topic = unique('missing');
    const { sink } = aSink({ topic });
    for (let time = 0; time < 2; time++) {
      const error = await sink.publish(samples(1), never).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SinkError);
      expect(String(error)).toMatch(`topic ${topic}.sample does not exist at 127.0.0.1:19092`);
    }
    await sink.close();
  });

  it('says that nobody is there', async () => {
    const { sink } = aSink({ brokers: ['127.0.0.1:1'] });
    await expect(sink.open?.(never)).rejects.toThrow(/cannot reach Kafka at 127\.0\.0\.1:1.*check/);
    await sink.close();
    await sink.close();
  });

  it('gives up waiting when it is told to', async () => {
    const { sink } = aSink({ brokers: ['127.0.0.1:1'] });
    const stop = new AbortController();
    const opening = sink.open?.(stop.signal);
    stop.abort(new Error('told to'));
    await expect(opening).rejects.toThrow('told to');
    await sink.close();
  });
});

const there = (await available('kafka')) && (await available('ceilometer'));

describe.skipIf(!there)('Ceilometer as the judge of Kafka [kafka] [ceilometer]', () => {
  it('takes every sample through its own Kafka driver', async () => {
    const topic = unique('judged');
    const { sink } = aSink({ topic, create: {}, annotate: true });
    await sink.open?.(never);
    const batch = samples(5);
    const judge = await startJudge(`kafka://${BROKERS[0]}`, topic, SECRET, batch.length);
    // It reads what comes after it has joined its group, which it tells nobody.
    while (!judge.decided()) await sink.publish([...batch], never);
    expect(await judge.verdict()).toEqual({ said: { samples: batch.length, problems: {} }, status: 0 });
    await sink.close();
  });
});
