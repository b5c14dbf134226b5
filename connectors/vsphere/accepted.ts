/** Which samples were taken of each entity: the time of the last one, in microseconds of the server's clock. Outlives sessions. */
export class Accepted {
  readonly #last = new Map<string, number>();

  /** Null: none so far. */
  lastOf(entity: string): number | null {
    return this.#last.get(entity) ?? null;
  }

  /** The poll that brought these has succeeded. */
  commit(newest: ReadonlyMap<string, number>): void {
    for (const [entity, at] of newest) this.#last.set(entity, Math.max(at, this.#last.get(entity) ?? at));
  }

  /** Forgets what is older than any server's memory of its samples. */
  forgetBefore(at: number): void {
    for (const [entity, last] of this.#last) if (last < at) this.#last.delete(entity);
  }
}
