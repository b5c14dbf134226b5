import type { Readable, Writable } from 'node:stream';
import { EndpointError } from '../../connector.ts';

/** An open byte stream to a daemon, authenticated as far as the transport does it. */
export interface Transport {
  /** The other end, as messages name it. */
  readonly label: string;
  readonly input: Readable;
  readonly output: Writable;
  /** Settles when nothing more can come: with the reason if the transport knows one. */
  readonly ended: Promise<Error | undefined>;
  /** Lets go after what was written is out, which may never be. */
  close(): void;
  /** Lets go at once. Safe to call twice, and after close. */
  destroy(): void;
}

/** The error of an open that the signal ended. */
export const openTimedOut = (endpoint: string, label: string, signal: AbortSignal): EndpointError =>
  new EndpointError('timeout', endpoint, `no connection to ${label} in time`, signal.reason);
