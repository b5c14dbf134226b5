import { Observable } from 'rxjs';
import type { Partition } from '../model/partition.ts';
import type { Sample } from '../model/sample.ts';
import { dropChanges, takeChanges } from '../model/saved.ts';
import { changeAll } from '../model/unsaved.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import type { Checkpoint, Confirmed, Outcome, StateStore } from '../state/store.ts';
import type { Owned, Ownership } from './ownership.ts';
import type { Checkpointed, CheckpointedPart, Derived } from './pull.ts';

export interface CheckpointDeps {
  readonly store: StateStore;
  readonly ownership: Ownership;
  readonly clock: Clock;
  /** Time from one checkpoint to the next, microseconds; samples wait so long at most. */
  readonly every: number;
  /** So many pulls gathered are checkpointed at once. */
  readonly mostPulls: number;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** So many samples are checkpointed at once. */
const MOST_SAMPLES = 5000;

/**
 * Gathers pulls and keeps what they did in one atom: state, offset and the samples that became final. Only then do the
 * samples go on. One checkpoint is under way at a time; what comes meanwhile gathers for the next. The state is taken
 * in the same turn in which the gathering ends, so that it is exactly what the gathered pulls made it.
 */
export const checkpoint =
  (deps: CheckpointDeps) =>
  (pulls: Observable<Derived>): Observable<Checkpointed> =>
    new Observable((subscriber) => {
      const { clock, every, mostPulls } = deps;
      const stop = new AbortController();
      let gathered: Gathered[] = [];
      let startedAt = Number.NEGATIVE_INFINITY;
      let ended = false;
      let underWay = false;
      let waiting = false;

      const waitUs = (): number => {
        const samples = gathered.reduce((sum, { pull }) => sum + countOf(pull), 0);
        const isFull = ended || gathered.length >= mostPulls || samples >= MOST_SAMPLES;
        return isFull || gathered.every(({ pull }) => isIdle(pull)) ? 0 : startedAt + every - clock.monotonic();
      };
      const wake = (): void => {
        waiting = false;
        proceed();
      };
      const proceed = (): void => {
        if (underWay) return;
        if (gathered.length === 0) {
          if (ended) subscriber.complete();
          return;
        }
        const wait = waitUs();
        if (wait > 0) {
          if (waiting) return;
          waiting = true;
          clock.sleep(wait / 1000, stop.signal).then(wake, () => undefined);
          return;
        }
        const batch = gathered;
        gathered = [];
        if (!batch.every(({ pull }) => isIdle(pull))) startedAt = clock.monotonic();
        underWay = true;
        keep(deps, batch).then(
          ({ again, kept }) => {
            underWay = false;
            if (again !== null) gathered.unshift({ pull: again, isNew: false });
            for (const each of kept) subscriber.next(each);
            proceed();
          },
          // What the store was not told in time is read again after the start.
          (error: unknown) => (deps.signal.aborted ? subscriber.complete() : subscriber.error(error)),
        );
      };
      const subscription = pulls.subscribe({
        next: (pull) => {
          gathered.push({ pull, isNew: true });
          proceed();
        },
        error: (error) => subscriber.error(error),
        complete: () => {
          ended = true;
          proceed();
        },
      });
      return () => {
        stop.abort();
        subscription.unsubscribe();
      };
    });

const isIdle = ({ moved, samples }: Derived): boolean => moved.size === 0 && samples.length === 0;
const countOf = ({ samples }: Derived): number => samples.reduce((sum, each) => sum + each.samples.length, 0);

/** A pull that waits for its checkpoint; not new: for the second time, with the whole state. */
interface Gathered {
  readonly pull: Derived;
  readonly isNew: boolean;
}

/**
 * Checkpoints every partition that the pulls moved, and tells what may be published and confirmed, and what must be
 * checkpointed again, with the whole state, as the store has forgotten what it had.
 */
async function keep(
  deps: CheckpointDeps,
  batch: readonly Gathered[],
): Promise<{ readonly kept: readonly Checkpointed[]; readonly again: Derived | null }> {
  const { store, ownership, signal } = deps;
  const waited = takeOutboxes(ownership);
  const moved = new Map<Owned, Sample[]>();
  for (const { pull } of batch) {
    for (const owned of pull.moved) if (ownership.of(owned.index) === owned && !moved.has(owned)) moved.set(owned, []);
    for (const { owned, samples } of pull.samples) {
      const all = moved.get(owned);
      // One by one: an hour that is caught up has more of them than a call can have arguments.
      if (all) for (const sample of samples) all.push(sample);
    }
  }
  const unasked = new Set([...moved.keys()].map(({ partition }) => partition));
  const checkpoints = [...moved].map(([owned, samples]) => ({ owned, ...checkpointOf(owned, samples, unasked) }));
  const outcomes = checkpoints.length === 0 ? new Map() : await store.checkpoint(checkpoints, signal);
  // A store that keeps no state never asks.
  unasked.forEach(dropChanges);
  const parts = checkpoints.flatMap((each) => keptOf(deps, each, outcomes.get(each.partition)));
  const begun = batch.filter(({ isNew }) => isNew);
  const pulls = begun.filter(({ pull }) => pull.isLast).length;
  const traces = batch.flatMap(({ pull }) => pull.trace ?? []);
  return {
    again: againOf(deps, moved, outcomes),
    kept: [...waited, { pulls, others: begun.length - pulls, parts, has: new Set(), traces }],
  };
}

/** What there is to keep of a partition; `through`: what is delivered with it. */
interface Keeping extends Checkpoint {
  readonly through: number;
}

/** `unasked` loses the partition once its changes are asked for. */
function checkpointOf(owned: Owned, samples: readonly Sample[], unasked: Set<Partition>): Keeping {
  const { index, partition, next, unfinished, liveFrom, whole } = owned;
  const nextOffset = Math.max(next, liveFrom);
  owned.whole = false;
  const changes = () => {
    unasked.delete(partition);
    if (whole) changeAll(partition);
    return takeChanges(partition, nextOffset);
  };
  return { partition: index, nextOffset, whole, samples, changes, through: unfinished ?? nextOffset };
}

/** What earlier owners left undelivered goes before anything else of its partition, to the sinks that do not have it. */
function takeOutboxes(ownership: Ownership): readonly Checkpointed[] {
  const kept: Checkpointed[] = [];
  for (const owned of ownership.all()) {
    const { outbox, index: partition, liveFrom } = owned;
    owned.outbox = [];
    for (const [n, { id, samples, has }] of outbox.entries()) {
      const through = n === outbox.length - 1 ? liveFrom : null;
      const confirmed = { partition, through, entries: [id] };
      kept.push({ pulls: 0, others: 0, parts: [partOf(ownership, owned, samples, confirmed)], has: new Set(has) });
    }
  }
  return kept;
}

const partOf = (
  ownership: Ownership,
  owned: Owned,
  samples: readonly Sample[],
  confirmed: Confirmed,
): CheckpointedPart => ({ samples, confirmed, isWanted: () => ownership.of(owned.index) === owned });

/** Nothing of a partition that has another owner by now. */
function keptOf(
  { ownership, report }: CheckpointDeps,
  { owned, partition, through, samples }: Keeping & { readonly owned: Owned },
  outcome: Outcome | undefined,
): readonly CheckpointedPart[] {
  if (outcome?.outcome === 'lost') return [];
  if (outcome?.outcome !== 'kept') {
    if (ownership.of(partition) === owned) ownership.disown(partition);
    report({ event: 'state.fenced', partition });
    return [];
  }
  const entries = outcome.entry === null ? [] : [outcome.entry];
  return [partOf(ownership, owned, samples, { partition, through, entries })];
}

/** What the partitions gave of which the store has lost the state: their next checkpoint holds all of it. */
function againOf(
  { report, ownership }: CheckpointDeps,
  moved: ReadonlyMap<Owned, readonly Sample[]>,
  outcomes: ReadonlyMap<number, Outcome>,
): Derived | null {
  const lost = [...moved].filter(([{ index }]) => outcomes.get(index)?.outcome === 'lost');
  if (lost.length === 0) return null;
  for (const [owned] of lost) {
    const detail = 'the store has forgotten it while it was in use';
    report({ event: 'state.lost', partition: owned.index, reason: 'missing', detail });
    if (ownership.of(owned.index) === owned) owned.whole = true;
  }
  return {
    isLast: false,
    moved: new Set(lost.map(([owned]) => owned)),
    samples: lost.flatMap(([owned, samples]) => (samples.length === 0 ? [] : [{ owned, samples }])),
  };
}
