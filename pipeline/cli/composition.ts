import type { z } from 'zod';
import { type DiscoveryConfig, discoveryConfig } from '../../connectors/discovery/config.ts';
import { createSource } from '../../connectors/discovery/create.ts';
import { CONNECTOR_KINDS } from '../../connectors/registry.ts';
import { kafkaConfig } from '../kafka/config.ts';
import { librdkafka } from '../kafka/library.ts';
import { sinkConfig } from '../sinks/registry.ts';
import { listenTcp } from '../sinks/tcp/listener.ts';
import { listenUdp } from '../sinks/udp/listener.ts';
import { packageVersion } from './manifest.ts';
import type { Parts } from './parts.ts';
import { configSchema, entryKinds, oneOfTypes } from './schema.ts';

/** What an entry of each kind may say, also where it is made of a template. */
const kinds = entryKinds(CONNECTOR_KINDS);

/** An entry of `connectors:`, of any kind. */
export const connectorEntry = oneOfTypes(kinds.map(({ schema }) => schema));

/** The schema of the whole configuration, with the words of every connector, of every source of them, of every sink and of Kafka. */
export const schema = configSchema({
  connector: connectorEntry,
  discovery: discoveryConfig(kinds),
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
  // The schema has made it.
  createSource: (entry, deps) => createSource(entry as DiscoveryConfig, { ...deps, kinds, entry: connectorEntry }),
  listenUdp,
  listenTcp,
};
