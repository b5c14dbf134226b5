import type { Clock } from '../runtime/clock.ts';
import { DeadlineError, within } from '../runtime/deadline.ts';
import type { Report } from '../runtime/events.ts';
import type { EndedSpan } from './ended-span.ts';

/** What became of spans that were sent; an error is the server, the way to it or our settings: they may be sent again. */
export interface Sent {
  /** So many of them will never be taken. */
  readonly refused: number;
  /** What the receiver says to that. */
  readonly words: string;
}

export interface SpanQueueOptions {
  /** Spans that may wait; further ones are dropped. */
  readonly capacity: number;
  /** Rejects where they may be sent again. */
  readonly send: (spans: readonly EndedSpan[], signal: AbortSignal) => Promise<Sent>;
  readonly clock: Clock;
  readonly report: Report;
}

export interface SpanQueue {
  put(span: EndedSpan): void;
  /** Sends what waits, as far as that is possible before the signal aborts; what is left is lost, and counted. */
  close(signal: AbortSignal): Promise<void>;
}

/** Spans of one request. */
const BATCH = 512;
/** How long the first waits for others. */
const LINGER_MS = 1000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
/** Of a program that stops, for all that waits. */
const CLOSE_MS = 3000;

/** Sends spans by and by, one request at a time. They are of less worth than what they tell of: none of them is waited for. */
export function createSpanQueue({ capacity, send, clock, report }: SpanQueueOptions): SpanQueue {
  const closing = new AbortController();
  const given = new AbortController();
  let waiting: EndedSpan[] = [];
  let working: Promise<void> | null = null;

  const lose = (reason: 'queue_full' | 'refused' | 'stopped', count: number): void => {
    if (count > 0) report({ event: 'spans.lost', reason, count });
  };
  const pause = (ms: number): Promise<void> => clock.sleep(ms, closing.signal).catch(() => undefined);

  async function work(): Promise<void> {
    if (!closing.signal.aborted) await pause(LINGER_MS);
    for (let failures = 0; waiting.length > 0 && !given.signal.aborted; ) {
      const batch = waiting.slice(0, BATCH);
      try {
        const { refused, words } = await send(batch, given.signal);
        waiting = waiting.slice(batch.length);
        failures = 0;
        report({ event: 'spans.sent', count: batch.length - refused });
        lose('refused', refused);
        if (words !== '') report({ event: 'tracing.failed', error: new Error(`tracing: ${words}`), retryMs: 0 });
      } catch (cause) {
        if (given.signal.aborted) return;
        const error = cause instanceof Error ? cause : new Error(String(cause));
        const isLast = closing.signal.aborted;
        const retryMs = isLast ? 0 : Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++);
        report({ event: 'tracing.failed', error, retryMs });
        // There is no time for another try.
        if (isLast) return;
        await pause(retryMs);
      }
    }
  }
  const run = (): Promise<void> => {
    working ??= work().finally(() => {
      working = null;
    });
    return working;
  };

  return {
    put(span) {
      if (waiting.length >= capacity || closing.signal.aborted) {
        lose(closing.signal.aborted ? 'stopped' : 'queue_full', 1);
        return;
      }
      waiting.push(span);
      void run();
    },
    async close(signal) {
      closing.abort();
      try {
        await within(clock, CLOSE_MS, 'sending the last spans', run, signal);
      } catch (error) {
        if (!(error instanceof DeadlineError) && !signal.aborted) throw error;
      } finally {
        given.abort();
        lose('stopped', waiting.length);
        waiting = [];
      }
    },
  };
}
