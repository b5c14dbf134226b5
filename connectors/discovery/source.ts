import type { Observable } from 'rxjs';
import type { DiscoveryRejection } from '../../pipeline/runtime/events.ts';
import type { ConnectorEntry } from './discovery.ts';

/** Something a source names that cannot be polled: the others are. */
export interface Rejected {
  readonly reason: DiscoveryRejection;
  /** `file:line:column`, or what the source calls it. */
  readonly where: string;
  /** Says what is wrong and what to do; holds no secret. */
  readonly message: string;
}

/** What one look at a source came to. */
export interface Findings {
  readonly entries: readonly ConnectorEntry[];
  readonly rejected: readonly Rejected[];
  /** What is worth telling a person who asks, such as how many hosts are disabled. */
  readonly remarks?: readonly string[];
}

/** A place that can be asked which endpoints there are. `looking.ts` makes a Discovery of it. */
export interface Source {
  readonly name: string;
  readonly kind: string;
  readonly refreshMs: number;
  readonly timeoutMs: number;
  /** How many answers in a row must say that there is nothing before that is believed. */
  readonly emptyAfter: number;
  /**
   * Rejects with an EndpointError where there is no answer. Not called again before it has settled, or its signal has
   * aborted.
   */
  look(signal: AbortSignal): Promise<Findings>;
  /** Tells that a look is worth while before the time. Never ends in an error. */
  readonly nudges?: Observable<unknown>;
  /** Lets go of what was opened. Safe to call twice; a look after it opens anew. */
  close(): Promise<void>;
}
