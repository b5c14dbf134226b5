import type { Clock } from '../runtime/clock.ts';

export interface Watch {
  readonly clock: Clock;
  readonly stop: AbortSignal;
  /** Monotonic time, in microseconds, of the last pull. */
  pulledAt(): number;
  /** Called every second while nobody has pulled for some. */
  idle(): Promise<void>;
  /** Called now and then while messages are being pulled. */
  check(): Promise<void>;
  /** Told what the two reject with. */
  trouble(error: unknown): void;
}

const ROUND_MS = 1000;
const IDLE_AFTER_US = 5_000_000;
const CHECK_EVERY_US = 15_000_000;

/** Looks after a consumer until stopped: librdkafka serves its group only while it is polled, and does not tell of a fetcher that hangs. */
export async function keepWatch(watch: Watch): Promise<void> {
  const { clock, stop } = watch;
  let checkedAt = clock.monotonic();
  while (await slept(clock, stop)) {
    const now = clock.monotonic();
    if (now - watch.pulledAt() > IDLE_AFTER_US) await watch.idle().catch(watch.trouble);
    else if (now - checkedAt > CHECK_EVERY_US) {
      checkedAt = now;
      await watch.check().catch(watch.trouble);
    }
  }
}

/** False if stopped before the round was over. */
async function slept(clock: Clock, stop: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ROUND_MS, stop);
    return true;
  } catch (reason) {
    if (stop.aborted) return false;
    throw reason;
  }
}
