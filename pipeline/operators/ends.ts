import { residual } from '../model/residual.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import type { Ownership } from './ownership.ts';
import type { Tick } from './pull.ts';

export interface EndsDeps {
  /** The offset after the newest message of each owned partition. */
  ends(): Promise<ReadonlyMap<number, number>>;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly report: Report;
}

/** The latest look at the log's ends. */
export interface Ends {
  /** What the last look found, once; null if there was none since. */
  take(): Tick | null;
  /** Looks every few seconds until the signal aborts. */
  watch(signal: AbortSignal): Promise<void>;
}

const LOOK_EVERY_MS = 5000;
/** The books are balanced at every so many looks. */
const BALANCE_EVERY = 12;
/**
 * What a look found holds for some time before it: the broker's clock may lag behind ours, and it is the broker that
 * gives a message its time.
 */
const SKEW_US = 2e6;

/** Looks at the log's ends: how far the pipeline lags behind them, and where the wall clock may move the time on. */
export function createEnds({ ends, ownership, clock, report }: EndsDeps): Ends {
  let latest: Tick | null = null;
  let looks = 0;
  const balance = (): void => {
    for (const { index, partition } of ownership.all())
      report({ event: 'residual', partition: index, amount: residual(partition) });
  };
  const look = async (): Promise<void> => {
    const at = clock.now() - SKEW_US;
    const found = await ends();
    latest = { at, ends: found };
    for (const [partition, end] of found) {
      const owned = ownership.of(partition);
      if (owned) report({ event: 'lag', partition, messages: Math.max(0, end - Math.max(owned.next, owned.liveFrom)) });
    }
  };
  return {
    take: () => {
      const tick = latest;
      latest = null;
      return tick;
    },
    watch: async (signal) => {
      while (await slept(clock, signal)) {
        if (looks++ % BALANCE_EVERY === 0) balance();
        await look().catch((cause: unknown) => {
          const error = cause instanceof Error ? cause : new Error(String(cause));
          report({ event: 'kafka.trouble', client: 'lag', error });
        });
      }
    },
  };
}

/** False if stopped before the time was over. */
const slept = (clock: Clock, signal: AbortSignal): Promise<boolean> =>
  clock.sleep(LOOK_EVERY_MS, signal).then(
    () => true,
    () => false,
  );
