import type { z } from 'zod';
import type { Connector, ConnectorContext, Endpoint, Settings } from '../../connectors/connector.ts';
import type { Source } from '../../connectors/discovery/source.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Environment } from '../runtime/config/interpolate.ts';
import type { Config } from './schema.ts';

/** A kind of hypervisor as the command line sees it: any `ConnectorKind`, whatever its configuration. */
export interface AnyConnectorKind {
  readonly kind: string;
  readonly schema: z.ZodType<{ readonly type: string; readonly name: string }>;
  create(config: never, context: ConnectorContext): Endpoint | Connector | readonly (Endpoint | Connector)[];
  fromUri?(uri: URL): Settings | undefined;
  readonly recordable?: true;
  readonly announces?: true;
}

export interface ReceivedMeter {
  readonly message: Readonly<Record<string, unknown>>;
  readonly signature: 'valid' | 'invalid' | 'unchecked';
  readonly from: string;
}

/** What numbered datagrams say of those that did not come. */
export interface DatagramTally {
  readonly senders: number;
  readonly datagrams: number;
  readonly lost: number;
  readonly duplicates: number;
}

/** Receives meters until it is closed. */
export type Listen = (
  options: { readonly host: string; readonly port: number; readonly secret?: string },
  onMessage: (received: ReceivedMeter) => void,
  onFault: (fault: { readonly error: Error; readonly from: string | null }) => void,
) => Promise<{ readonly port: number; tally?(): DatagramTally; close(): Promise<void> }>;

export interface SourceDeps {
  readonly clock: Clock;
  readonly env: Environment;
}

/** What the commands are composed of. */
export interface Parts {
  readonly version: string;
  /** Version and features of the Kafka library; loading it is the command's choice, since it takes a while. */
  readonly librdkafka: () => Promise<{ readonly version: string; readonly features: readonly string[] }>;
  readonly connectors: readonly AnyConnectorKind[];
  readonly schema: z.ZodType<Config>;
  /** The place to look for endpoints that an entry of `discovery:`, made by the schema, stands for. Does no I/O. */
  readonly createSource: (entry: Config['discovery'][number], context: SourceDeps) => Source;
  readonly listenUdp: Listen;
  readonly listenTcp: Listen;
}
