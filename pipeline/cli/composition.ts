import { z } from 'zod';
import { librdkafka } from '../kafka/library.ts';
import { packageVersion } from './manifest.ts';
import type { AnyConnectorKind, Parts } from './parts.ts';
import { configSchema, oneOfTypes } from './schema.ts';

const connectors: readonly AnyConnectorKind[] = [];

/** What this program is composed of. */
export const parts: Parts = {
  version: packageVersion(),
  librdkafka,
  connectors,
  schema: configSchema({
    connector: oneOfTypes(connectors.map(({ schema }) => schema)),
    sink: oneOfTypes<{ type: string; name?: string | undefined }>([]),
    kafka: z.strictObject({ brokers: z.union([z.literal('embedded'), z.array(z.string())]).default('embedded') }),
  }),
  listenUdp: () => Promise.reject(new Error('there are no sinks')),
};
