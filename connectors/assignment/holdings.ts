import type { Report } from '../../pipeline/runtime/events.ts';
import { resumedToken } from './claim.ts';
import type { Deal } from './fixed.ts';
import { type Holder, NOTHING, type Share } from './ownership.ts';
import type { Seat } from './seat.ts';
import type { Held, Tenure } from './tenure.ts';

export interface HoldingsDeps {
  readonly deal: Deal;
  /** Without a sign of life for so long a member's partitions go to others. */
  readonly sessionMs: number;
  /** Members give signs of life as often as that. */
  readonly heartbeatMs: number;
  /** What it remembers over a restart; without one it cannot begin while no broker answers. */
  readonly tenure?: Tenure;
  readonly report: Report;
}

/** The partitions that a collector holds, whether or not it is a member of the group at the moment. */
export class Holdings {
  /** Of the membership that there is. */
  readonly seats = new Map<number, Seat>();
  readonly #deps: HoldingsDeps;
  readonly #holder: Holder;
  /** Tokens of partitions that were taken away while no broker answered: nobody else can have been given them either. */
  readonly #orphans = new Map<number, number>();
  /** Of the topic, when it was last seen. */
  #partitions = 0;
  #isResumed = false;

  constructor(deps: HoldingsDeps, holder: Holder) {
    this.#deps = deps;
    this.#holder = holder;
  }

  /** No broker answers: what was held when the collector ended is still its own, unless the brokers know better. */
  async resume({ partitions, tokens }: Held): Promise<void> {
    this.#isResumed = true;
    this.#partitions = partitions;
    for (const [partition, token] of tokens) this.#orphans.set(partition, resumedToken(token));
    await this.remember();
    await this.hold();
  }

  /** A membership begins: what an earlier one that broke had is held until the group has dealt again. */
  async begin(partitions: number): Promise<void> {
    const isDealtOtherwise = this.#isResumed && this.#partitions !== partitions;
    this.#partitions = partitions;
    this.#isResumed = false;
    if (isDealtOtherwise) {
      this.#orphans.clear();
      await this.hold();
    }
    this.orphan([...this.seats.values()]);
    this.seats.clear();
  }

  /** They are held without a seat. */
  orphan(seats: readonly Seat[]): void {
    for (const { partition, token } of seats) if (token !== null) this.#orphans.set(partition, token);
  }

  /** The group is there and has dealt: what it gave to others is theirs. */
  async dealt(): Promise<void> {
    const orphans = this.#orphans.size;
    for (const partition of this.#orphans.keys()) if (!this.seats.has(partition)) this.#orphans.delete(partition);
    if (this.#orphans.size < orphans) await this.hold();
    await this.remember();
  }

  /** The brokers have the claim of a seat. */
  claimed(seat: Seat, token: number): void {
    seat.claimed(token);
    this.#orphans.delete(seat.partition);
  }

  /** Gives the holder what is held now. Resolves when the rest is let go. */
  hold(): Promise<void> {
    const { deal, sessionMs, heartbeatMs } = this.#deps;
    const silentUs = (sessionMs - heartbeatMs) * 1000;
    const count = this.#partitions;
    const held = new Map<number, { token: number; servedUntil: number | null }>();
    for (const [partition, token] of this.#orphans) held.set(partition, { token, servedUntil: null });
    for (const seat of this.seats.values())
      if (seat.token !== null) held.set(seat.partition, { token: seat.token, servedUntil: seat.servedUntil(silentUs) });
    this.#deps.report({ event: 'coordination.held', partitions: held.size });
    const share: Share = {
      has: (endpoint) => held.has(deal(endpoint, count)),
      generationOf: (endpoint) => held.get(deal(endpoint, count))?.token ?? 0,
      servedUntil: (endpoint) => held.get(deal(endpoint, count))?.servedUntil ?? null,
    };
    return this.#holder.hold(share);
  }

  /** Writes down what is held, and what is claimed beyond that. */
  async remember(claimed: ReadonlyMap<number, number> = new Map()): Promise<void> {
    const tokens = new Map(this.#orphans);
    for (const { partition, token } of this.seats.values()) if (token !== null) tokens.set(partition, token);
    for (const [partition, token] of claimed) tokens.set(partition, token);
    await this.#deps.tenure?.write({ partitions: this.#partitions, tokens: [...tokens] });
  }

  async letGo(): Promise<void> {
    this.seats.clear();
    this.#orphans.clear();
    await this.#holder.hold(NOTHING);
  }
}
