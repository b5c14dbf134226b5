import type { Clock } from '../../pipeline/runtime/clock.ts';
import type { HttpTap } from '../http-tap.ts';

/**
 * A clock that stands still between the things that happen, as that of a replay does: what a connector makes of the time
 * is the same both times. It moves when somebody who sleeps wakes up, and when it is told to.
 */
export class EventClock implements Clock {
  readonly #clock: Clock;
  /** Of the wall clock, less the other one: it does not step meanwhile. */
  readonly #ahead: number;
  #monotonic: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#monotonic = clock.monotonic();
    this.#ahead = clock.now() - this.#monotonic;
  }

  /** Something happens. */
  move(): void {
    this.#monotonic = this.#clock.monotonic();
  }

  // Some take them for functions of their own.
  readonly now = (): number => this.#ahead + this.#monotonic;
  readonly monotonic = (): number => this.#monotonic;

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal);
    this.move();
  }

  random(): number {
    return this.#clock.random();
  }

  /** The same tap: exchanges that begin and end are what happens. */
  moving(tap: HttpTap): HttpTap {
    return (request) => {
      this.move();
      const tapped = tap(request);
      let isOver = false;
      return {
        ...tapped,
        end: (whole) => {
          if (!isOver) this.move();
          isOver = true;
          tapped.end(whole);
        },
      };
    };
  }
}
