import type { Clock } from '../runtime/clock.ts';
import type { Confirmed, Mark, StateStore } from '../state/store.ts';
import type { CheckpointedPart, Published } from './pull.ts';

/** What was published and is not confirmed yet, in the order of the checkpoints. */
export interface Unconfirmed {
  add(published: Published): void;
  /** What is confirmed next: the oldest. */
  first(): Published | undefined;
  /** The oldest is delivered and confirmed. */
  shift(): void;
  /** Samples that some destination does not have yet. */
  samples(): number;
  /** Tells the store how far the sinks are that have more than all have, if that is news. Never rejects. */
  mark(signal: AbortSignal): Promise<void>;
  /** Resolves when nothing is left, after `ms` at the latest, with the marks of what is left noted. */
  settle(ms: number, signal: AbortSignal): Promise<void>;
}

export function createUnconfirmed(store: StateStore, clock: Clock): Unconfirmed {
  const queue: Published[] = [];
  const marked = new Map<string, string>();
  const settling = new Set<() => void>();

  /** How far each sink has everything: up to the first parcel that it lacks, though it may have had a later one dropped. */
  const marks = (): readonly Mark[] => {
    const latest = new Map<string, Mark>();
    for (const sink of new Set(queue.flatMap(({ has }) => [...has]))) {
      for (const published of queue) {
        if (!published.has.has(sink) && !isEmpty(published)) break;
        for (const { confirmed } of wantedOf(published)) {
          const entry = confirmed.entries.at(-1);
          const { partition } = confirmed;
          if (entry !== undefined) latest.set(`${partition} ${sink}`, { partition, sink, entry });
        }
      }
    }
    return [...latest].flatMap(([key, each]) => {
      if (marked.get(key) === each.entry) return [];
      marked.set(key, each.entry);
      return [each];
    });
  };
  const mark = async (signal: AbortSignal): Promise<void> => {
    const news = marks();
    if (news.length > 0) await store.mark(news, signal);
  };

  return {
    add(published) {
      const last = queue.at(-1);
      // A pull that gave nothing waits with the one before it, unless that is being confirmed: a sink that is away for
      // long must not make this grow.
      if (last !== undefined && queue.length > 1 && isEmpty(published))
        queue[queue.length - 1] = merged(last, published);
      else queue.push(published);
    },
    first: () => queue[0],
    shift() {
      queue.shift();
      if (queue.length > 0) return;
      marked.clear();
      for (const wake of settling) wake();
    },
    samples: () => queue.flatMap(wantedOf).reduce((sum, { samples }) => sum + samples.length, 0),
    mark,
    async settle(ms, signal) {
      if (queue.length === 0) return;
      const timer = new AbortController();
      const empty = new Promise<void>((resolve) => settling.add(resolve));
      const late = clock.sleep(ms, AbortSignal.any([timer.signal, signal])).catch(() => undefined);
      await Promise.race([empty, late]);
      timer.abort();
      settling.clear();
      await mark(signal);
    },
  };
}

/** The parts whose partition is still ours: the others were left out, and their next owner has them to confirm. */
export const wantedOf = ({ parts }: Published): CheckpointedPart[] => parts.filter(({ isWanted }) => isWanted());
const isEmpty = ({ parts }: Published): boolean => parts.every(({ samples }) => samples.length === 0);

/** As one: what the later one confirms is confirmed with the earlier one, and no sooner. */
function merged(earlier: Published, later: Published): Published {
  const parts = wantedOf(earlier);
  for (const part of wantedOf(later)) {
    const at = parts.findIndex(({ confirmed }) => confirmed.partition === part.confirmed.partition);
    const before = parts[at];
    if (before === undefined) parts.push(part);
    else parts[at] = { ...before, confirmed: both(before.confirmed, part.confirmed) };
  }
  return { ...earlier, pulls: earlier.pulls + later.pulls, parts };
}

const both = (earlier: Confirmed, later: Confirmed): Confirmed => ({
  partition: earlier.partition,
  through: later.through ?? earlier.through,
  entries: [...earlier.entries, ...later.entries],
});
