import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { confirm } from '../../../pipeline/operators/confirm.ts';
import type { Published } from '../../../pipeline/operators/pull.ts';
import { createUnconfirmed } from '../../../pipeline/operators/unconfirmed.ts';
import type { Confirmed, Mark, StateStore } from '../../../pipeline/state/store.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { published, quiet, reported, settled } from './pulls.ts';
import { storeOf } from './store-of.ts';

const DONE = Promise.resolve();

function underTest(some: Partial<StateStore> = {}) {
  const noted: (readonly Confirmed[])[] = [];
  const marked: Mark[] = [];
  const clock = handClock(0);
  const stopping = new AbortController();
  const { events, report } = reported();
  const store = storeOf({
    confirm: async (confirmed) => void noted.push(confirmed),
    mark: async (marks) => void marked.push(...marks),
    ...some,
  });
  const unconfirmed = createUnconfirmed(store, clock);
  const stream = new Subject<Published>();
  const ends: unknown[] = [];
  stream.pipe(confirm({ store, unconfirmed, clock, report, signal: stopping.signal })).subscribe({
    error: (error) => ends.push(error),
    complete: () => ends.push('complete'),
  });
  return { stream, noted, marked, clock, unconfirmed, stopping, events, ends };
}

const throughOf = (noted: readonly (readonly Confirmed[])[]) => noted.flat().map(({ through }) => through);

