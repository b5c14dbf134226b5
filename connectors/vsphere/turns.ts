/** Polls in which an entity is not asked until it is forgotten. */
const KEPT = 1000;

/** In which poll each entity was asked last, so that who has waited longest comes first. Of the endpoint. */
export class Turns {
  #poll = 0;
  /** By id, those asked longest ago first. */
  readonly #asked = new Map<string, number>();

  /** A poll begins to ask. */
  begin(): void {
    this.#poll++;
    for (const [id, poll] of this.#asked) {
      if (this.#poll - poll < KEPT) return;
      this.#asked.delete(id);
    }
  }

  /** It is asked, whatever comes of it. */
  ask(id: string): void {
    this.#asked.delete(id);
    this.#asked.set(id, this.#poll);
  }

  /** The number of that poll; 0: never. */
  of(id: string): number {
    return this.#asked.get(id) ?? 0;
  }
}
