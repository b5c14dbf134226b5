import { afterEach, expect, it } from 'vitest';
import { KafkaError } from '../../../../pipeline/kafka/kafka-error.ts';
import { openProducer } from '../../../../pipeline/kafka/producer.ts';
import { DeliveryError, type Outgoing } from '../../../../pipeline/kafka/raw-producer.ts';
import { createOutlet, type Outlet } from '../../../../pipeline/sinks/kafka/client.ts';
import { kafkaSinkConfig } from '../../../../pipeline/sinks/kafka/kafka.ts';
import { available } from '../../../services/service.ts';
import { unique } from '../../kafka/fixtures.ts';
import { aContext } from '../a-context.ts';

const { signal } = new AbortController();
let outlet: Outlet | undefined;
afterEach(() => outlet?.close());

it.skipIf(!(await available('kafka')))('opens another producer when one has died for good [kafka]', async () => {
  let opened = 0;
  let closed = 0;
  const mortal: typeof openProducer = async (cluster, topic) => {
    const producer = await openProducer(cluster, topic);
    const dies = opened++ === 0;
    return {
      topic,
      partitions: producer.partitions,
      flush: () => producer.flush(),
      close: (deadlineMs) => {
        closed++;
        return producer.close(deadlineMs);
      },
      send: async (messages: readonly Outgoing[]) => {
        const fatal = new KafkaError('fenced', { fatal: true });
        if (dies) throw new DeliveryError(fatal, messages, []);
        await producer.send(messages);
      },
    };
  };
  const config = kafkaSinkConfig.parse({ type: 'kafka', brokers: ['127.0.0.1:19092'], topic: unique('outlet') });
  outlet = createOutlet('kafka:t', unique('outlet'), config, aContext().context, mortal);
  const messages = [{ partition: 0, value: Buffer.from('x') }];
  expect(await outlet.send(messages, signal)).toMatchObject({ messages, error: { message: 'kafka:t: fenced' } });
  expect([opened, closed]).toEqual([1, 1]);
  expect(await outlet.send(messages, signal)).toBeNull();
  expect([opened, closed]).toEqual([2, 1]);
});

it('names its own settings when it finds no brokers', async () => {
  const config = kafkaSinkConfig.parse({ type: 'kafka', brokers: ['127.0.0.1:1'], topic: 't' });
  const hurried = { ...aContext().context, connectTimeoutMs: 3000 };
  outlet = createOutlet('kafka:t', 't', config, hurried);
  await expect(outlet.open(signal)).rejects.toThrow(
    /at 127\.0\.0\.1:1: .*; check the sink's brokers and that the brok/,
  );
});
