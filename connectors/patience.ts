import type { Clock } from '../pipeline/runtime/clock.ts';
import { EndpointError, type Pace } from './connector.ts';
import { pollTimeoutMs } from './polling.ts';

/** What the collector allows a poll, and connecting, unless it is set otherwise. */
const USUAL_MS = 10_000;
/** Of a poll's time: all calls are over. */
const END = 0.95;
const LEAST_MS = 500;

/** What a poll may take, by what the collector says. */
export const pollMsOf = (pace: Pace | undefined): number => (pace === undefined ? USUAL_MS : pollTimeoutMs(pace));

/** What connecting may take, by what the collector says. */
export const connectMsOf = (pace: Pace | undefined): number => pace?.timeoutMs ?? USUAL_MS;

/** How long one call may take, and what else ends it. */
export interface CallLimit {
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** Of a poll's time: after `begin` no further call begins, and no call of several takes longer than `call`. */
export interface Shares {
  readonly begin: number;
  readonly call: number;
}

/** The time of one poll, divided among its calls. */
export interface Budget {
  /** May another call begin? */
  hasTime(): boolean;
  /** For a call that begins now, one of several. Throws an EndpointError when there is no time left for one. */
  limit(): CallLimit;
  /** For a call that all else waits for: it may take all the time that is left. */
  rest(): CallLimit;
  /** The poll was ended by its caller. */
  ended(): void;
}

/** How long polls may take. When one was ended before that, the next ones make do with the time that it had. */
export class Patience {
  readonly #clock: Clock;
  readonly #endpoint: string;
  readonly #shares: Shares;
  #pollMs: number;

  constructor(clock: Clock, endpoint: string, shares: Shares, pollMs = USUAL_MS) {
    this.#clock = clock;
    this.#endpoint = endpoint;
    this.#shares = shares;
    this.#pollMs = pollMs;
  }

  begin(signal: AbortSignal): Budget {
    const clock = this.#clock;
    const { begin, call } = this.#shares;
    const begun = clock.monotonic();
    const spentMs = (): number => (clock.monotonic() - begun) / 1000;
    const within = (mostMs: number): CallLimit => {
      const ms = Math.min(mostMs, this.#pollMs * END - spentMs());
      if (ms <= 0) throw new EndpointError('timeout', this.#endpoint, 'no time is left for all that is to be asked');
      return { ms: Math.ceil(ms), signal };
    };
    return {
      hasTime: () => spentMs() < this.#pollMs * begin,
      limit: () => within(this.#pollMs * call),
      rest: () => within(this.#pollMs),
      ended: () => {
        if (spentMs() >= LEAST_MS) this.#pollMs = Math.min(this.#pollMs, spentMs());
      },
    };
  }
}
