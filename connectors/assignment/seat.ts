import type { RawMessage } from '../../pipeline/kafka/intake.ts';
import { type Claim, decodeClaim, nextToken } from './claim.ts';

export interface SeatStart {
  readonly partition: number;
  /** What was there when it was assigned: all of it is read before it is claimed. */
  readonly low: number;
  readonly high: number;
  readonly now: number;
  readonly monotonic: number;
}

/** Reading must not hold up a claim for longer: a claim that is too low is mended when a higher one is read. */
const READ_US = 2e6;
/** A former owner that does not know yet is left time to learn it, before what it claimed late is outbid. */
const OUTBID_US = 2e6;

/** A partition of the coordination topic that this member was assigned. Times in microseconds. */
export class Seat {
  readonly partition: number;
  readonly #until: number;
  readonly #assignedAt: number;
  readonly #since: number;
  #highest = 0;
  #former: Claim | null = null;
  #isRead: boolean;
  #token: number | null = null;
  #outbidAt: number | null = null;

  constructor({ partition, low, high, now, monotonic }: SeatStart) {
    this.partition = partition;
    this.#until = high;
    this.#isRead = low >= high;
    this.#assignedAt = now;
    this.#since = monotonic;
  }

  /** The generation of this member's polls; null: not claimed yet. */
  get token(): number | null {
    return this.#token;
  }

  /** What the owner before claimed last, as far as it was read before the own claim; null: there was none. */
  get former(): Claim | null {
    return this.#former;
  }

  /** A message of the partition. `member`: this one. Returns the claim of another one. */
  read(message: RawMessage, member: string, monotonic: number): Claim | null {
    if (message.offset >= this.#until - 1) this.#isRead = true;
    const claim = decodeClaim(message.value);
    if (claim === null) return null;
    this.#highest = Math.max(this.#highest, claim.token);
    if (this.#token === null) this.#former = claim;
    if (claim.member === member) return null;
    if (this.#token !== null && claim.token >= this.#token) this.#outbidAt ??= monotonic;
    return claim;
  }

  isClaimDue(monotonic: number): boolean {
    if (this.#token === null) return this.#isRead || monotonic - this.#since >= READ_US;
    return this.#outbidAt !== null && monotonic - this.#outbidAt >= OUTBID_US;
  }

  nextToken(now: number): number {
    return nextToken(this.#highest, now);
  }

  /** The brokers have the claim. */
  claimed(token: number): void {
    this.#token = token;
    this.#highest = Math.max(this.#highest, token);
    this.#outbidAt = null;
  }

  /**
   * Until when the former owner polled. One that has not let go has been silent for `silentUs` at least when others were
   * given what it had.
   */
  servedUntil(silentUs: number): number | null {
    if (this.#former === null) return null;
    return this.#former.released ? this.#former.at : Math.max(this.#former.at, this.#assignedAt - silentUs);
  }
}
