import type { Observable } from 'rxjs';
import type { ZodType } from 'zod';
import type { Instance, PollInfo } from '../avro/snapshot.ts';
import type { Clock } from '../pipeline/runtime/clock.ts';
import type { Report } from '../pipeline/runtime/events.ts';
import type { Tracing } from '../pipeline/runtime/tracing.ts';
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
  /** Whose turn the endpoint is, where several collectors share a fleet: the roster's word, larger with every owner. */
  readonly generation?: number | undefined;
  /** `traceparent` of the span of the poll, if it is traced. */
  readonly trace?: string | undefined;
  /**
   * Called once by the collector: true when Kafka has acknowledged every slice of the poll, false when a part of it is
   * given up. Whoever took the news from a queue may let go of it at true, and asks for it again at false.
   */
  readonly settled?: ((delivered: boolean) => void) | undefined;
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
  /**
   * Begins no further poll; resolves when the one under way has been emitted and what was opened is closed. Whoever
   * subscribed unsubscribes then. Without it unsubscribing is all there is.
   */
  retire?(): Promise<void>;
  /**
   * Looks whether everything is there and as it has to be, without taking anything that is meant for `snapshots`.
   * Resolves with what was found; rejects with an EndpointError.
   */
  check?(signal: AbortSignal): Promise<string>;
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
  /** Where the source keeps rows of the past. */
  readonly history?: History | undefined;
}

/** Rows that a source keeps: whoever begins to poll it reads those that are not recorded yet. */
export interface History {
  /** How far apart its rows are, microseconds. */
  readonly everyUs: number;
  /** How far back they reach, microseconds. */
  readonly reachUs: number;
  /**
   * Before a session: what is recorded of its instances and hosts, by uuid (32 hex digits), whatever the endpoint itself
   * remembers. Of those that are not in it all that is kept is read.
   */
  resume(known: ReadonlyMap<string, Known>): void;
}

/** What the raw topic has of an instance or a host. Microseconds. */
export interface Known {
  /** Time of its newest row, as it was recorded; null: it was listed without rows. */
  readonly lastRowAt: number | null;
  /** When the poll that saw this row began, by its collector's clock. */
  readonly seenAt: number;
  /** As it was listed last. */
  readonly isRunning: boolean;
}

export const CHANGES = ['stopping', 'stopped', 'started', 'changed'] as const;

/**
 * What a hypervisor says has happened to one of its VMs: a reason to look at once, never the truth. `stopping`: it still
 * runs. `changed`: its devices, its host or its definition did. Changes may be lost, repeated and out of order.
 */
export interface Change {
  /** 16 bytes; null: it cannot be told whose. */
  readonly uuid: Buffer | null;
  readonly what: (typeof CHANGES)[number];
}

/** Whether a poll's turn has come, or something has happened that it is to see at once. */
export type Occasion = 'due' | 'early';

export interface Session {
  /** Reads everything about the endpoint once. Rejects with an EndpointError; the session stays usable unless `closed` settled. */
  poll(signal: AbortSignal, occasion?: Occasion): Promise<Observation>;
  /** Where the hypervisor tells of changes by itself: hot, never ends in an error. Polls alone must come out right. */
  readonly changes?: Observable<Change> | undefined;
  /** Settles when the session can no longer be used: with the error that ended it, or undefined after `close`. */
  readonly closed: Promise<Error | undefined>;
  /** Lets go, also of calls in flight. Safe to call twice. */
  close(): Promise<void>;
}

/** What somebody else (nova) says has happened to a VM, or is about to. */
export interface Announcement {
  /** 16 bytes */
  readonly uuid: Buffer;
  /** The name of the host that it is on; null: not told. */
  readonly host: string | null;
  readonly what: 'started' | 'stopping';
}

/** How often endpoints are asked, how long a poll may take (default 10 s, at most the interval), and whether more can be taken at present. */
export interface Pace {
  readonly intervalMs: number;
  readonly timeoutMs?: number;
  readonly ready: () => boolean;
}

/** What a connector is given besides its own configuration. */
export interface ConnectorContext {
  readonly clock: Clock;
  readonly report: Report;
  /** Who hears of VMs says so here, and who polls them, in whichever collector, looks at once. */
  readonly announce?: ((announcement: Announcement) => void) | undefined;
  /** What was announced, here or elsewhere. */
  readonly announcements?: Observable<Announcement> | undefined;
  readonly pace?: Pace | undefined;
  readonly tracing?: Tracing | undefined;
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
  /** It hears of VMs that others poll, and announces that. */
  readonly announces?: true;
  /** It speaks HTTP, and heeds `ConnectorContext.record`. */
  readonly recordable?: true;
}

/** An entry of a configuration as it is written. */
export type Settings = Readonly<Record<string, unknown>>;

const ENDPOINT_ERRORS = ['unreachable', 'refused', 'timeout', 'protocol', 'lost', 'unsupported'] as const;
export type EndpointErrorCode = (typeof ENDPOINT_ERRORS)[number];

/** Why an endpoint could not be read. The message names the endpoint and what to do; it holds no secret. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
  readonly code: EndpointErrorCode;
  readonly endpoint: string;
  /** The message without the endpoint. */
  readonly told: string;
  constructor(code: EndpointErrorCode, endpoint: string, told: string, cause?: unknown) {
    super(`${endpoint}: ${told}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.endpoint = endpoint;
    this.told = told;
  }
}
