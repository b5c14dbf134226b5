import type { InstanceEvent } from './event-types.ts';
import { Recent } from './memory.ts';
import type { InstanceTold } from './told.ts';

/** What was last taken of an instance. Microseconds. */
interface Known {
  readonly at: number;
  readonly deletedAt: number | null;
}

/** Enough for what is under way at one time in any cloud; about 150 bytes each. */
const MOST_INSTANCES = 100_000;

/** Keeps notifications that overtook each other on the way from undoing what came later. */
export class Order {
  readonly #known = new Recent<string, Known>(MOST_INSTANCES);

  /**
   * Is this news, and not older than what is known? `at` is when it was made, no later than now: a clock that is ahead
   * must not outdo all others for as long. A deleted instance stays deleted, whatever else is said of it, until it is
   * restored; nova gives no uuid twice.
   */
  isNews({ uuid, deletedAt }: InstanceTold, { action, phase }: InstanceEvent, at: number): boolean {
    const key = uuid.toString('latin1');
    const before = this.#known.get(key);
    if (before !== undefined) {
      if (at < before.at) return false;
      const isRestored = action === 'restore' && phase === 'end';
      if (before.deletedAt !== null && deletedAt === null && !isRestored) return false;
    }
    this.#known.set(key, { at, deletedAt });
    return true;
  }

  /** When an instance was deleted, by what is remembered of it. */
  deletedAt(uuid: Buffer): number | null {
    return this.#known.get(uuid.toString('latin1'))?.deletedAt ?? null;
  }
}
