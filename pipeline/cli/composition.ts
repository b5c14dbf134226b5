import type { z } from 'zod';
import { CONNECTOR_KINDS } from '../../connectors/registry.ts';
import { kafkaConfig } from '../kafka/config.ts';
import { librdkafka } from '../kafka/library.ts';
import { sinkConfig } from '../sinks/registry.ts';
import { listenTcp } from '../sinks/tcp/listener.ts';
import { listenUdp } from '../sinks/udp/listener.ts';
import { packageVersion } from './manifest.ts';
import type { Parts } from './parts.ts';
import { configSchema, oneOfTypes } from './schema.ts';

/** The schema of the whole configuration, with the words of every connector, of every sink and of Kafka. */
export const schema = configSchema({
  connector: oneOfTypes(CONNECTOR_KINDS.map((kind) => kind.schema)),
  sink: sinkConfig,
  kafka: kafkaConfig,
});

/** The whole configuration, with every default. */
export type Settings = z.output<typeof schema>;

/** What this program is composed of. */
export const parts: Parts = {
  version: packageVersion(),
  librdkafka,
  connectors: CONNECTOR_KINDS,
  schema,
  listenUdp,
  listenTcp,
};
