import { connect } from 'amqplib';
import { enveloped, sample, stamped, withPayload } from '../connectors/nova/samples.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';

const KEY = 'versioned_notifications.info';
const URL = 'amqp://127.0.0.1:15673/';

/** Where nova would publish, on a real broker, with somebody else who listens on its shared queue. */
export interface NovaExchange {
  /** The nova connector's entry without name and type. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** Publishes one of nova's own samples, of now, with other members in its payload. */
  tell(what: string, members: Readonly<Record<string, unknown>>): Promise<void>;
  /** How many were told, and how many came to the other consumer of `versioned_notifications.info`. */
  told(): number;
  heard(): number;
  close(): Promise<void>;
}

/** Now as nova writes it: `2026-11-26 12:00:00.000000`. */
const novaTime = (): string => new Date().toISOString().replace('T', ' ').replace('Z', '000');

export async function novaExchange(): Promise<NovaExchange> {
  const model = await connect(URL);
  const channel = await model.createConfirmChannel();
  const exchange = unique('nova');
  const shared = `${exchange}.${KEY}`;
  const queue = `${exchange}.hypermeter`;
  await channel.assertExchange(exchange, 'topic', { durable: false });
  await channel.assertQueue(shared, { durable: false });
  await channel.bindQueue(shared, exchange, KEY);
  let told = 0;
  let heard = 0;
  await channel.consume(shared, () => void heard++, { noAck: true });
  return {
    entry: { url: URL, exchange, queue },
    async tell(what, members) {
      told++;
      const notification = stamped(withPayload(sample(`versioned/${what}`), members), { timestamp: novaTime() });
      channel.publish(exchange, KEY, enveloped(notification), { contentType: 'application/json' });
      await channel.waitForConfirms();
    },
    told: () => told,
    heard: () => heard,
    async close() {
      for (const name of [shared, queue, `${queue}.dead`]) await channel.deleteQueue(name);
      await channel.deleteExchange(exchange);
      await model.close();
    },
  };
}
