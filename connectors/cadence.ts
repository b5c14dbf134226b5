import { Gate } from './gate.ts';
import type { Cadence, Gates } from './polling.ts';

/** `collector:` of a configuration, as far as it is about when to poll; microseconds. */
export interface CadenceWords {
  readonly interval: number;
  readonly timeout?: number | undefined;
  readonly events: boolean;
  readonly concurrency: number;
}

export const gatesOf = ({ concurrency }: Pick<CadenceWords, 'concurrency'>): Gates => ({
  polls: new Gate(concurrency),
  connects: new Gate(concurrency),
});

/** How an entry of `connectors:` is polled: by the collector's words, and its own where it has them. */
export function cadenceOf(
  { interval, timeout, events }: CadenceWords,
  entry: { readonly interval?: number | undefined },
  gates: Gates,
  ready: () => boolean,
): Cadence & { readonly ready: () => boolean } {
  const timeouts = timeout === undefined ? {} : { timeoutMs: timeout / 1000, connectTimeoutMs: timeout / 1000 };
  return { intervalMs: (entry.interval ?? interval) / 1000, ...timeouts, ready, early: events, gates };
}
