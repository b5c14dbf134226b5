import { randomUUID } from 'node:crypto';
import { backoffMs } from '../../pipeline/runtime/backoff.ts';
import type { Clock } from '../../pipeline/runtime/clock.ts';
import { pause } from '../in-time.ts';
import { isAway } from '../patient-producer.ts';
import type { CoordinationLog } from './coordination-log.ts';
import { Holdings, type HoldingsDeps } from './holdings.ts';
import { Membership } from './membership.ts';
import type { Holder, Listing, Ownership } from './ownership.ts';

export interface GroupDeps extends HoldingsDeps {
  /** Makes sure of the topic and connects. Rejects with a KafkaError. */
  readonly open: () => Promise<CoordinationLog>;
  readonly collector: string;
  readonly listing: () => Listing;
  readonly clock: Clock;
}

/** Ownership through a consumer group: an endpoint is of whoever is assigned the partition that it is dealt to. */
export const groupOwnership = (deps: GroupDeps): Ownership => new Group(deps);

class Group implements Ownership {
  readonly #deps: GroupDeps;
  readonly #member = randomUUID();
  readonly #stopping = new AbortController();
  readonly #lookedFor = new Set<number>();
  #holdings: Holdings | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: GroupDeps) {
    this.#deps = deps;
  }

  async start(holder: Holder): Promise<void> {
    const { open, tenure } = this.#deps;
    const holdings = new Holdings(this.#deps, holder);
    this.#holdings = holdings;
    let first: CoordinationLog | null = null;
    try {
      first = await open();
    } catch (error) {
      if (tenure === undefined || !isAway(error)) throw error;
      if (tenure.held !== null) await holdings.resume(tenure.held);
    }
    this.#running = this.#keepTrying(first, holdings);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#holdings?.letGo();
  }

  /** One membership after the other. */
  async #keepTrying(first: CoordinationLog | null, holdings: Holdings): Promise<void> {
    const { clock, report, open } = this.#deps;
    const stopping = this.#stopping.signal;
    const deps = { ...this.#deps, holdings, member: this.#member, lookedFor: this.#lookedFor, stopping };
    let log = first;
    for (let failures = 0; !stopping.aborted; ) {
      try {
        log ??= await open();
        await holdings.begin(log.partitions);
        await new Membership(deps, log).run(() => {
          failures = 0;
        });
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause));
        const retryMs = backoffMs(++failures, clock.random());
        report({ event: 'coordination.failed', error, retryMs });
        await pause(clock, retryMs, stopping);
      }
      log = null;
    }
  }
}
