import type { Clock } from '../pipeline/runtime/clock.ts';
import { CHANGES } from './connector.ts';
import { pause } from './in-time.ts';

/** Why an endpoint is polled before its turn: what somebody else (nova) announced, or what it said itself. The most telling first. */
const EARLY_REASONS = ['announced', ...CHANGES] as const;
export type EarlyReason = (typeof EARLY_REASONS)[number];

/** What happens to one VM is told in several pieces, and rarely happens to one VM alone: they make one poll together. */
const LINGER_MS = 100;
/** What is about to stop may be gone by then. */
const HASTE_MS = 10;
const LEAST_GAP_US = 1_000_000;
const GAPS_IN_INTERVAL = 10;

const rank = (reason: EarlyReason): number => EARLY_REASONS.indexOf(reason);

export interface Wanted {
  /** Monotonic time, microseconds: not before. */
  readonly at: number;
  readonly reason: EarlyReason;
}

/**
 * That an endpoint is to be polled before its turn. However much happens, early polls keep a tenth of the interval, or a
 * second, from the start of the poll before: what is wanted meanwhile is one poll then. What was about to stop has
 * stopped soon after: the first poll after such a one keeps a second only.
 */
export class EarlyPoll {
  readonly #clock: Clock;
  readonly #usualGapUs: number;
  #gapUs: number;
  #wanted: (Wanted & { readonly isUrgent: boolean }) | null = null;
  #begunAt = Number.NEGATIVE_INFINITY;
  #wake = (): void => undefined;

  constructor(clock: Clock, intervalUs: number) {
    this.#clock = clock;
    this.#usualGapUs = Math.max(LEAST_GAP_US, intervalUs / GAPS_IN_INTERVAL);
    this.#gapUs = this.#usualGapUs;
  }

  /** Null: nobody wants one. The reason is the most telling that was given. */
  get wanted(): Wanted | null {
    const wanted = this.#wanted;
    return wanted && { reason: wanted.reason, at: Math.max(wanted.at, this.#begunAt + this.#gapUs) };
  }

  /** `isUrgent`: for something that is about to stop. */
  want(reason: EarlyReason, isUrgent: boolean): void {
    const at = this.#clock.monotonic() + (isUrgent ? HASTE_MS : LINGER_MS) * 1000;
    const before = this.#wanted;
    this.#wanted = {
      at: Math.min(at, before?.at ?? at),
      reason: before !== null && rank(before.reason) <= rank(reason) ? before.reason : reason,
      isUrgent: isUrgent || before?.isUrgent === true,
    };
    if (this.#wanted.at < (before?.at ?? Number.POSITIVE_INFINITY)) this.#wake();
  }

  /** A poll begins, early or not: it sees whatever was wanted until now. */
  begin(): void {
    const isShort = this.#wanted?.isUrgent === true && this.#gapUs === this.#usualGapUs;
    this.#gapUs = isShort ? LEAST_GAP_US : this.#usualGapUs;
    this.#wanted = null;
    this.#begunAt = this.#clock.monotonic();
  }

  /** Sleeps for so long, until stopped, or until a poll is wanted sooner than before. */
  async pause(ms: number, stop: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await pause(this.#clock, ms, stop, woken);
  }
}
