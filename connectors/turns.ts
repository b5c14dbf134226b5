import type { Clock } from '../pipeline/runtime/clock.ts';
import type { EarlyPoll, EarlyReason } from './early.ts';
import { latestDue, nextDue } from './phase.ts';

/** One poll's turn. */
export interface Turn {
  /** When it is to begin: wall clock, microseconds. */
  readonly at: number;
  /** Why before its time; null: it is due. */
  readonly early: EarlyReason | null;
}

export interface TurnOptions {
  readonly clock: Clock;
  readonly intervalUs: number;
  readonly phaseUs: number;
  readonly early: EarlyPoll;
  /** Told of each due time that passed meanwhile. */
  readonly onSkipped: () => void;
  /**
   * Somebody else polled the endpoint at its due times until then (wall clock, microseconds): the latest that has passed
   * since is made up for at once, and is late. Null: the first poll is the next due one.
   */
  readonly servedUntil?: number | null | undefined;
}

/** A clock that jumped by hours skipped no polls worth a report each. */
const MOST_SKIPPED = 10;

/** When an endpoint is polled: at its due times, which nothing moves, and early in between when that is wanted. */
export class Turns {
  readonly #options: TurnOptions;
  #due: number;
  #isTaken = false;

  constructor(options: TurnOptions) {
    this.#options = options;
    const { clock, intervalUs, phaseUs, servedUntil } = options;
    const now = clock.now();
    this.#due = nextDue(now, intervalUs, phaseUs);
    const first = servedUntil == null ? this.#due : nextDue(servedUntil, intervalUs, phaseUs);
    if (first > now) return;
    this.#due = latestDue(now, intervalUs, phaseUs);
    this.#skip(first, this.#due);
  }

  /** Waits for the next turn; null if it is over before. */
  async next(over: AbortSignal): Promise<Turn | null> {
    const { clock, intervalUs, phaseUs, early } = this.#options;
    if (this.#isTaken) this.#advance();
    while (!over.aborted) {
      const now = clock.now();
      const left = this.#due - now;
      // The clock was set forward, or this machine stood still, and all endpoints with it: they do not make up for it at once.
      if (left < -intervalUs) {
        const next = nextDue(now, intervalUs, phaseUs);
        this.#skip(this.#due, next);
        this.#due = next;
        continue;
      }
      if (left <= 0) {
        this.#isTaken = true;
        return { at: this.#due, early: null };
      }
      // The clock was set back: the old due time would leave a hole.
      if (left > 1.5 * intervalUs) {
        this.#due = nextDue(now, intervalUs, phaseUs);
        continue;
      }
      const { wanted } = early;
      const leftToEarly = wanted === null ? Number.POSITIVE_INFINITY : wanted.at - clock.monotonic();
      if (wanted !== null && leftToEarly <= 0) return { at: now, early: wanted.reason };
      await early.pause(Math.ceil(Math.min(left, leftToEarly) / 1000), over);
    }
    return null;
  }

  /** The due time after the one that was taken; those that passed meanwhile are skipped. */
  #advance(): void {
    const { clock, intervalUs, phaseUs } = this.#options;
    const next = nextDue(Math.max(clock.now(), this.#due), intervalUs, phaseUs);
    this.#skip(this.#due + intervalUs, next);
    this.#due = next;
    this.#isTaken = false;
  }

  /** Tells of the due times from `first` to before `next`. */
  #skip(first: number, next: number): void {
    const { intervalUs, onSkipped } = this.#options;
    const skipped = Math.min(Math.round((next - first) / intervalUs), MOST_SKIPPED);
    for (let count = 0; count < skipped; count++) onSkipped();
  }
}
