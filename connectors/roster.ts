import { isDeepStrictEqual } from 'node:util';
import { Observable, Subject, Subscription } from 'rxjs';
import { createTurns } from '../pipeline/kafka/turns.ts';
import type { Clock } from '../pipeline/runtime/clock.ts';
import { orAborted, orLate } from '../pipeline/runtime/deadline.ts';
import type { Report } from '../pipeline/runtime/events.ts';
import { type Holder, type Listing, NOTHING, type Share } from './assignment/ownership.ts';
import type { Connector, Poll } from './connector.ts';
import type { ConnectorEntry, Fleet } from './discovery/discovery.ts';

/** An endpoint that could be polled, and how to begin: what `connector` returns has not been subscribed to. */
export interface Place {
  readonly id: string;
  readonly kind: string;
  /** The next owner goes on from what Kafka has: it is let go of when it has all. */
  readonly hasHistory?: boolean;
  /** `servedUntil`: see `Share`. */
  connector(servedUntil: number | null): Connector;
}

export interface RosterDeps {
  /** All entries of the fleet, whoever polls them: the whole set again whenever it changes. Never ends in an error. */
  readonly fleet: Observable<Fleet>;
  /** What an entry stands for: one endpoint, or several. Does no I/O. */
  readonly places: (entry: ConnectorEntry) => readonly Place[];
  readonly clock: Clock;
  readonly report: Report;
  /** How long an endpoint may take to finish its poll and to close; then it is dropped as it is. */
  readonly retireMs: number;
}

/** Starts and stops connectors so that those run which are listed and in the share, and no others. */
export interface Roster extends Holder {
  /** What all of them say, with generations. Subscribing begins. */
  readonly polls: Observable<Poll>;
  /** The endpoints that are listed, whoever has them. */
  readonly listing: () => Listing;
}

interface Listed {
  readonly entry: ConnectorEntry;
  readonly places: readonly Place[];
}

interface Running {
  readonly place: Place;
  readonly connector: Connector;
  readonly polls: Subscription;
  generation: number;
  /** Polls that are not acknowledged yet, where that matters. */
  unsettled: number;
  onSettled: () => void;
}

/** How long the brokers may take to acknowledge the last poll of an endpoint that is let go of. */
const SETTLE_MS = 1500;

export const createRoster = (deps: RosterDeps): Roster => new EndpointRoster(deps);

class EndpointRoster implements Roster {
  readonly polls: Observable<Poll>;
  readonly #deps: RosterDeps;
  readonly #out = new Subject<Poll>();
  readonly #inTurn = createTurns();
  readonly #running = new Map<string, Running>();
  /** Aborts when nobody hears the polls any more. */
  readonly #over = new AbortController();
  /** The number of the next poll of each endpoint: it goes on where the endpoint is begun again. */
  readonly #numbers = new Map<string, number>();
  #entries: readonly Listed[] = [];
  #places: ReadonlyMap<string, Place> = new Map();
  #listing: Listing = { endpoints: [], isWhole: false };
  #share: Share = NOTHING;

