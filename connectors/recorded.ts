import type { SliceBatch, SliceHeader } from '../avro/batch.ts';
import { STATES } from '../avro/snapshot.ts';
import type { Known } from './connector.ts';

/** One slice of an endpoint's poll, as far as it matters here. */
interface Told {
  readonly generation: number;
  readonly startedAt: number;
  /** By uuid, 32 hex digits. */
  readonly listed: ReadonlyMap<string, { readonly lastRowAt: number | null; readonly isRunning: boolean }>;
}

/** What slices of the raw topic, taken in any order, say of some endpoints: up to where their rows are recorded. */
export class Recorded {
  readonly #told: ReadonlyMap<string, Told[]>;

  /** `hypervisors`: the ids of those endpoints. */
  constructor(hypervisors: Iterable<string>) {
    this.#told = new Map(Array.from(hypervisors, (hypervisor) => [hypervisor, []]));
  }

  take(batch: SliceBatch): void {
    for (const slice of batch.slices) this.#told.get(slice.source.hypervisor)?.push(toldBy(batch, slice));
  }

  /**
   * By uuid, 32 hex digits; null: no poll of it is recorded. Of an owner before the last one only those slices count that
   * were polled before the last one began, which its generation tells: what it polled later is fenced downstream, and may
   * be the only record of rows that do not count.
   */
  of(hypervisor: string): ReadonlyMap<string, Known> | null {
    const all = this.#told.get(hypervisor) ?? [];
    if (all.length === 0) return null;
    const newest = all.reduce((most, { generation }) => Math.max(most, generation), 0);
    const begun = all.reduce(
      (first, { generation, startedAt }) => (generation === newest ? Math.min(first, startedAt) : first),
      newest,
    );
    const known = new Map<string, Known>();
    const counting = all.filter(({ generation, startedAt }) => generation === newest || startedAt < begun);
    for (const { startedAt, listed } of counting.toSorted((one, other) => one.startedAt - other.startedAt))
      for (const [uuid, { lastRowAt, isRunning }] of listed) {
        const before = known.get(uuid) ?? { lastRowAt: null, seenAt: startedAt };
        const isLater = lastRowAt !== null && lastRowAt > (before.lastRowAt ?? Number.NEGATIVE_INFINITY);
        const last = isLater ? { lastRowAt, seenAt: startedAt } : before;
        known.set(uuid, { ...last, isRunning });
      }
    return known;
  }
}

function toldBy(batch: SliceBatch, { source, poll, firstInstance, instances }: SliceHeader): Told {
  const listed = new Map<string, { lastRowAt: number | null; isRunning: boolean }>();
  for (let instance = firstInstance; instance < firstInstance + instances; instance++) {
    let lastRowAt: number | null = null;
    const end = batch.rowStart[instance + 1] as number;
    for (let row = batch.rowStart[instance] as number; row < end; row++)
      lastRowAt = Math.max(lastRowAt ?? 0, batch.observedAt[row] as number);
    const isRunning = STATES[batch.state[instance] as number] === 'RUNNING';
    listed.set(batch.uuidKey(instance), { lastRowAt, isRunning });
  }
  return { generation: source.generation, startedAt: poll.startedAt, listed };
}
