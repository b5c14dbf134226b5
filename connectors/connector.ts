import type { Observable } from 'rxjs';
import type { ZodType } from 'zod';
import type { Instance, PollInfo } from '../avro/snapshot.ts';
import type { Clock } from '../pipeline/runtime/clock.ts';
import type { Report } from '../pipeline/runtime/events.ts';
import type { HttpTap } from './http-tap.ts';

/** What one read of an endpoint saw, before the cadence stamps it. Times in microseconds. */
export interface Observation {
  readonly startedAt: number;
  readonly endedAt: number;
  /** When the hypervisor's host booted, if it can be told (see `Source.bootedAt` in the contract). */
  readonly bootedAt: number | null;
  /** Null: every instance of the endpoint is listed. Else why not. */
  readonly partial: string | null;
  /** Remote calls that this read took. */
  readonly calls: number;
  /** The hosts themselves, metered like instances; an endpoint may speak for several. */
  readonly hosts: readonly Instance[];
  /** Every instance carries its identity; the collector decides how often it travels. */
  readonly instances: readonly Instance[];
}

/** One poll of one endpoint, whole: the collector cuts it into Snapshots. */
export interface Poll extends Observation {
  readonly kind: string;
  readonly hypervisor: string;
  readonly sequence: PollInfo['sequence'];
  readonly scheduledAt: number;
  readonly interval: number;
}

/**
 * The seam to a hypervisor. Subscribing to `snapshots` connects, unsubscribing lets go and closes what was opened.
 * A failed poll is a reported event and a gap, never an error of the stream; the stream ends only by unsubscribing.
 * Creating a connector does no I/O.
 */
export interface Connector {
  /** Stable id of the endpoint (`connectors[].name`). */
  readonly id: string;
  readonly kind: string;
  readonly snapshots: Observable<Poll>;
}

/**
 * An endpoint that is asked (all kinds but nova): `polling.ts` makes a Connector of it and owns cadence, timeout,
 * skip-when-busy, reconnect and back-off. `connect` and `poll` are never called twice at once for one endpoint,
 * except that a poll may be asked again while an earlier one, whose signal has aborted, is still outstanding.
 */
export interface Endpoint {
  readonly id: string;
  readonly kind: string;
  /** Opens a session. Rejects with an EndpointError; what it opened by then it has closed. */
  connect(signal: AbortSignal): Promise<Session>;
}

export interface Session {
  /** Reads everything about the endpoint once. Rejects with an EndpointError; the session stays usable unless `closed` settled. */
  poll(signal: AbortSignal): Promise<Observation>;
  /** Settles when the session can no longer be used: with the error that ended it, or undefined after `close`. */
  readonly closed: Promise<Error | undefined>;
  /** Lets go, also of calls in flight. Safe to call twice. */
  close(): Promise<void>;
}

/** What a connector is given besides its own configuration. */
export interface ConnectorContext {
  readonly clock: Clock;
  readonly report: Report;
  /** Looks on at the requests of connectors that are `recordable`. */
  readonly record?: HttpTap | undefined;
}

/** One kind of hypervisor, as the registry lists it: how its entry in `connectors:` reads and what it becomes. */
export interface ConnectorKind<Config = never> {
  readonly kind: string;
  /** Strict object with at least `name` and `type`. */
  readonly schema: ZodType<Config>;
  /** One endpoint, or several where one entry stands for a fleet. Does no I/O. */
  create(config: Config, context: ConnectorContext): Endpoint | Connector | readonly (Endpoint | Connector)[];
  /**
   * What a bare address, as `hypermeter poll URI` takes it, would be as an entry of `connectors:`, before the schema has
   * seen it: texts for numbers will do, and `passwordFile` for a password. Undefined if the scheme is not this kind's.
   */
  fromUri?(uri: URL): Settings | undefined;
  /** It speaks HTTP, and heeds `ConnectorContext.record`. */
  readonly recordable?: true;
}

/** An entry of a configuration as it is written. */
export type Settings = Readonly<Record<string, unknown>>;

export const ENDPOINT_ERRORS = ['unreachable', 'refused', 'timeout', 'protocol', 'lost', 'unsupported'] as const;
export type EndpointErrorCode = (typeof ENDPOINT_ERRORS)[number];

/** Why an endpoint could not be read. The message names the endpoint and what to do; it holds no secret. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
  readonly code: EndpointErrorCode;
  readonly endpoint: string;
  constructor(code: EndpointErrorCode, endpoint: string, message: string, cause?: unknown) {
    super(`${endpoint}: ${message}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.endpoint = endpoint;
  }
}
