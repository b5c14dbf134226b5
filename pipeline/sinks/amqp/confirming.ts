import type { Sample } from '../../model/sample.ts';
import { type Clock, turnOfLoop } from '../../runtime/clock.ts';
import { orAborted } from '../../runtime/deadline.ts';
import type { Draft, Writer } from '../oslo/writer.ts';
import { SinkError } from '../sink.ts';
import type { Link } from './client.ts';
import { explained } from './explain.ts';

/** A batch on its way: what was confirmed is not sent again when the batch is offered again. */
export interface Outgoing {
  /** Those that were taken from the drafts and are not confirmed yet, in order. */
  readonly unconfirmed: Set<Message>;
  readonly drafts: Iterator<Draft>;
  /** Samples that fit no message; complete when all are confirmed. */
  readonly oversize: readonly Sample[];
}

export interface Message {
  readonly draft: Draft;
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

/** Packing pauses after so many bytes, so that they are on their way meanwhile: the broker reads while we pack. */
const PAUSE_BYTES = 131_072;

/**
 * Sends every message that is not confirmed yet, some at a time, each packed when it is its turn, and resolves when all
 * are confirmed. Rejects with a SinkError after the first failure, when the others under way have settled, or with the
 * signal's reason at once.
 */
export async function sendAll(
  { unconfirmed, drafts }: Outgoing,
  link: Link,
  { sink, clock, writer, inFlight, confirmTimeoutMs }: Confirming,
  signal: AbortSignal,
): Promise<void> {
  const again = [...unconfirmed].values();
  const failures: unknown[] = [];
  const over = new AbortController();
  let progressUs = clock.monotonic();
  let unwritten = 0;
  let isAllTaken = false;

  const next = (): Message | undefined => {
    const known = again.next();
    if (!known.done) return known.value;
    const packed = drafts.next();
    if (packed.done) {
      isAllTaken = true;
      return undefined;
    }
    const message = { draft: packed.value, underway: null };
    unconfirmed.add(message);
    return message;
  };

  const send = (message: Message): Promise<void> => {
    const { body, uniqueId } = writer.body(message.draft);
    unwritten += body.length;
    message.underway = link.publish(uniqueId, body).then(
      () => {
        unconfirmed.delete(message);
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
    while (failures.length === 0 && !over.signal.aborted) {
      try {
        const message = next();
        if (message === undefined) return;
        await (message.underway ?? send(message));
      } catch (error) {
        failures.push(error);
      }
      progressUs = clock.monotonic();
    }
  };

  const begin = async (): Promise<void> => {
    const lanes: Promise<void>[] = [];
    while (lanes.length < inFlight && !isAllTaken) {
      lanes.push(lane());
      if (unwritten < PAUSE_BYTES) continue;
      unwritten = 0;
      // The client writes at the end of the first turn.
      await turnOfLoop();
      await turnOfLoop();
    }
    await Promise.all(lanes);
  };

  const silence = async (): Promise<never> => {
    for (;;) {
      const leftMs = confirmTimeoutMs - (clock.monotonic() - progressUs) / 1000;
      if (leftMs <= 0) throw silent(link, sink, confirmTimeoutMs);
      await clock.sleep(Math.ceil(leftMs), over.signal);
    }
  };

  try {
    await orAborted(Promise.race([begin(), silence()]), signal);
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
