import type { Destination, KafkaContext } from './client.ts';
import type { KafkaConfig } from './config.ts';
import { startEmbeddedBroker } from './embedded.ts';
import { assertFeatures } from './features.ts';
import { rdkafka } from './native.ts';
import { clientSettings, type Settings } from './settings.ts';

/** The configured brokers, ready to be connected to. Producers and consumers are opened on it and closed before it. */
export interface Cluster extends Destination, KafkaContext {
  readonly config: KafkaConfig;
  readonly embedded: boolean;
  /** What every client needs, `bootstrap.servers` included. */
  readonly settings: Settings;
  /** Ends the embedded broker, if it is one. Safe to call twice. */
  close(): Promise<void>;
}

/** Checks the client's features, reads the secrets and starts the embedded broker if that is what is configured. */
export async function openCluster(config: KafkaConfig, context: KafkaContext): Promise<Cluster> {
  assertFeatures(config, rdkafka().features);
  const { settings, token } = await clientSettings(config);
  const broker = config.brokers === 'embedded' ? await startEmbeddedBroker(context) : null;
  const brokers = broker === null ? [config.brokers].flat().join(',') : broker.brokers;
  return {
    ...context,
    config,
    brokers,
    token,
    embedded: broker !== null,
    settings: { ...settings, 'bootstrap.servers': brokers },
    close: async () => broker?.close(),
  };
}
