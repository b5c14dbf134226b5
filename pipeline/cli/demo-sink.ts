import type { Clock } from '../runtime/clock.ts';
import type { Sink } from '../sinks/sink.ts';
import { createWindowView, type WindowView } from './demo-view.ts';

/** Partitions finish a window one after the other: it is shown when nothing has come for this long. */
const QUIET_US = 700_000;
const LOOK_MS = 200;

/** A sink that shows each window as a table once all of it is there. */
export function createDemoSink(clock: Clock, show: (view: WindowView) => Promise<void>): Sink {
  const open = new Map<number, { readonly view: WindowView; touchedAt: number }>();
  const closing = new AbortController();
  let shown = Number.NEGATIVE_INFINITY;

  const showQuiet = async (): Promise<void> => {
    const now = clock.monotonic();
    for (const [end, { view, touchedAt }] of [...open].sort(([a], [b]) => a - b)) {
      if (now - touchedAt < QUIET_US && !closing.signal.aborted) return;
      open.delete(end);
      shown = Math.max(shown, end);
      await show(view);
    }
  };
  const looking = (async () => {
    while (!closing.signal.aborted) {
      await clock.sleep(LOOK_MS, closing.signal).catch(() => undefined);
      await showQuiet();
    }
  })();
  looking.catch(() => undefined);

  return {
    name: 'demo',
    publish: async (batch) => {
      for (const sample of batch) {
        // What comes after its window was shown is in the totals; the table is not shown twice.
        if (sample.windowEnd <= shown) continue;
        let window = open.get(sample.windowEnd);
        if (!window) {
          window = { view: createWindowView(sample.windowStart, sample.windowEnd), touchedAt: 0 };
          open.set(sample.windowEnd, window);
        }
        window.touchedAt = clock.monotonic();
        window.view.add(sample);
      }
    },
    close: async () => {
      closing.abort();
      await looking;
    },
  };
}
