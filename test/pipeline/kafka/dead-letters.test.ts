import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { openCluster } from '../../../pipeline/kafka/cluster.ts';
import { openDeadLetters } from '../../../pipeline/kafka/dead-letters.ts';
import { KafkaError } from '../../../pipeline/kafka/kafka-error.ts';
import type { openProducer } from '../../../pipeline/kafka/producer.ts';
import { DeliveryError, type Outgoing } from '../../../pipeline/kafka/raw-producer.ts';
import { available } from '../../services/service.ts';
import { configured, listening, unique } from './fixtures.ts';

it.skipIf(!(await available('kafka')))(
  'keeps dead letters with another producer when one has died for good [kafka]',
  async () => {
    const said: string[] = [];
    const mortal: typeof openProducer = async (_cluster, topic) => {
      const dies = said.length === 0;
      said.push('opened');
      return {
        topic,
        partitions: 1,
        flush: async () => undefined,
        close: async () => void said.push('closed'),
        send: async (messages: readonly Outgoing[]) => {
          if (dies) throw new DeliveryError(new KafkaError('fenced', { fatal: true }), messages, []);
          said.push('sent');
        },
      };
    };
    const config = configured({ brokers: ['127.0.0.1:19092'], topics: { deadLetters: unique('dead') } });
    const cluster = await openCluster(config, listening().context);
    const letters = await openDeadLetters(cluster, mortal);
    const letter = { value: Buffer.from('x'), headers: {} };
    await expect(letters.keep([letter])).rejects.toThrow('fenced');
    await letters.keep([letter]);
    await letters.close();
    await cluster.close();
    expect(said).toEqual(['opened', 'closed', 'opened', 'sent', 'closed']);
  },
);

it.skipIf(!(await available('kafka')))(
  'keeps of a message what the topic takes, with how much it was, and says so if that is nothing [kafka]',
  async () => {
    const config = configured({ brokers: ['127.0.0.1:19092'], topics: { deadLetters: unique('dead') } });
    const cluster = await openCluster(config, listening().context);
    const letters = await openDeadLetters(cluster);
    // Brokers take 1 MiB.
    const value = randomBytes(3_000_000);
    const kept = await letters.send({ value, partition: 3, offset: 17, reason: 'no schema' });
    expect(kept).toMatchObject({ bytes: 750_000, refusal: { name: 'DeliveryError' } });
    expect(await letters.send({ value: Buffer.from('x'), partition: 3, offset: 18, reason: 'no schema' })).toEqual({
      bytes: 1,
      refusal: null,
    });
    await letters.close();
    const refuses: typeof openProducer = async (_cluster, topic) => ({
      topic,
      partitions: 1,
      flush: async () => undefined,
      close: async () => undefined,
      send: async (messages: readonly Outgoing[]) => {
        throw new DeliveryError(new KafkaError('no key'), [], messages);
      },
    });
    const keyed = await openDeadLetters(cluster, refuses);
    const none = await keyed.send({ value, partition: 3, offset: 17, reason: 'no schema' });
    expect(none).toMatchObject({ bytes: null, refusal: { message: 'no key' } });
    await cluster.close();
  },
);
