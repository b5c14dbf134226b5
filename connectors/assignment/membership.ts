import type { Clock } from '../../pipeline/runtime/clock.ts';
import { LATE, orLate } from '../../pipeline/runtime/deadline.ts';
import type { Report } from '../../pipeline/runtime/events.ts';
import { pause } from '../in-time.ts';
import type { Claim } from './claim.ts';
import { ClaimWriter, type ClaimWriterDeps } from './claim-writer.ts';
import type { CoordinationLog } from './coordination-log.ts';
import type { Holdings } from './holdings.ts';
import { lacking } from './lists.ts';
import { Seat } from './seat.ts';

export interface MembershipDeps extends ClaimWriterDeps {
  readonly holdings: Holdings;
  /** Numbers of partitions that others spoke of, and for which the topic was looked at again. */
  readonly lookedFor: Set<number>;
  readonly stopping: AbortSignal;
  readonly clock: Clock;
  readonly report: Report;
}

const PULL_COUNT = 200;
const IDLE_MS = 50;
/** How long the group's coordinator may take to tell that it is there, when partitions are taken away. */
const PROBE_MS = 2000;
const RELEASE_MS = 3000;

/** One membership of the collectors' group, from joining to its end: a seat for each partition that it is assigned. */
export class Membership {
  readonly #deps: MembershipDeps;
  readonly #log: CoordinationLog;
  readonly #claims: ClaimWriter;
  readonly #seats: Map<number, Seat>;
  /** Seats whose former owner's list is not compared with the own one yet. */
  readonly #uncompared = new Set<Seat>();

  constructor(deps: MembershipDeps, log: CoordinationLog) {
    this.#deps = deps;
    this.#log = log;
    this.#claims = new ClaimWriter(deps, log);
    this.#seats = deps.holdings.seats;
  }

  /** Resolves when it is stopped, and rejects when it breaks; the log is closed then. `healthy`: something was claimed. */
  async run(healthy: () => void): Promise<void> {
    const { clock, stopping, member } = this.#deps;
    const { consumer } = this.#log;
    try {
      consumer.join({ onAssign: (some) => this.#assigned(some), onRevoke: (some) => this.#revoked(some) });
      while (!stopping.aborted) {
        const messages = await consumer.pull(PULL_COUNT);
        for (const message of messages) {
          const claim = this.#seats.get(message.partition)?.read(message, member, clock.monotonic()) ?? null;
          if (claim !== null) this.#compareDeal(claim);
        }
        if (await this.#claimDue()) healthy();
        this.#compareLists();
        // Who comes next can do without: the next change, or letting go, tells it.
        await this.#claims.retell(this.#seats.values(), clock.now()).catch((error: unknown) => this.#trouble(error));
        if (messages.length === 0) await pause(clock, IDLE_MS, stopping);
      }
    } finally {
      // Closing gives the partitions back, by `onRevoke`.
      await this.#log.close();
    }
  }

  async #assigned(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const { clock, holdings } = this.#deps;
    const newest = Math.max(...partitions) + 1;
    if (newest > this.#log.partitions) this.#joinAnew(newest);
    const extents = partitions.map((partition) => this.#log.consumer.watermarkOffsets(partition));
    const starts = new Map<number, number>();
    for (const [index, { low, high }] of (await Promise.all(extents)).entries()) {
      const partition = partitions[index] as number;
      const [now, monotonic] = [clock.now(), clock.monotonic()];
      this.#seats.set(partition, new Seat({ partition, low, high, now, monotonic }));
      starts.set(partition, low);
    }
    await holdings.dealt();
    return starts;
  }

  async #revoked(partitions: readonly number[]): Promise<void> {
    const { clock, holdings, stopping, report } = this.#deps;
    const ours = partitions.flatMap((partition) => this.#seats.get(partition) ?? []);
    for (const { partition } of ours) this.#seats.delete(partition);
    if (ours.length === 0) return;
    if (!stopping.aborted && !(await this.#coordinatorAnswers(ours[0] as Seat))) {
      holdings.orphan(ours);
      report({ event: 'coordination.cut_off', partitions: ours.length });
      return;
    }
    // A due time while others are still being finished is the next owner's.
    const at = clock.now();
    await holdings.hold();
    if (ours.every(({ token }) => token === null)) return;
    // Who comes next does without, if it must.
    const tell = (error: unknown) => this.#trouble(error);
    const outcome = await orLate(clock, RELEASE_MS, this.#claims.release(ours, at), tell).catch((error: unknown) => {
      tell(error);
      return 'failed' as const;
    });
    if (outcome === LATE) tell(new Error(`what was let go could not be written within ${RELEASE_MS} ms`));
    // Who may not have told the brokers is still the owner for all that others know.
    if (outcome === undefined) await holdings.remember();
  }

  /**
   * Whether the group's coordinator is there: partitions are also taken away from a member that cannot reach it. That
   * other brokers are there says nothing: without a coordinator nobody can have been given them.
   */
  async #coordinatorAnswers({ partition }: Seat): Promise<boolean> {
    const asked = this.#log.consumer.committed([partition]);
    const outcome = await orLate(this.#deps.clock, PROBE_MS, asked, () => undefined).catch(() => LATE);
    return outcome !== LATE;
  }

  /** Claims what is read, and outbids who claimed it wrongly. True: something was. */
  async #claimDue(): Promise<boolean> {
    const { clock, holdings, report } = this.#deps;
    const due = [...this.#seats.values()].filter((seat) => seat.isClaimDue(clock.monotonic()));
    if (due.length === 0) return false;
    const at = clock.now();
    const tokens = new Map(due.map((seat) => [seat, seat.nextToken(at)]));
    try {
      await this.#claims.claim(tokens, at);
    } catch (error) {
      this.#trouble(error);
      return false;
    }
    await holdings.remember(new Map([...tokens].map(([{ partition }, token]) => [partition, token])));
    for (const [seat, token] of tokens) {
      const { partition, former } = seat;
      // It may have been taken away meanwhile.
      if (this.#seats.get(partition) !== seat) continue;
      if (seat.token === null) this.#uncompared.add(seat);
      holdings.claimed(seat, token);
      const { collector = null, released = true } = former ?? {};
      report({ event: 'coordination.claimed', partition, generation: token, former: collector, released });
    }
    // Nothing is let go here that would have to be waited for.
    holdings.hold().catch((error: unknown) => this.#trouble(error));
    return true;
  }

  /** Two collectors with different lists: what only the former one knew is polled by nobody now. Waits for the whole list. */
  #compareLists(): void {
    if (this.#uncompared.size === 0 || !this.#deps.listing().isWhole) return;
    for (const seat of this.#uncompared) {
      const { partition, former } = seat;
      const missing = this.#seats.get(partition) === seat ? lacking(this.#claims.dealtTo(partition), former) : [];
      if (former !== null && missing.length > 0)
        this.#deps.report({ event: 'coordination.differs', partition, former: former.collector, missing });
    }
    this.#uncompared.clear();
  }

  /** A member that deals endpoints to another number of partitions deals them elsewhere: begin anew by what there are now. */
  #compareDeal({ partitions }: Claim): void {
    const { lookedFor } = this.#deps;
    if (partitions <= this.#log.partitions || lookedFor.has(partitions)) return;
    lookedFor.add(partitions);
    this.#joinAnew(partitions);
  }

  #joinAnew(found: number): never {
    const before = this.#log.partitions;
    throw new Error(`the coordination topic has ${found} partitions now, and had ${before}: joining anew`);
  }

  #trouble(cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.#deps.report({ event: 'kafka.trouble', client: 'coordination', error });
  }
}
