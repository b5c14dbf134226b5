import type { State } from '../../avro/snapshot.ts';

/** The last samples of a VM come some 20 s after its new power state, and those of an outage only after it. */
const AFTERGLOW_US = 60_000_000;

/** What a poll saw. */
export interface Polled {
  readonly listed: readonly { readonly id: string; readonly state: State }[];
  /** All that there is was listed: who was not is gone. */
  readonly complete: boolean;
  /** By id. */
  readonly answered: ReadonlySet<string>;
}

/**
 * Who is asked for samples: who runs, and who did when it was last seen, until a poll at least a minute later has asked
 * for what may have come meanwhile. Of the endpoint, so that what was turned off during an outage is asked too.
 */
export class Afterglow {
  /** Seen running; and since when, by the monotonic clock, it was seen that they do not run any more. */
  readonly #ran = new Map<string, number | null>();

  isAsked(id: string, state: State): boolean {
    // Of one whose host does not answer nothing is known: it is asked when there is an answer again.
    return state === 'RUNNING' || (state !== 'NOSTATE' && this.#ran.has(id));
  }

  /** It ran when another collector saw it last. */
  recall(id: string): void {
    if (!this.#ran.has(id)) this.#ran.set(id, null);
  }

  /** A poll that succeeded at `now` has listed these, and has had answers about `answered`. */
  commit({ listed, complete, answered }: Polled, now: number): void {
    const before = new Map(this.#ran);
    if (complete) this.#ran.clear();
    for (const { id, state } of listed) {
      const since = before.get(id);
      if (state === 'RUNNING') this.#ran.set(id, null);
      else if (since !== undefined) this.#wane(id, since, answered.has(id) && state !== 'NOSTATE' ? now : null);
    }
  }

  #wane(id: string, since: number | null, answeredAt: number | null): void {
    const first = since ?? answeredAt;
    if (first !== null && answeredAt !== null && answeredAt - first >= AFTERGLOW_US) this.#ran.delete(id);
    else this.#ran.set(id, first);
  }
}