  constructor(deps: RosterDeps) {
    this.#deps = deps;
    this.polls = new Observable((subscriber) => {
      const out = this.#out.subscribe(subscriber);
      const failed = (error: unknown) => subscriber.error(error);
      const entries = deps.fleet.subscribe({
        next: (fleet) => {
          this.#list(fleet);
          this.#inTurn(() => this.#settle(NOTHING)).catch(failed);
        },
        error: failed,
      });
      return () => {
        this.#over.abort();
        entries.unsubscribe();
        out.unsubscribe();
        for (const { polls } of this.#running.values()) polls.unsubscribe();
        this.#running.clear();
        this.#places = new Map();
      };
    });
  }

  hold(share: Share): Promise<void> {
    return this.#inTurn(() => {
      this.#share = share;
      return this.#settle(share);
    });
  }

  listing = (): Listing => this.#listing;

  /** An entry that is as it was keeps its places, and they go on as they are. */
  #list({ entries, isWhole }: Fleet): void {
    const before = new Map(this.#entries.map((listed) => [listed.entry.name, listed]));
    this.#entries = entries.map((entry) => {
      const known = before.get(entry.name);
      return known && isDeepStrictEqual(known.entry, entry) ? known : { entry, places: this.#deps.places(entry) };
    });
    const places = new Map<string, Place>();
    for (const place of this.#entries.flatMap((listed) => listed.places)) {
      const { id: hypervisor, kind } = place;
      if (places.has(hypervisor)) this.#deps.report({ event: 'endpoint.doubled', hypervisor, kind });
      else places.set(hypervisor, place);
    }
    this.#places = places;
    this.#listing = { endpoints: [...places.keys()], isWhole };
  }

  /** `servedUntil`: tells until when others polled what is begun now; an endpoint that is new to the list was nobody's. */
  async #settle({ servedUntil }: Pick<Share, 'servedUntil'>): Promise<void> {
    const share = this.#share;
    const ran = new Set(this.#running.keys());
    for (const [id, running] of this.#running) if (share.has(id)) running.generation = share.generationOf(id);
    this.#startMissing(share, servedUntil);
    const leaving = [...this.#running.values()].filter(
      ({ place }) => !share.has(place.id) || this.#places.get(place.id) !== place,
    );
    await Promise.all(leaving.map((running) => this.#leave(running)));
    // Those that changed wait until their former selves are closed.
    this.#startMissing(share, NOTHING.servedUntil);
    const isSame = ran.size === this.#running.size && [...ran].every((id) => this.#running.has(id));
    if (!isSame) this.#deps.report({ event: 'roster.changed', polled: this.#running.size, listed: this.#places.size });
  }

  #startMissing(share: Share, servedUntil: Share['servedUntil']): void {
    for (const [id, place] of this.#places)
      if (share.has(id) && !this.#running.has(id)) this.#start(place, share.generationOf(id), servedUntil(id));
  }

  #start(place: Place, generation: number, servedUntil: number | null): void {
    const { id } = place;
    const connector = place.connector(servedUntil);
    const onSettled = (): void => undefined;
    const running: Running = { place, connector, polls: new Subscription(), generation, unsettled: 0, onSettled };
    this.#running.set(id, running);
    const next = (poll: Poll): void => {
      const sequence = this.#numbers.get(id) ?? 0;
      this.#numbers.set(id, sequence + 1);
      const settled = place.hasHistory ? settlingOf(running, poll) : poll.settled;
      this.#out.next({ ...poll, sequence, generation: running.generation, settled });
    };
    const error = (cause: unknown): void => this.#out.error(cause);
    running.polls.add(connector.snapshots.subscribe({ next, error }));
  }

  async #leave(running: Running): Promise<void> {
    const { place, connector, polls } = running;
    const { clock, report, retireMs } = this.#deps;
    const { id: hypervisor, kind } = place;
    // What it fails with has ended its stream already; whom nobody hears any more is not waited for.
    const retired = orAborted(connector.retire?.() ?? Promise.resolve(), this.#over.signal);
    await orLate(clock, retireMs, retired, () => undefined).catch(() => undefined);
    if (running.unsettled > 0) {
      const settled = new Promise<void>((resolve) => {
        running.onSettled = resolve;
      });
      await orLate(clock, SETTLE_MS, settled, () => undefined);
    }
    polls.unsubscribe();
    this.#running.delete(hypervisor);
    report({ event: 'endpoint.released', hypervisor, kind });
  }
}

/** Counts a poll until it is acknowledged or given up. */
function settlingOf(running: Running, { settled }: Poll): (delivered: boolean) => void {
  running.unsettled++;
  return (delivered) => {
    settled?.(delivered);
    if (--running.unsettled === 0) running.onSettled();
  };
}
