import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import { type Sink, SinkError } from './sink.ts';

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

/** A sink that reports every batch its destination has, and how long that took. */
export function measured(sink: Sink, { clock, report }: Surroundings): Sink {
  return around(sink, async (batch, signal) => {
    const startedUs = clock.monotonic();
    await sink.publish(batch, signal);
    const durationUs = clock.monotonic() - startedUs;
    report({ event: 'published', sink: sink.name, samples: batch.length, durationUs });
  });
}

const around = (sink: Sink, publish: Sink['publish']): Sink => ({
  name: sink.name,
  open: async (signal) => sink.open?.(signal),
  publish,
  close: () => sink.close(),
});
