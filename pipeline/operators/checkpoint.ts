import { Observable } from 'rxjs';
import type { Sample } from '../model/sample.ts';
import { takeChanges } from '../model/saved.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import type { Checkpoint, Confirmed, Outcome, StateStore } from '../state/store.ts';
import type { Owned, Ownership } from './ownership.ts';
import type { Checkpointed, Derived } from './pull.ts';

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
      let gathered: Derived[] = [];
      let startedAt = Number.NEGATIVE_INFINITY;
      let ended = false;
      let underWay = false;
      let waiting = false;

      const waitUs = (): number => {
        const samples = gathered.reduce((sum, pull) => sum + countOf(pull), 0);
        const isFull = ended || gathered.length >= mostPulls || samples >= MOST_SAMPLES;
        return isFull || gathered.every(isIdle) ? 0 : startedAt + every - clock.monotonic();
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
        if (!batch.every(isIdle)) startedAt = clock.monotonic();
        underWay = true;
        keep(deps, batch).then(
          (kept) => {
            underWay = false;
            subscriber.next(kept);
            proceed();
          },
          (error: unknown) => subscriber.error(error),
        );
      };
      const subscription = pulls.subscribe({
        next: (pull) => {
          gathered.push(pull);
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

/** Checkpoints every partition that the pulls moved, and tells what may be published and confirmed. */
async function keep(deps: CheckpointDeps, pulls: readonly Derived[]): Promise<Checkpointed> {
  const { store, ownership, signal } = deps;
  const waited = takeOutboxes(ownership);
  const moved = new Map<Owned, Sample[]>();
  for (const pull of pulls) {
    for (const owned of pull.moved) if (ownership.of(owned.index) === owned && !moved.has(owned)) moved.set(owned, []);
    for (const { owned, samples } of pull.samples) moved.get(owned)?.push(...samples);
  }
  const checkpoints = [...moved].map(([owned, samples]) => checkpointOf(owned, samples));
  const outcomes = checkpoints.length === 0 ? new Map() : await store.checkpoint(checkpoints, signal);
  const kept = [...waited, ...checkpoints.flatMap((each) => keptOf(deps, each, outcomes.get(each.partition)))];
  return {
    pulls: pulls.length,
    samples: kept.flatMap(({ samples }) => samples),
    confirmed: kept.map(({ confirmed }) => confirmed),
  };
}

interface Kept {
  readonly samples: readonly Sample[];
  readonly confirmed: Confirmed;
}

function checkpointOf(owned: Owned, samples: readonly Sample[]): Checkpoint {
  const { index, partition, next, liveFrom, whole } = owned;
  const nextOffset = Math.max(next, liveFrom);
  owned.whole = false;
  return { partition: index, nextOffset, whole, samples, changes: () => takeChanges(partition, nextOffset) };
}

/** What earlier owners left undelivered goes before anything else of its partition. */
function takeOutboxes(ownership: Ownership): readonly Kept[] {
  const kept: Kept[] = [];
  for (const owned of ownership.all()) {
    if (owned.outbox.length === 0) continue;
    const samples = owned.outbox.flatMap((entry) => entry.samples);
    const entries = owned.outbox.map(({ id }) => id);
    owned.outbox = [];
    kept.push({ samples, confirmed: { partition: owned.index, through: owned.liveFrom, entries } });
  }
  return kept;
}

/** Nothing of a partition that has another owner by now. */
function keptOf(
  { ownership, report }: CheckpointDeps,
  { partition, nextOffset, samples }: Checkpoint,
  outcome: Outcome | undefined,
): readonly Kept[] {
  if (outcome?.outcome !== 'kept') {
    ownership.disown(partition);
    report({ event: 'state.fenced', partition });
    return [];
  }
  const entries = outcome.entry === null ? [] : [outcome.entry];
  return [{ samples, confirmed: { partition, through: nextOffset, entries } }];
}
