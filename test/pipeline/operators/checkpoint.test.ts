import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { createInstance } from '../../../pipeline/model/state.ts';
import { type CheckpointDeps, checkpoint } from '../../../pipeline/operators/checkpoint.ts';
import { createOwnership, type Owned } from '../../../pipeline/operators/ownership.ts';
import type { Checkpointed, Derived } from '../../../pipeline/operators/pull.ts';
import type { Outcome } from '../../../pipeline/state/store.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { aSample } from '../sinks/a-sample.ts';
import { ownedOf } from './owned.ts';
import { confirmedIn, quiet, reported, samplesIn, settled } from './pulls.ts';
import { storeOf } from './store-of.ts';

const SECOND = 1e6;

interface Some {
  readonly every?: number;
  readonly outcome?: () => Promise<Outcome>;
  /** Does the store keep state, and so ask for the changes? Default yes. */
  readonly asks?: boolean;
  readonly signal?: AbortSignal;
}

function underTest(some: Some = {}) {
  const clock = handClock(0);
  const ownership = createOwnership();
  const { events, report } = reported();
  const kept: unknown[] = [];
  const store = storeOf({
    checkpoint: async (checkpoints) => {
      const taken = checkpoints.map(({ partition, nextOffset, whole, samples, changes }) => {
        if (some.asks !== false) changes();
        return [partition, nextOffset, whole, samples.map(({ messageId }) => messageId)];
      });
      kept.push(taken);
      const outcome = (await some.outcome?.()) ?? { outcome: 'kept', entry: `e${kept.length}` };
      return new Map(checkpoints.map(({ partition }) => [partition, outcome]));
    },
  });
  const deps: CheckpointDeps = {
    store,
    ownership,
    clock,
    every: some.every ?? 0,
    mostPulls: 4,
    report,
    signal: some.signal ?? new AbortController().signal,
  };
  const pulls = new Subject<Derived>();
  const out: Checkpointed[] = [];
  const ends: unknown[] = [];
  pulls.pipe(checkpoint(deps)).subscribe({
    next: (each) => out.push(each),
    error: (error) => ends.push(error),
    complete: () => ends.push('complete'),
  });
  const own = (some: Partial<Owned> = {}): Owned => {
    const owned = ownedOf(some);
    ownership.own(owned);
    return owned;
  };
  /** A pull that leads a partition to an offset, with samples of these ids. */
  const pull = (owned: Owned, next: number, ...ids: readonly string[]): void => {
    owned.next = next;
    const samples = ids.map((messageId) => aSample({ messageId }));
    pulls.next({ isLast: true, moved: new Set([owned]), samples: ids.length === 0 ? [] : [{ owned, samples }] });
  };
  const idle = (): void => pulls.next({ isLast: true, moved: new Set(), samples: [] });
  return { clock, ownership, events, kept, pulls, out, ends, own, pull, idle };
}

const idsOf = (out: readonly Checkpointed[]) => out.map((each) => samplesIn(each).map(({ messageId }) => messageId));

describe('a checkpoint', () => {
  test('comes before its samples go on', async () => {
    const answer = settled<Outcome>();
    const { own, pull, kept, out } = underTest({ outcome: () => answer.promise });
    pull(own(), 3, 'a');
    await quiet();
    expect(kept).toEqual([[[0, 3, true, ['a']]]]);
    expect(out).toEqual([]);
    answer.resolve({ outcome: 'kept', entry: 'e' });
    await quiet();
    expect(idsOf(out)).toEqual([['a']]);
    expect(out.flatMap(confirmedIn)).toEqual([{ partition: 0, through: 3, entries: ['e'] }]);
  });

  test('is one at a time: what comes meanwhile gathers, with the latest offset and all samples in order', async () => {
    const answer = settled<Outcome>();
    const { own, pull, kept, out } = underTest({ outcome: () => answer.promise });
    const [one, other] = [own(), own({ index: 1 })];
    pull(one, 1);
    pull(one, 2, 'a');
    pull(other, 5, 'b');
    pull(one, 4, 'c', 'd');
    await quiet();
    expect(kept).toEqual([[[0, 1, true, []]]]);
    answer.resolve({ outcome: 'kept', entry: null });
    await quiet();
    await quiet();
    expect(kept[1]).toEqual([
      [0, 4, false, ['a', 'c', 'd']],
      [1, 5, true, ['b']],
    ]);
    expect(out.map(({ pulls }) => pulls)).toEqual([1, 3]);
    expect(idsOf(out)).toEqual([[], ['a', 'c', 'd', 'b']]);
  });

  test('waits its time from one to the next, but not with many pulls', async () => {
    const { own, pull, kept, clock } = underTest({ every: SECOND });
    const owned = own();
    pull(owned, 1);
    await quiet();
    pull(owned, 2);
    pull(owned, 3);
    await quiet();
    expect(kept).toHaveLength(1);
    await clock.advance(1000);
    await quiet();
    await quiet();
    expect(kept).toEqual([[[0, 1, true, []]], [[0, 3, false, []]]]);
    for (const next of [4, 5, 6, 7]) pull(owned, next);
    await quiet();
    expect(kept).toHaveLength(3);
  });

  test('at the end comes at once, and then the stream completes', async () => {
    const { own, pull, kept, pulls, ends } = underTest({ every: SECOND });
    const owned = own();
    pull(owned, 1);
    await quiet();
    pull(owned, 2, 'a');
    pulls.complete();
    await quiet();
    await quiet();
    expect(kept).toHaveLength(2);
    expect(ends).toEqual(['complete']);
  });

  test('is asked of nobody for pulls that moved nothing', async () => {
    const { idle, kept, out } = underTest({ every: SECOND });
    idle();
    idle();
    await quiet();
    await quiet();
    expect(kept).toEqual([]);
    expect(out.reduce((sum, { pulls }) => sum + pulls, 0)).toBe(2);
  });

  test('that fails ends the stream', async () => {
    const { own, pull, out, ends } = underTest({ outcome: () => Promise.reject(new Error('no memory')) });
    pull(own(), 1, 'a');
    await quiet();
    expect({ out, ends }).toEqual({ out: [], ends: [new Error('no memory')] });
  });

  test('that is given up as time is up ends the stream without a fault', async () => {
    const signal = AbortSignal.abort(new Error('time is up'));
    const { own, pull, out, ends } = underTest({ signal, outcome: () => Promise.reject(signal.reason) });
    pull(own(), 1, 'a');
    await quiet();
    expect({ out, ends }).toEqual({ out: [], ends: ['complete'] });
  });
});

