import type { Clock } from '../runtime/clock.ts';
import type { Confirmed, Mark, StateStore } from '../state/store.ts';
import type { CheckpointedPart, Published } from './pull.ts';

/**
 * What was published and is not confirmed yet, in the order of the checkpoints. What waits behind the oldest and is
 * delivered before it, as sinks that drop have let it go, is held without its samples, and as one with its neighbours.
 */
export interface Unconfirmed {
  add(published: Published): void;
  /** What is confirmed next: the oldest. */
  first(): Published | undefined;
  /** Resolves when the oldest is delivered; rejects as soon as the delivery of any fails. */
  delivered(): Promise<void>;
  /** The oldest is delivered and confirmed. */
  shift(): void;
  /** Samples that some destination does not have yet. */
  samples(): number;
  /**
   * Tells the store how far the sinks are that have more than all have, and what need not be kept though something before
   * it must, if that is news.
   */
  mark(signal: AbortSignal): Promise<void>;
  /** Resolves when nothing is left, after `ms` at the latest, with the marks of what is left noted. */
  settle(ms: number, signal: AbortSignal): Promise<void>;
}

/** Its place in the queue; what is there changes. */
interface Waiting {
  published: Published;
}

export function createUnconfirmed(store: StateStore, clock: Clock): Unconfirmed {
  const queue: Waiting[] = [];
  const marked = new Map<string, string>();
  const settling = new Set<() => void>();
  let failure: { readonly error: unknown } | undefined;
  let tellFailure: (error: unknown) => void = () => undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    tellFailure(failure.error);
  };

  /** Makes one of two neighbours. Not of the first: it may be being confirmed. */
  const join = (at: number): void => {
    const [earlier, later] = [queue[at], queue[at + 1]];
    if (at < 1 || earlier === undefined || later === undefined) return;
    earlier.published = merged(earlier.published, later.published);
    queue.splice(at + 1, 1);
  };
  const isEmptyAt = (at: number): boolean => queue[at] !== undefined && isEmpty((queue[at] as Waiting).published);
  /** Nobody needs the samples any more. */
  const release = (waiting: Waiting): void => {
    const at = queue.indexOf(waiting);
    if (at < 1) return;
    waiting.published = { ...waiting.published, parts: waiting.published.parts.map(withoutSamples) };
    if (isEmptyAt(at + 1)) join(at);
    if (isEmptyAt(at - 1)) join(at - 1);
  };
  /** What is delivered behind the first: the store need not keep its samples, though its place in the log has to wait. */
  const takeReleased = (): readonly Confirmed[] =>
    queue.slice(1).flatMap((waiting) => {
      if (!isEmpty(waiting.published)) return [];
      const parts = wantedOf(waiting.published);
      waiting.published = { ...waiting.published, parts: parts.map(withoutEntries) };
      return parts.flatMap(({ confirmed }) =>
        confirmed.entries.length === 0 ? [] : [{ ...confirmed, through: null }],
      );
    });
  /** How far each sink has everything: up to the first parcel that it lacks, though it may have had a later one dropped. */
  const marks = (): readonly Mark[] => {
    const latest = new Map<string, Mark>();
    for (const sink of new Set(queue.flatMap(({ published }) => [...published.has]))) {
      for (const { published } of queue) {
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
    const released = takeReleased();
    if (released.length > 0) await store.confirm(released, signal);
    const news = marks();
    if (news.length > 0) await store.mark(news, signal);
  };

  return {
    add(published) {
      const waiting = { published };
      queue.push(waiting);
      // A pull that gave nothing waits with the one before it: a sink that is away for long must not make this grow.
      if (isEmpty(published)) join(queue.length - 2);
      else published.delivered.then(() => release(waiting), fail);
    },
    first: () => queue[0]?.published,
    delivered: () =>
      new Promise((resolve, reject) => {
        const first = queue[0]?.published.delivered ?? Promise.resolve();
        // One that is delivered is, whatever failed since.
        first.then(resolve, reject);
        tellFailure = reject;
        if (failure !== undefined) Promise.reject(failure.error).catch(reject);
      }),
    shift() {
      queue.shift();
      if (queue.length > 0) return;
      marked.clear();
      for (const wake of settling) wake();
    },
    samples: () =>
      queue.flatMap(({ published }) => wantedOf(published)).reduce((sum, { samples }) => sum + samples.length, 0),
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

const withoutSamples = (part: CheckpointedPart): CheckpointedPart => ({ ...part, samples: [] });
const withoutEntries = (part: CheckpointedPart): CheckpointedPart => ({
  ...part,
  confirmed: { ...part.confirmed, entries: [] },
});

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
