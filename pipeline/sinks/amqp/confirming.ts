import type { Clock } from '../../runtime/clock.ts';
import { orAborted } from '../../runtime/deadline.ts';
import type { Draft, Writer } from '../oslo/writer.ts';
import { SinkError } from '../sink.ts';
import type { Link } from './client.ts';
import { explained } from './explain.ts';

/** A message of a batch on its way: what was confirmed is not sent again when the batch is offered again. */
export interface Outgoing {
  readonly draft: Draft;
  confirmed: boolean;
  /** Sent and neither confirmed nor refused. */
  underway: Promise<void> | null;
}

export interface Confirming {
  readonly sink: string;
  readonly clock: Clock;
  readonly writer: Writer;
  readonly inFlight: number;
  /** The longest time from one confirmation to the next. */
  readonly confirmTimeoutMs: number;
}

/**
 * Sends every message that is not confirmed yet, some at a time, and resolves when all are confirmed. Rejects with a
 * SinkError after the first failure, when the others under way have settled, or with the signal's reason at once.
 */
export async function sendAll(
  messages: readonly Outgoing[],
  link: Link,
  { sink, clock, writer, inFlight, confirmTimeoutMs }: Confirming,
  signal: AbortSignal,
): Promise<void> {
  const waiting = messages.filter(({ confirmed }) => !confirmed).values();
  const failures: unknown[] = [];
  const over = new AbortController();
  let progressUs = clock.monotonic();

  const send = (message: Outgoing): Promise<void> => {
    const { body, uniqueId } = writer.body(message.draft);
    message.underway = link.publish(uniqueId, body).then(
      () => {
        message.confirmed = true;
        message.underway = null;
      },
      (error: unknown) => {
        message.underway = null;
        throw new SinkError(sink, `a message was not confirmed: ${explained(error)}`, error);
      },
    );
    return message.underway;
  };

  const lane = async (): Promise<void> => {
    for (const message of waiting) {
      if (failures.length > 0 || over.signal.aborted) return;
      await (message.underway ?? send(message)).catch((error: unknown) => failures.push(error));
      progressUs = clock.monotonic();
    }
  };

  const silence = async (): Promise<never> => {
    for (;;) {
      const leftMs = confirmTimeoutMs - (clock.monotonic() - progressUs) / 1000;
      if (leftMs <= 0) throw silent(link, sink, confirmTimeoutMs);
      await clock.sleep(Math.ceil(leftMs), over.signal);
    }
  };

  const lanes = Promise.all(Array.from({ length: Math.min(inFlight, messages.length) }, lane));
  try {
    await orAborted(Promise.race([lanes, silence()]), signal);
  } finally {
    over.abort();
  }
  if (failures.length > 0) throw failures[0];
}

/** A blocked broker keeps what it was sent and confirms it later; one that is silent without saying so is left. */
function silent(link: Link, sink: string, timeoutMs: number): SinkError {
  const waited = `no message was confirmed within ${timeoutMs / 1000} s`;
  if (link.blocked !== null)
    return new SinkError(sink, `${waited}: the broker blocks publishers (${link.blocked}): free its memory or disk`);
  link.abandon(new Error(waited));
  return new SinkError(sink, `${waited}: check that the broker is well, or raise confirmTimeout`);
}
