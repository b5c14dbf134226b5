/** Remembers so many, and forgets what was touched longest ago. */
export class Recent<Key, Value> {
  readonly #most: number;
  readonly #known = new Map<Key, Value>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#known.size;
  }

  get(key: Key): Value | undefined {
    return this.#known.get(key);
  }

  set(key: Key, value: Value): void {
    this.#known.delete(key);
    this.#known.set(key, value);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#most) return;
      this.#known.delete(oldest);
    }
  }

  delete(key: Key): void {
    this.#known.delete(key);
  }
}
