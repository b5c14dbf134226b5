import type { Sample } from '../model/sample.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import { leavingOut } from './dead-samples.ts';
import { type Sink, type SinkContext, SinkError } from './sink.ts';

interface Surroundings {
  readonly clock: Clock;
  readonly report: Report;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 30_000;

/**
 * A sink that offers a batch again until the destination has it or the signal aborts, each time after twice the
 * wait, from a quarter second to 30 s, of which chance takes off up to a half. Every failure is reported with the
 * wait that follows. Only what may get better is tried again: a closed pipe or an error that is no SinkError is passed on.
 */
export function retrying(sink: Sink, { clock, report }: Surroundings): Sink {
  return around(sink, async (batch, signal) => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await sink.publish(batch, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof SinkError) || error.code === 'pipe_closed') throw error;
        const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
        const retryMs = Math.round(waitMs * (1 - clock.random() / 2));
        report({ event: 'publish.failed', sink: sink.name, error, retryMs });
        await clock.sleep(retryMs, signal);
      }
    }
  });
}

/**
 * A sink that does not let one sample of which it cannot make anything (a fault of ours, an error that is no SinkError)
 * stop all others for ever: the batch is halved until the sample is found, which is left out as `unpublishable`. An error
 * that every sample of several meets is not theirs and is passed on.
 */
export function isolating(sink: Sink, context: SinkContext): Sink {
  const leaveOut = leavingOut(sink.name, context);
  const burial = retrying(
    around(sink, (samples) => leaveOut('unpublishable', samples)),
    context,
  );
  return around(sink, async (batch, signal) => {
    const failed: { readonly sample: Sample; readonly error: unknown }[] = [];
    const halve = async (part: readonly Sample[]): Promise<void> => {
      try {
        await sink.publish(part, signal);
      } catch (error) {
        if (signal.aborted || error instanceof SinkError) throw error;
        const [first] = part;
        if (part.length === 1 && first !== undefined) {
          failed.push({ sample: first, error });
          return;
        }
        const middle = Math.ceil(part.length / 2);
        await halve(part.slice(0, middle));
        await halve(part.slice(middle));
      }
    };
    await halve(batch);
    if (failed.length > 1 && failed.length === batch.length) throw failed[0]?.error;
    const [first] = failed;
    if (first === undefined) return;
    await burial.publish(
      failed.map(({ sample }) => sample),
      signal,
    );
    const fault = new SinkError(sink.name, 'a sample cannot be published; it is kept as a dead letter', first.error);
    context.report({ event: 'publish.failed', sink: sink.name, error: fault, retryMs: 0 });
  });
}

/** A sink that reports every batch its destination has, and how long that took. */
export function measured(sink: Sink, { clock, report }: Surroundings): Sink {
  return around(sink, async (batch, signal) => {
    const startedUs = clock.monotonic();
    await sink.publish(batch, signal);
    const durationUs = clock.monotonic() - startedUs;
    report({ event: 'published', sink: sink.name, samples: batch.length, durationUs });
  });
}

/** A sink that knows how often the destination was offered something. */
export function counted(sink: Sink): { readonly sink: Sink; readonly attempts: () => number } {
  let attempts = 0;
  const counting = around(sink, (batch, signal) => {
    attempts++;
    return sink.publish(batch, signal);
  });
  return { sink: counting, attempts: () => attempts };
}

const around = (sink: Sink, publish: Sink['publish']): Sink => ({
  name: sink.name,
  open: async (signal) => sink.open?.(signal),
  publish,
  close: () => sink.close(),
});
