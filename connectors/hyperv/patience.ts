import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';

/** How long one enumeration may take, and what else ends it. */
export interface CallLimit {
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** What the collector allows a poll unless it is set otherwise. */
const USUAL_MS = 10_000;
/** Of a poll's time: what one class of several may take, and when all is to be over. */
const CLASS = 0.4;
const END = 0.95;
const LEAST_MS = 500;

/** The time of one poll, divided among its enumerations. */
export interface Budget {
  /** For the next one. Throws an EndpointError `timeout` when there is no time left for it. */
  limit(): CallLimit;
  hasTime(): boolean;
  /** The poll was ended by its caller. */
  ended(): void;
}

/**
 * How long polls may take. The connector is not told, so it starts from what is usual; when a poll was ended before
 * that, the next ones make do with the time that it had.
 */
export class Patience {
  readonly #clock: Clock;
  readonly #endpoint: string;
  #pollMs = USUAL_MS;

  constructor(clock: Clock, endpoint: string) {
    this.#clock = clock;
    this.#endpoint = endpoint;
  }

  begin(signal: AbortSignal): Budget {
    const begun = this.#clock.monotonic();
    const spentMs = (): number => (this.#clock.monotonic() - begun) / 1000;
    const leftMs = (): number => Math.min(this.#pollMs * CLASS, this.#pollMs * END - spentMs());
    return {
      limit: () => {
        const ms = Math.ceil(leftMs());
        if (ms <= 0) throw new EndpointError('timeout', this.#endpoint, 'no time is left for all that is to be asked');
        return { ms, signal };
      },
      hasTime: () => leftMs() > LEAST_MS,
      ended: () => {
        if (spentMs() >= LEAST_MS) this.#pollMs = Math.min(this.#pollMs, spentMs());
      },
    };
  }
}
