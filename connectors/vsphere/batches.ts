import type { Layout } from './layout.ts';
import type { PerfQuery } from './methods.ts';

/** An entity whose samples are wanted, and how much that is. */
export interface PerfTarget extends PerfQuery {
  readonly layout: Layout;
  /** When it was switched on, microseconds; null: not told. */
  readonly bootTime: number | null;
  /** It has to catch up. */
  readonly isBehind: boolean;
  /** Values that the answer may hold. */
  readonly values: number;
}

/** How much one QueryPerf may ask for. */
export interface BatchLimit {
  readonly entities: number;
  /** Metric ids, summed over the entities. */
  readonly metrics: number;
  /** Values in the answer. */
  readonly values: number;
}

/**
 * Cuts what is wanted into calls, each within the limit, VMs first and in their order. The few hosts ride in the last
 * call of the VMs, whose number of entities is not theirs to respect: they have no call of their own unless there are
 * too many ids.
 */
export function planBatches(
  vms: readonly PerfTarget[],
  hosts: readonly PerfTarget[],
  limit: BatchLimit,
): readonly (readonly PerfTarget[])[] {
  const batches: PerfTarget[][] = [];
  let metrics = 0;
  let values = 0;
  const add = (target: PerfTarget, entities: number): void => {
    const last = batches.at(-1);
    metrics += target.metrics.length;
    values += target.values;
    if (last && last.length < entities && metrics <= limit.metrics && values <= limit.values) {
      last.push(target);
      return;
    }
    batches.push([target]);
    metrics = target.metrics.length;
    values = target.values;
  };
  for (const vm of vms) add(vm, limit.entities);
  const room = (batches.at(-1)?.length ?? 0) + limit.entities;
  for (const host of hosts) add(host, room);
  return batches;
}

/** The two halves of a batch. */
export const halvesOf = (batch: readonly PerfTarget[]): readonly (readonly PerfTarget[])[] => {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)].filter(({ length }) => length > 0);
};

/** A batch in parts of at most so many. */
export function partsOf(batch: readonly PerfTarget[], most: number): readonly (readonly PerfTarget[])[] {
  const count = Math.ceil(batch.length / most);
  return Array.from({ length: count }, (_, n) => batch.slice(n * most, (n + 1) * most));
}

/** Of the whole limit, with every poll in which nothing was too much, once so many of them have passed. */
const RECOVERY = 1 / 16;
const HOLD_POLLS = 5;

/** The limit as it is now: half of what was too much the last time, for some polls; then back to the whole step by step. */
export class Throttle {
  readonly #whole: BatchLimit;
  #share = 1;
  #hold = 0;

  constructor(whole: BatchLimit) {
    this.#whole = whole;
  }

  /** Of the whole limit. */
  get share(): number {
    return this.#share;
  }

  get limit(): BatchLimit {
    const { entities, metrics, values } = this.#whole;
    const part = (amount: number): number => Math.max(1, Math.floor(amount * this.#share));
    return { entities: part(entities), metrics: part(metrics), values: part(values) };
  }

  /** A call for so many entities was more than the server takes, as it says. */
  exceed(entities: number): void {
    this.#hold = HOLD_POLLS;
    this.#share = Math.min(this.#share, Math.max(1, entities / 2) / this.#whole.entities);
  }

  /** A call for so many failed, maybe as it was too much. Of one planned before the limit was lowered that is known. */
  halve(entities: number): void {
    // Less than one cannot be asked for.
    if (entities === 1) return;
    this.#hold = HOLD_POLLS;
    if (entities < 2 * this.limit.entities) this.#share = Math.max(this.#share / 2, 1 / this.#whole.entities);
  }

  /** Of a poll that had not one answer, however little it asked for: the size is not to blame for all of it. */
  halveOnceFrom(share: number): void {
    this.#share = Math.max(this.#share, share / 2);
  }

  /** Nothing in a poll was too much. */
  recover(): void {
    if (this.#hold > 0) this.#hold--;
    else this.#share = Math.min(1, this.#share + RECOVERY);
  }
}
