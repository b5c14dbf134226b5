import type { Stats } from './replies.ts';

/**
 * Reads a domain's statistics by name. libvirt's integer types are taken for one another, as they have changed
 * between releases; what is no number, or a negative one, is absent and counted once in `malformed`.
 */
export class StatReader {
  readonly #stats: Stats;
  readonly #malformed = new Set<string>();
  constructor(stats: Stats) {
    this.#stats = stats;
  }

  get malformed(): number {
    return this.#malformed.size;
  }

  get(name: string): bigint | null {
    const value = this.#stats.get(name);
    if (value === undefined) return null;
    if (typeof value === 'bigint' && value >= 0n) return value;
    this.#malformed.add(name);
    return null;
  }

  text(name: string): string | null {
    const value = this.#stats.get(name);
    if (value === undefined) return null;
    if (typeof value === 'string') return value;
    this.#malformed.add(name);
    return null;
  }

  /** The names that begin so, in the order they were sent. */
  names(prefix: string): string[] {
    return [...this.#stats.keys()].filter((name) => name.startsWith(prefix));
  }

  /** The numbers N of which there is a `group.N.field`, in the order they were sent. They may have gaps. */
  numbers(group: string, field: string): number[] {
    const before = `${group}.`;
    const after = `.${field}`;
    const numbers: number[] = [];
    for (const name of this.#stats.keys()) {
      if (!name.startsWith(before) || !name.endsWith(after)) continue;
      const number = name.slice(before.length, -after.length);
      if (/^\d{1,9}$/.test(number)) numbers.push(Number(number));
    }
    return numbers;
  }
}
