import type { Known } from '../connector.ts';

/** What is remembered of an entity whose samples were read. */
interface Taken {
  /** Time of the last sample that was taken, by its host's clock; null: none so far. */
  last: number | null;
  /** Time of the newest sample that was seen, taken or not. */
  newest: number;
  /** When that was, by the server's clock. */
  readonly seenAt: number;
}

/** What a poll read of an entity. */
export interface Progress {
  /** Null: nothing was taken. */
  readonly last: number | null;
  readonly newest: number;
}

/**
 * Which samples were taken of each entity, times in microseconds. Outlives sessions. Samples bear the time of their
 * host's clock, which may be far from the server's: the two are never compared but to tell how far.
 */
export class Accepted {
  readonly #taken = new Map<string, Taken>();
  readonly #wanted = new Map<string, number>();
  /** When there was an answer about it last, whatever that told, by the server's clock. */
  readonly #answered = new Map<string, number>();
  /** By uuid, of those that were not listed since. */
  #recorded = new Map<string, Known>();

  /** What is recorded counts, whatever was taken here: another collector may have taken more, or less have arrived. */
  resume(known: ReadonlyMap<string, Known>): void {
    this.#recorded = new Map(known);
  }

  /** An entity of this uuid is listed: what is recorded of it is its own. `skewUs`: see `Poller.poll`. */
  adopt(entity: string, uuid: Buffer, skewUs: number): Known | undefined {
    if (this.#recorded.size === 0) return undefined;
    const key = uuid.toString('hex');
    const known = this.#recorded.get(key);
    this.#recorded.delete(key);
    const last = known?.lastRowAt ?? null;
    if (known) this.#answered.delete(entity);
    if (known && last !== null) this.#taken.set(entity, { last, newest: last, seenAt: known.seenAt + skewUs });
    return known;
  }

  /** The time of the last one; null: none so far. */
  lastOf(entity: string): number | null {
    return this.#taken.get(entity)?.last ?? null;
  }

  /** The time of the newest that was seen; null: none so far. */
  newestOf(entity: string): number | null {
    return this.#taken.get(entity)?.newest ?? null;
  }

  /** How far its host's clock is ahead of the server's, so far as its newest sample tells: at least that. 0 if it is not. */
  aheadOf(entity: string): number {
    const taken = this.#taken.get(entity);
    return taken === undefined ? 0 : Math.max(0, taken.newest - taken.seenAt);
  }

  /** When there was an answer about it last, by the server's clock; null: never. */
  answeredAt(entity: string): number | null {
    return this.#answered.get(entity) ?? null;
  }

  /** Since when samples are wanted of an entity of which none was taken: `atFirst` as it was when this was asked first. */
  wantedSince(entity: string, atFirst: number): number {
    const wanted = this.#wanted.get(entity) ?? atFirst;
    this.#wanted.set(entity, wanted);
    return wanted;
  }

  /** The poll that brought these, and had answers about `answered`, has succeeded, at `serverNow`. */
  commit(read: ReadonlyMap<string, Progress>, answered: ReadonlySet<string>, serverNow: number): void {
    for (const entity of answered) this.#answered.set(entity, serverNow);
    for (const [entity, { last, newest }] of read) {
      const before = this.lastOf(entity);
      const latest = last === null || before === null ? (last ?? before) : Math.max(last, before);
      this.#taken.set(entity, { last: latest, newest, seenAt: serverNow });
      if (latest !== null) this.#wanted.delete(entity);
    }
  }

  /** Forgets those of whom nothing was seen since then. */
  forgetBefore(at: number): void {
    for (const [entity, { seenAt }] of this.#taken) if (seenAt < at) this.#taken.delete(entity);
    for (const [entity, since] of this.#wanted) if (since < at) this.#wanted.delete(entity);
    for (const [entity, answeredAt] of this.#answered) if (answeredAt < at) this.#answered.delete(entity);
    for (const [uuid, known] of this.#recorded) if (known.seenAt < at) this.#recorded.delete(uuid);
  }
}
