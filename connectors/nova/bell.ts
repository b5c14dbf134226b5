import type { Clock } from '../../pipeline/runtime/clock.ts';
import { pause } from '../in-time.ts';

/** Wakes the one who waits for something to have come about. */
export class Bell {
  readonly #clock: Clock;
  #waiting: { readonly for: () => boolean; readonly wake: () => void } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something has changed. */
  ring(): void {
    if (this.#waiting?.for()) this.#waiting.wake();
  }

  /** Resolves when it has come about, or so many milliseconds are over, or everything is. */
  async until(condition: () => boolean, ms: number, over: AbortSignal): Promise<void> {
    if (condition() || ms <= 0) return;
    const rung = new AbortController();
    this.#waiting = { for: condition, wake: () => rung.abort() };
    await pause(this.#clock, Math.ceil(ms), over, rung);
    this.#waiting = null;
  }
}
