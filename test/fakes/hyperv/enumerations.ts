/** The state of the enumerations that clients have open, and how their items go out. */
export interface Portion {
  readonly items: readonly string[];
  /** To go on with; null: these were the last. */
  readonly context: string | null;
}

interface Enumeration {
  readonly items: readonly string[];
  readonly user: string;
  next: number;
  touchedAt: number;
}

/** An item that no envelope of the client's can hold. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** Windows' EnumerationTimeoutms. */
const TIMEOUT_US = 240_000_000;

export class Enumerations {
  readonly #open = new Map<string, Enumeration>();
  readonly #now: () => number;
  readonly #newId: () => string;

  constructor(now: () => number, newId: () => string) {
    this.#now = now;
    this.#newId = newId;
  }

  /** Those that clients have neither finished nor released. */
  get size(): number {
    this.#expire();
    return this.#open.size;
  }

  /** A new enumeration with its first `most` items, as many of them as `bytes` hold. */
  begin(user: string, items: readonly string[], most: number, bytes: number): Portion {
    const id = this.#newId();
    this.#open.set(id, { items, user, next: 0, touchedAt: this.#now() });
    return this.pull(user, id, most, bytes) ?? { items: [], context: null };
  }

  /** The next items; null: there is no such enumeration of this user. */
  pull(user: string, id: string, most: number, bytes: number): Portion | null {
    this.#expire();
    const found = this.#open.get(id);
    if (found === undefined || found.user !== user) return null;
    const items: string[] = [];
    let room = bytes;
    for (let item = found.items[found.next]; item !== undefined; item = found.items[found.next]) {
      room -= Buffer.byteLength(item);
      if (items.length === most || room < 0) break;
      items.push(item);
      found.next++;
    }
    if (most > 0 && items.length === 0 && found.next < found.items.length) throw new TooLarge();
    found.touchedAt = this.#now();
    // An enumeration whose beginning has brought nothing goes on, even if there is nothing to come.
    const isDone = most > 0 && found.next === found.items.length;
    if (isDone) this.#open.delete(id);
    return { items, context: isDone ? null : id };
  }

  release(id: string): boolean {
    return this.#open.delete(id);
  }

  /** As after a restart of the service. */
  forget(): void {
    this.#open.clear();
  }

  #expire(): void {
    const limit = this.#now() - TIMEOUT_US;
    for (const [id, { touchedAt }] of this.#open) if (touchedAt < limit) this.#open.delete(id);
  }
}
