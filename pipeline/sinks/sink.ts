import type { ZodType } from 'zod';
import type { Sample } from '../model/sample.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import type { Tracing } from '../runtime/tracing.ts';
import type { DeadSamples } from './dead-samples.ts';

/**
 * The seam to a destination of finished meters. `publish` is called with one batch at a time and resolves when the
 * destination has it (UDP: when it was handed to the network): offsets advance only then. It rejects with a
 * SinkError when nothing may be taken as delivered and the same batch will be offered again, with the same message
 * ids. A sample that can never be delivered is not a rejection: it is left out (`screen`, `LeaveOut`: kept as a
 * dead letter and counted, once for all attempts), and the rest of the batch goes. Aborting the signal gives up waiting. Creating a sink does no I/O; the first publish
 * (or `open`) does.
 */
export interface Sink {
  /** Unique among the configured sinks, for metrics and messages. */
  readonly name: string;
  /** Connects early, so that a wrong destination shows at start. Optional. */
  open?(signal: AbortSignal): Promise<void>;
  /**
   * Looks whether the destination is there and takes what comes, by sending it no samples. For a check: where it is not
   * opened early, a destination that is away does not stop a start. Optional.
   */
  look?(signal: AbortSignal): Promise<void>;
  publish(batch: readonly Sample[], signal: AbortSignal): Promise<void>;
  /** Flushes and lets go. Safe to call twice. */
  close(): Promise<void>;
}

export interface SinkContext {
  readonly clock: Clock;
  readonly report: Report;
  /** `service.id`, the publisher's name towards receivers. */
  readonly publisherId: string;
  /** Keeps samples that can never be delivered; rejects with an error while that is not possible. */
  readonly keep: (dead: DeadSamples) => Promise<void>;
  readonly tracing?: Tracing | undefined;
  /** How long a client that keeps time itself may take to connect; without it as long as it sees fit. */
  readonly connectTimeoutMs?: number;
}

/** One kind of sink, as the registry lists it. */
export interface SinkKind<Config = never> {
  readonly kind: string;
  /** Strict object with at least `type` and an optional `name`. */
  readonly schema: ZodType<Config>;
  create(config: Config, context: SinkContext): Sink;
}

/**
 * `unavailable`: trying again may help. `pipe_closed`: the reader of our output is gone and will not come back, which
 * is how a pipe into `head` ends: the CLI leaves quietly.
 */
const SINK_ERRORS = ['unavailable', 'pipe_closed'] as const;
export type SinkErrorCode = (typeof SINK_ERRORS)[number];

/** A batch that the destination does not have. The message names the sink and what to do; it holds no secret. */
export class SinkError extends Error {
  override readonly name = 'SinkError';
  readonly code: SinkErrorCode;
  readonly sink: string;
  constructor(sink: string, message: string, cause?: unknown, code: SinkErrorCode = 'unavailable') {
    super(`${sink}: ${message}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.sink = sink;
  }
}
