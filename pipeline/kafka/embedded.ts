import type { Metadata } from 'node-rdkafka';
import { ask, connect, disconnect, type KafkaContext, listenForTrouble } from './client.ts';
import { rdkafka } from './native.ts';

/**
 * A Kafka broker inside this process (librdkafka's mock), for the first run and for tests. It lives and dies with its
 * handle. Its topics appear at the first use with 4 partitions, and a partition keeps its last 5 MiB only; it knows no
 * CreateTopics, no TLS and no SASL.
 */
export interface EmbeddedBroker {
  /** host:port on loopback. */
  readonly brokers: string;
  close(): Promise<void>;
}

const NAME = 'embedded broker';
const CLOSE_MS = 5000;
/** How often the handle's events are looked at. */
const POLL_MS = 1000;

/** Starts the broker. It listens on a port of loopback that the system chooses. */
export async function startEmbeddedBroker(context: KafkaContext): Promise<EmbeddedBroker> {
  const owner = new (rdkafka().Producer)({ 'client.id': 'hypermeter-embedded', 'test.mock.num.brokers': 1 } as object);
  const trouble = listenForTrouble(owner, NAME, context);
  await connect(owner, { brokers: 'embedded', token: null }, context, trouble);
  owner.setPollInterval(POLL_MS);
  const metadata = await ask<Metadata>((done) => owner.getMetadata({ allTopics: true, timeout: 5000 }, done));
  const brokers = metadata.brokers.map(({ host, port }) => `${host}:${port}`).join(',');
  return { brokers, close: () => disconnect(owner, NAME, CLOSE_MS, context) };
}
