import { CONNECTOR_KINDS } from '../../connectors/registry.ts';
import { kafkaConfig } from '../kafka/config.ts';
import { librdkafka } from '../kafka/library.ts';
import { sinkConfig } from '../sinks/registry.ts';
import { listenUdp } from '../sinks/udp/listener.ts';
import { packageVersion } from './manifest.ts';
import type { AnyConnectorKind, Parts } from './parts.ts';
import { configSchema, oneOfTypes } from './schema.ts';

const connectors: readonly AnyConnectorKind[] = CONNECTOR_KINDS;

/** What this program is composed of. */
export const parts: Parts = {
  version: packageVersion(),
  librdkafka,
  connectors,
  schema: configSchema({
    connector: oneOfTypes(connectors.map(({ schema }) => schema)),
    sink: sinkConfig,
    kafka: kafkaConfig,
  }),
  listenUdp,
};
