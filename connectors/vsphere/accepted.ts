/** Which samples were taken of each entity. Times are microseconds of the server's clock. Outlives sessions. */
export class Accepted {
  readonly #last = new Map<string, number>();
  readonly #wanted = new Map<string, number>();

  /** The time of the last one; null: none so far. */
  lastOf(entity: string): number | null {
    return this.#last.get(entity) ?? null;
  }

  /** Since when they are wanted: after the last one, or since what was wanted when the entity was first seen. */
  wantedSince(entity: string, atFirst: number): number {
    const last = this.#last.get(entity) ?? this.#wanted.get(entity);
    if (last !== undefined) return last;
    this.#wanted.set(entity, atFirst);
    return atFirst;
  }

  /** The poll that brought these has succeeded. */
  commit(newest: ReadonlyMap<string, number>): void {
    for (const [entity, at] of newest) {
      this.#last.set(entity, Math.max(at, this.#last.get(entity) ?? at));
      this.#wanted.delete(entity);
    }
  }

  /** Forgets what is older than any server's memory of its samples. */
  forgetBefore(at: number): void {
    for (const times of [this.#last, this.#wanted])
      for (const [entity, time] of times) if (time < at) times.delete(entity);
  }
}