describe('a partition', () => {
  test('by a store that keeps no state leaves no list of changes behind', async () => {
    const { own, pull, out } = underTest({ asks: false });
    const owned = own();
    const instance = createInstance('a', [0, 0, 0, 1], false);
    instance.unsaved = true;
    owned.partition.unsaved.push(instance);
    owned.partition.gone.push('b');
    pull(owned, 5);
    await quiet();
    expect(out).toHaveLength(1);
    expect(owned.partition).toMatchObject({ unsaved: [], gone: [] });
    expect(instance.unsaved).toBe(false);
  });

  test('that is fenced publishes nothing and is let go', async () => {
    const { own, pull, out, events, ownership } = underTest({ outcome: async () => ({ outcome: 'fenced' }) });
    pull(own(), 1, 'a');
    await quiet();
    expect(idsOf(out)).toEqual([[]]);
    expect(out[0]).toMatchObject({ pulls: 1, parts: [] });
    expect(ownership.of(0)).toBeUndefined();
    expect(events).toEqual([{ event: 'state.fenced', partition: 0 }]);
  });

  test('that is taken away after its checkpoint is not wanted from here any more', async () => {
    const { own, pull, out, ownership } = underTest();
    pull(own(), 1, 'a');
    await quiet();
    expect(out[0]?.parts[0]?.isWanted()).toBe(true);
    ownership.disown(0);
    expect(out[0]?.parts[0]?.isWanted()).toBe(false);
    own({ liveFrom: 1 });
    expect(out[0]?.parts[0]?.isWanted()).toBe(false);
  });

  test('that was taken away meanwhile publishes nothing, also when it is back', async () => {
    const { own, pull, kept, out, ownership } = underTest({ every: SECOND });
    const before = own();
    pull(before, 1);
    await quiet();
    pull(before, 2, 'a');
    ownership.disown(0);
    const after = own({ liveFrom: 1 });
    for (const next of [2, 3, 4]) pull(after, next);
    await quiet();
    expect(kept[1]).toEqual([[0, 4, true, []]]);
    expect(idsOf(out).flat()).toEqual([]);
  });

  test('that an earlier owner left samples of publishes those first, each to the sinks that lack it', async () => {
    const { own, pull, idle, out } = underTest();
    const outbox = [
      { id: 'w', samples: [aSample({ messageId: 'oldest' })], has: ['udp', 'file'] },
      { id: 'x', samples: [aSample({ messageId: 'left' })], has: ['udp'] },
    ];
    const owned = own({ liveFrom: 7, outbox });
    pull(owned, 8, 'a');
    await quiet();
    expect(idsOf(out)).toEqual([['oldest'], ['left'], ['a']]);
    expect(out.map(({ has }) => [...has])).toEqual([['udp', 'file'], ['udp'], []]);
    // The log counts as delivered only when all of it is.
    expect(out.flatMap(confirmedIn)).toEqual([
      { partition: 0, through: null, entries: ['w'] },
      { partition: 0, through: 7, entries: ['x'] },
      { partition: 0, through: 8, entries: ['e1'] },
    ]);
    own({ index: 1, outbox: [{ id: 'y', samples: [aSample({ messageId: 'other' })], has: [] }] });
    idle();
    await quiet();
    expect(idsOf(out).at(-2)).toEqual(['other']);
  });
});
