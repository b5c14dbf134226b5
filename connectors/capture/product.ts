/** What a server says of its own make and version, by the server's own words. */
export class Product {
  readonly #told = new Map<string, string>();

  tell(name: string, value: string): void {
    if (!this.#told.has(name)) this.#told.set(name, value);
  }

  /** In the order of the words; empty if nothing was told. */
  get told(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#told].sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}