describe('confirming', () => {
  test('notes what is delivered, in the order of the checkpoints, whichever is delivered first', async () => {
    const { stream, noted } = underTest();
    const [first, second] = [settled(), settled()];
    stream.next(published(first.promise, 1));
    stream.next(published(second.promise, 2));
    second.resolve();
    await quiet();
    expect(noted).toEqual([]);
    first.resolve();
    await quiet();
    expect(throughOf(noted)).toEqual([1, 2]);
  });

  test('tells one confirmation after the other', async () => {
    const first = settled();
    let told = 0;
    const { stream } = underTest({
      confirm: () => {
        told++;
        return first.promise;
      },
    });
    stream.next(published(DONE, 1));
    stream.next(published(DONE, 2));
    await quiet();
    expect(told).toBe(1);
    first.resolve();
    await quiet();
    expect(told).toBe(2);
  });

  test('lets pulls that gave nothing wait as one behind what is not delivered', async () => {
    const { stream, noted, unconfirmed } = underTest();
    const away = settled();
    stream.next(published(away.promise, 1, 1, 'a'));
    for (let through = 2; through <= 1000; through++) stream.next(published(DONE, through, 0));
    expect(unconfirmed.samples()).toBe(1);
    away.resolve();
    await quiet();
    expect(noted).toEqual([
      [{ partition: 0, through: 1, entries: ['a'] }],
      [{ partition: 0, through: 1000, entries: [] }],
    ]);
  });

  test('says nothing of a part whose partition has gone, which every sink was spared: its next owner delivers it', async () => {
    const { stream, noted, marked, clock } = underTest();
    const away = settled();
    let isOurs = true;
    const both = published(away.promise, 1, 1, 'ours');
    const [part] = both.parts;
    if (part === undefined) throw new Error('a checkpoint of nothing');
    const going = { ...part, confirmed: { partition: 1, through: 9, entries: ['theirs'] }, isWanted: () => isOurs };
    stream.next({ ...both, parts: [part, going] });
    stream.next(published(DONE, 2, 0));
    isOurs = false;
    both.has.add('udp');
    await clock.advance(1000);
    away.resolve();
    await quiet();
    expect(marked).toEqual([{ partition: 0, sink: 'udp', entry: 'ours' }]);
    expect(noted.flat()).toEqual([
      { partition: 0, through: 1, entries: ['ours'] },
      { partition: 0, through: 2, entries: [] },
    ]);
  });

  test('confirms nothing that came anew with what came of the partition before it went', async () => {
    const { stream, noted } = underTest();
    const away = settled();
    let isOurs = true;
    stream.next(published(away.promise, 1));
    const before = published(DONE, 2, 1, 'before');
    stream.next({ ...before, parts: before.parts.map((part) => ({ ...part, isWanted: () => isOurs })) });
    isOurs = false;
    stream.next(published(DONE, 7, 0));
    away.resolve();
    await quiet();
    expect(noted.flat().slice(1)).toEqual([{ partition: 0, through: 7, entries: [] }]);
  });

  test('holds nothing but the place of what was let go of behind a sink that is away, and has the store forget it', async () => {
    const { stream, noted, unconfirmed, clock } = underTest();
    const away = settled();
    stream.next(published(away.promise, 0, 10, 'first'));
    const waiting: { resolve(): void }[] = [];
    for (let through = 1; through <= 1000; through++) {
      const each = settled();
      waiting.push({ resolve: () => each.resolve() });
      stream.next(published(each.promise, through, 10, `${through}`));
      if (waiting.length > 3) waiting.shift()?.resolve();
      await Promise.resolve().then(() => undefined);
    }
    await quiet();
    expect(unconfirmed.samples()).toBe((1 + 3) * 10);
    await clock.advance(1000);
    expect(noted).toHaveLength(1);
    expect(noted[0]?.map(({ partition, through, entries }) => [partition, through, entries.length])).toEqual([
      [0, null, 997],
    ]);
    away.resolve();
    for (const { resolve } of waiting) resolve();
    await quiet();
    expect(noted.slice(1).flat()).toEqual([
      { partition: 0, through: 0, entries: ['first'] },
      { partition: 0, through: 1000, entries: ['998', '999', '1000'] },
    ]);
  });

  test('marks how far sinks are while another lags, once', async () => {
    const { stream, marked, clock } = underTest();
    const away = settled();
    const [one, two] = [published(away.promise, 1, 1, 'a'), published(away.promise, 2, 1, 'b')];
    stream.next(one);
    stream.next(two);
    await clock.advance(1000);
    expect(marked).toEqual([]);
    one.has.add('udp');
    two.has.add('udp');
    one.has.add('file');
    await clock.advance(1000);
    await clock.advance(1000);
    expect(marked).toEqual([
      { partition: 0, sink: 'udp', entry: 'b' },
      { partition: 0, sink: 'file', entry: 'a' },
    ]);
  });

  test('marks a sink no further than to what it lacks, though a later one was dropped for it', async () => {
    const { stream, marked, clock } = underTest();
    const away = settled();
    const [one, two, three] = [1, 2, 3].map((n) => published(away.promise, n, 1, `${n}`)) as [
      ReturnType<typeof published>,
      ReturnType<typeof published>,
      ReturnType<typeof published>,
    ];
    for (const each of [one, two, three]) stream.next(each);
    two.has.add('udp');
    one.has.add('file');
    three.has.add('file');
    await clock.advance(1000);
    expect(marked).toEqual([{ partition: 0, sink: 'file', entry: '1' }]);
    one.has.add('udp');
    await clock.advance(1000);
    expect(marked.slice(1)).toEqual([{ partition: 0, sink: 'udp', entry: '2' }]);
  });

  test('completes when the stream has and everything is delivered', async () => {
    const { stream, ends } = underTest();
    const away = settled();
    stream.next(published(away.promise, 1));
    stream.complete();
    await quiet();
    expect(ends).toEqual([]);
    away.resolve();
    await quiet();
    expect(ends).toEqual(['complete']);
  });

  test('leaves what is not delivered in time, aloud', async () => {
    const { stream, ends, noted, stopping, events } = underTest();
    const away = settled();
    stream.next(published(away.promise, 1, 3));
    stream.complete();
    stopping.abort(new Error('time is up'));
    away.reject(stopping.signal.reason);
    await quiet();
    expect({ ends, noted }).toEqual({ ends: ['complete'], noted: [] });
    expect(events).toEqual([{ event: 'publish.left', samples: 3 }]);
  });

  test('counts with what is left what waited for room in an outbox, unless that takes long', async () => {
    const { stream, ends, stopping, events, clock } = underTest();
    const away = settled();
    stream.next(published(away.promise, 1, 3));
    stopping.abort(new Error('time is up'));
    away.reject(stopping.signal.reason);
    await quiet();
    stream.next(published(away.promise, 2, 4));
    expect(events).toEqual([]);
    await clock.advance(1000);
    expect({ events, ends }).toEqual({ events: [{ event: 'publish.left', samples: 7 }], ends: ['complete'] });
  });

  test('ends with a delivery that fails, though what is ahead of it waits for a sink that is away', async () => {
    const { stream, ends, noted } = underTest();
    const failing = settled();
    stream.next(published(DONE, 1));
    stream.next(published(new Promise(() => undefined), 2));
    stream.next(published(failing.promise, 3));
    await quiet();
    failing.reject(new Error('refused'));
    await quiet();
    expect(throughOf(noted)).toEqual([1]);
    expect(ends).toEqual([new Error('refused')]);
  });

  test('confirms what is delivered before it ends with what fails', async () => {
    const { stream, ends, noted } = underTest();
    const refused = Promise.reject(new Error('refused'));
    refused.catch(() => undefined);
    for (const [n, delivered] of [DONE, DONE, refused].entries()) stream.next(published(delivered, n));
    await quiet();
    expect(throughOf(noted)).toEqual([0, 1]);
    expect(ends).toEqual([new Error('refused')]);
  });

  test('ends with a store that fails', async () => {
    const { stream, ends } = underTest({ confirm: () => Promise.reject(new Error('no memory')) });
    stream.next(published(DONE, 1));
    await quiet();
    expect(ends).toEqual([new Error('no memory')]);
  });
});

describe('what is to be given back', () => {
  const { signal } = new AbortController();

  test('is waited for until it is delivered', async () => {
    const { stream, unconfirmed } = underTest();
    const away = settled();
    stream.next(published(away.promise, 1));
    let isSettled = false;
    const settling = unconfirmed.settle(3000, signal).then(() => {
      isSettled = true;
    });
    await quiet();
    expect(isSettled).toBe(false);
    away.resolve();
    await settling;
  });

  test('is marked when it takes too long', async () => {
    const { stream, unconfirmed, clock, marked } = underTest();
    const one = published(new Promise(() => undefined), 1, 1, 'a');
    stream.next(one);
    one.has.add('udp');
    const settling = unconfirmed.settle(500, signal);
    await clock.advance(500);
    await settling;
    expect(marked).toEqual([{ partition: 0, sink: 'udp', entry: 'a' }]);
  });
});
