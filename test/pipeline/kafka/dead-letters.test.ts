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
