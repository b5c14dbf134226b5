import type { Outgoing } from '../../pipeline/kafka/raw-producer.ts';
import { CLAIM_KEY, type Claim, encodeClaim, NAMES } from './claim.ts';
import type { CoordinationLog } from './coordination-log.ts';
import type { Deal } from './fixed.ts';
import { inOneOnly } from './lists.ts';
import type { Listing } from './ownership.ts';
import type { Seat } from './seat.ts';

export interface ClaimWriterDeps {
  readonly collector: string;
  /** This process. */
  readonly member: string;
  readonly deal: Deal;
  readonly listing: () => Listing;
}

/**
 * Writes claims, which name what is listed of their partition, so that the next owner is told of what it lacks. Rejects
 * where Kafka does not take them.
 */
export class ClaimWriter {
  readonly #deps: ClaimWriterDeps;
  readonly #log: Pick<CoordinationLog, 'partitions' | 'write'>;
  /** What the claims that are written name. */
  #told: Listing | null = null;

  constructor(deps: ClaimWriterDeps, log: Pick<CoordinationLog, 'partitions' | 'write'>) {
    this.#deps = deps;
    this.#log = log;
  }

  /** Claims each under its new token. `at`: wall clock, microseconds. */
  async claim(tokens: ReadonlyMap<Seat, number>, at: number): Promise<void> {
    this.#told ??= this.#deps.listing();
    await this.#log.write([...tokens].map(([{ partition }, token]) => this.#message(partition, token, at, false)));
  }

  /** Says of those that were claimed that they are let go. */
  async release(seats: readonly Seat[], at: number): Promise<void> {
    const claims = seats.flatMap(({ partition, token }) =>
      token === null ? [] : [this.#message(partition, token, at, true)],
    );
    if (claims.length > 0) await this.#log.write(claims);
  }

  /** Where another list is whole now, names it in the claims that it changes: nobody is told of what was given up. */
  async retell(seats: Iterable<Seat>, at: number): Promise<void> {
    const { deal, listing } = this.#deps;
    const [before, now] = [this.#told, listing()];
    if (before === null || before === now || !now.isWhole) return;
    this.#told = now;
    const changed = inOneOnly(before.endpoints, now.endpoints);
    const dealt = new Set(changed.map((endpoint) => deal(endpoint, this.#log.partitions)));
    const claims = [...seats].flatMap(({ partition, token }) =>
      token === null || !dealt.has(partition) ? [] : [this.#message(partition, token, at, false)],
    );
    if (claims.length > 0) await this.#log.write(claims);
  }

  /** What is listed of a partition, in order. */
  dealtTo(partition: number): readonly string[] {
    const { deal, listing } = this.#deps;
    const isOfIt = (endpoint: string): boolean => deal(endpoint, this.#log.partitions) === partition;
    return listing().endpoints.filter(isOfIt).sort();
  }

  #message(partition: number, token: number, at: number, released: boolean): Outgoing {
    const { collector, member } = this.#deps;
    const endpoints = this.dealtTo(partition);
    const claim: Claim = {
      collector,
      member,
      token,
      at,
      released,
      partitions: this.#log.partitions,
      count: endpoints.length,
      endpoints: endpoints.slice(0, NAMES),
    };
    return { partition, key: CLAIM_KEY, value: encodeClaim(claim) };
  }
}
