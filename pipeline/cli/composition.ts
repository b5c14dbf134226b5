import { libvirt } from '../../connectors/libvirt/libvirt.ts';
import { kafkaConfig } from '../kafka/config.ts';
import { librdkafka } from '../kafka/library.ts';
import { sinkConfig } from '../sinks/registry.ts';
import { listenUdp } from '../sinks/udp/listener.ts';
import { packageVersion } from './manifest.ts';
import type { Parts } from './parts.ts';
import { configSchema, oneOfTypes } from './schema.ts';

/** The kinds of hypervisors there are. */
const connectors = [libvirt] as const;

/** The schema of the whole configuration, with the words of every connector, of every sink and of Kafka. */
export const schema = configSchema({
  connector: oneOfTypes(connectors.map((kind) => kind.schema)),
  sink: sinkConfig,
  kafka: kafkaConfig,
});

/** What this program is composed of. */
export const parts: Parts = { version: packageVersion(), librdkafka, connectors, schema, listenUdp };
