import { from, of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, test } from 'vitest';
import type { SliceBatch } from '../../../avro/batch.ts';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { EMPTY_IDENTITY } from '../../../avro/snapshot.ts';
import type { Closed } from '../../../pipeline/model/closed.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';
import { restorePartition, takeChanges } from '../../../pipeline/model/saved.ts';
import { createCredits } from '../../../pipeline/operators/credits.ts';
import { createDecoder } from '../../../pipeline/operators/decode.ts';
import { createOwnership, type Owned } from '../../../pipeline/operators/ownership.ts';
import type { Decoded, RawMessage, Tick, Windowed } from '../../../pipeline/operators/pull.ts';
import { type WindowDeps, window } from '../../../pipeline/operators/window.ts';
import { pollOf, received, rulesOf, SECOND } from '../model/polls.ts';
import { ownedOf } from './owned.ts';
import { message, reported, unreadable, windowMessage } from './pulls.ts';

const deltasOf = (closed: Closed | null) =>
  (closed?.counters ?? []).filter(({ block }) => block.kind === 2).map(({ delta }) => delta);

function underTest(rules: Rules = rulesOf()) {
  const decoder = createDecoder();
  const ownership = createOwnership();
  const { events, report } = reported();
  const back: SliceBatch[] = [];
  const foreign: number[] = [];
  const deps: WindowDeps = {
    rules,
    ownership,
    report,
    giveBack: (batch) => void back.push(batch),
    foreign: (_owned, offset) => void foreign.push(offset),
    mostWindows: 5000,
    room: createCredits(2),
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
  };
  const decoded = ({ value, ...rest }: RawMessage) => ({ ...rest, bytes: value.length, batch: decoder.read(value) });
  const own = (some: Partial<Owned> = {}): Owned => {
    const owned = ownedOf({ partition: createPartition(rules), ...some });
    ownership.own(owned);
    return owned;
  };
  /** The deltas that messages of the given times (seconds) let out, at offsets from `from` on. */
  const playFrom = (from: number, ...times: readonly number[]) =>
    times.map((t, n) => deltasOf(windowMessage(deps, ownership.of(0), decoded(message(from + n, t, BigInt(t))))));
  const play = (...times: readonly number[]) => playFrom(0, ...times);
  return { deps, ownership, own, events, back, foreign, decoded, play, playFrom };
}

describe('windows', () => {
  test('come out with the message that finishes them', () => {
    const { own, play, events, back } = underTest();
    own();
    expect(play(0, 30, 60, 90, 120)).toEqual([[], [], [60], [], [60]]);
    expect(events.filter(({ event }) => event === 'message.read')).toEqual(
      [0, 30, 60, 90, 120].map((t) => {
        const bytes = message(0, t, BigInt(t)).value.length;
        return { event: 'message.read', partition: 0, slices: 1, readings: 1, bytes };
      }),
    );
    expect(back).toHaveLength(5);
  });

  test('of messages that an earlier owner delivered stay inside, and so do their reports', () => {
    const { own, play, events } = underTest();
    own({ liveFrom: 4 });
    expect(play(0, 30, 60, 90, 120)).toEqual([[], [], [], [], [60]]);
    expect(events.filter(({ event }) => event === 'message.read')).toHaveLength(1);
    expect(events.filter(({ event }) => event === 'poll.missing')).toHaveLength(1);
  });

  test('a message that comes twice is counted once, whatever is in it', () => {
    const { own, playFrom, back } = underTest();
    own();
    playFrom(0, 0, 30);
    expect(playFrom(0, 60, 90)).toEqual([[], []]);
    expect(playFrom(2, 60)).toEqual([[60]]);
    expect(back).toHaveLength(5);
  });

  test('of a log that is read anew leave out what is left over from before', () => {
    const { own, playFrom } = underTest();
    own({ before: 7 });
    expect(playFrom(7, 0, 60)).toEqual([[], []]);
    expect(playFrom(0, 0, 60)).toEqual([[], [60]]);
    expect(playFrom(7, 120)).toEqual([[60]]);
  });

  test('hold a batch until the watermark has passed it', () => {
    const { own, play, playFrom, back } = underTest(rulesOf({}, { reorder: 30 * SECOND }));
    own();
    play(0, 10);
    expect(back).toEqual([]);
    playFrom(2, 40);
    expect(back).toHaveLength(2);
  });

  test('tell drops and counter events by name, those that happened', () => {
    const { own, play, events } = underTest();
    own();
    play(1, 2, 2, 1);
    expect(events.filter(({ event }) => event !== 'message.read')).toEqual([
      { event: 'counter', kind: 'first', count: 1 },
      { event: 'reading.dropped', reason: 'duplicate', count: 1 },
      { event: 'reading.dropped', reason: 'late', count: 1 },
    ]);
  });
});

test('messages of before the partition was taken up anew are left to be read again', () => {
  const { own, ownership, deps, decoded, back } = underTest();
  own();
  const term = ownership.term();
  const again = own();
  const messages = [0, 30, 60].map((t, n) => decoded(message(5 + n, t, BigInt(t))));
  const seen: Windowed[] = [];
  window(deps)(of({ messages, unreadable: [unreadable(8)], tick: null, term })).subscribe((each) => seen.push(each));
  expect(seen.flatMap(({ closed }) => closed)).toEqual([]);
  expect(again.next).toBe(0);
  expect(back).toHaveLength(3);
});

test('an unreadable message that is left over from before moves nothing; in its turn it does', () => {
  const { own, ownership, deps, decoded } = underTest();
  const owned = own({ before: 7 });
  const pull = (offset: number, ...messages: readonly RawMessage[]): Decoded => ({
    messages: messages.map(decoded),
    unreadable: [unreadable(offset)],
    tick: null,
    term: ownership.term(),
  });
  const nextAfter = (each: Decoded): number => {
    window(deps)(of(each)).subscribe();
    return owned.next;
  };
  expect(nextAfter(pull(150))).toBe(0);
  expect(nextAfter(pull(150, message(0, 0, 0n)))).toBe(151);
});

test('the status of instances comes out though nothing else does', () => {
  const { own, ownership, deps, decoded } = underTest();
  own();
  const seen: Windowed[] = [];
  const pulls = [30, 61].map((t, offset): Decoded => {
    const off = received(t, 0n, { state: 'SHUTOFF', rows: [], nics: [] });
    const value = encodeSnapshot(pollOf(t, [off]));
    return {
      messages: [decoded({ partition: 0, offset, timestampUs: t * SECOND, value })],
      unreadable: [],
      tick: null,
    };
  });
  window(deps)(from(pulls)).subscribe((each) => seen.push(each));
  expect(ownership.of(0)?.next).toBe(2);
  expect(seen.flatMap(({ closed }) => closed.flatMap(({ closed: { statuses } }) => statuses))).toHaveLength(1);
});

test('what nova and the hypervisors do not agree on is told by the uuid', () => {
  const { own, ownership, deps, decoded, events } = underTest();
  own();
  const identity = { ...EMPTY_IDENTITY, host: 'kvm1', projectId: 'p1' };
  const said = received(1, 0n, { rows: [], nics: [], identity });
  const nova = { kind: 'nova', hypervisor: 'n', partial: 'notifications' };
  [pollOf(0, []), pollOf(1, [said], nova), pollOf(40, [])].forEach((snapshot, offset) => {
    const timestampUs = snapshot.poll.startedAt;
    windowMessage(
      deps,
      ownership.of(0),
      decoded({ partition: 0, offset, timestampUs, value: encodeSnapshot(snapshot) }),
    );
  });
  expect(events.at(-1)).toEqual({
    event: 'instance.unmetered',
    partition: 0,
    instance: '00000000-0000-0000-0000-000000000007',
    host: 'kvm1',
    project: 'p1',
  });
});

test('polls that never came are told, and a source that is read into other partitions', () => {
  const { own, deps, ownership, decoded, events } = underTest();
  own();
  [
    { t: 0, sequence: 7 },
    { t: 10, sequence: 8 },
    { t: 40, sequence: 11 },
    { t: 40, sequence: 11 },
    { t: 20, sequence: 9 },
    { t: 50, sequence: 0, generation: 2, slices: 3 },
    { t: 60, sequence: 1, generation: 2, slices: 3 },
    { t: 70, sequence: 12 },
  ].forEach(({ t, sequence, generation = 1, slices = 1 }, offset) => {
    const { source, poll, ...rest } = pollOf(t, []);
    const value = encodeSnapshot({
      ...rest,
      source: { ...source, generation },
      poll: { ...poll, sequence, slices },
    });
    windowMessage(deps, ownership.of(0), decoded({ partition: 0, offset, timestampUs: t * SECOND, value }));
  });
  expect(events.filter(({ event }) => event !== 'message.read' && event !== 'counter')).toEqual([
    { event: 'poll.missing', partition: 0, source: 'test/h', polls: 2 },
    { event: 'source.repartitioned', partition: 0, source: 'test/h', before: 1, now: 3 },
  ]);
});

describe('a state that came out of a store', () => {
  /** What was saved after messages 0 to 3, of which the reorder buffer held some. */
  function saved(rules: Rules) {
    const before = underTest(rules);
    const owned = before.own();
    before.play(0, 30, 60, 90);
    const { partition, changed, resumeOffset } = takeChanges(owned.partition, 4);
    return { state: { partition, instances: changed }, resumeOffset };
  }
  const rules = rulesOf({}, { reorder: 40 * SECOND });

  test('goes on as if it had never been away', () => {
    const { state, resumeOffset } = saved(rules);
    const after = underTest(rules);
    const { partition } = restorePartition(rules, state);
    after.own({ partition, restored: true, liveFrom: 4, next: resumeOffset });
    const again = [0, 30, 60, 90].slice(resumeOffset);
    expect(after.playFrom(resumeOffset, ...again).flat()).toEqual([]);
    expect(after.events).toEqual([]);
    expect(after.playFrom(4, 120, 150, 180)).toEqual([[60], [], [60]]);
    expect(after.foreign).toEqual([]);
  });

  test('of another log is told, and nothing of that log is counted with it', () => {
    const { state, resumeOffset } = saved(rules);
    const after = underTest(rules);
    const { partition } = restorePartition(rules, state);
    after.own({ partition, restored: true, liveFrom: 4, next: resumeOffset });
    expect(after.playFrom(3, 5000)).toEqual([[]]);
    expect(after.foreign).toEqual([3]);
  });

  test('tells what waited and the log no longer holds', () => {
    const { state } = saved(rules);
    const after = underTest(rules);
    const { partition } = restorePartition(rules, state);
    after.own({ partition, restored: true, liveFrom: 4, next: 4 });
    after.playFrom(4, 120);
    expect(after.events.filter(({ event }) => event === 'state.hole')).toEqual([
      { event: 'state.hole', partition: 0, offset: 2 },
      { event: 'state.hole', partition: 0, offset: 3 },
    ]);
  });
});

describe('the wall clock at the log’s end', () => {
  const pull = (decoded: Decoded['messages'], tick: Tick | null = null): Decoded => ({
    messages: decoded,
    unreadable: [],
    tick,
  });
  function run(pulls: (test: ReturnType<typeof underTest>) => readonly Decoded[]) {
    const test = underTest();
    test.own();
    const out: unknown[] = [];
    new TestScheduler(() => undefined).run(({ cold }) => {
      const values = Object.fromEntries(pulls(test).map((each, n) => [String(n), each]));
      cold(`${Object.keys(values).join('')}|`, values)
        .pipe(window(test.deps))
        .subscribe(({ closed, moved }) => out.push([closed.flatMap((each) => deltasOf(each.closed)), moved.size]));
    });
    return out;
  }
  const late = 1000 * SECOND;

  test('closes the windows of sources that are silent', () => {
    const messages = (test: ReturnType<typeof underTest>) =>
      [0, 30, 70].map((t, offset) => pull([test.decoded(message(offset, t, BigInt(t)))]));
    expect(run((test) => [...messages(test), pull([], { at: late, ends: new Map([[0, 3]]) })])).toEqual([
      [[], 1],
      [[], 1],
      [[60], 1],
      [[10], 1],
    ]);
  });

  test('waits while there is more to read', () => {
    const first = (test: ReturnType<typeof underTest>) =>
      pull([test.decoded(message(0, 0)), test.decoded(message(1, 30))]);
    expect(run((test) => [first(test), pull([], { at: late, ends: new Map([[0, 9]]) })])).toEqual([
      [[], 1],
      [[], 0],
    ]);
    expect(run((test) => [first(test), pull([], { at: late, ends: new Map() })])).toEqual([
      [[], 1],
      [[], 0],
    ]);
  });
});

test('a dead letter is passed by, as it has been kept', () => {
  const { deps, own } = underTest();
  const owned = own();
  new TestScheduler(() => undefined).run(({ cold }) => {
    const value: Decoded = { messages: [], unreadable: [unreadable(4)], tick: null };
    cold('a|', { a: value })
      .pipe(window(deps))
      .subscribe(({ moved }) => expect([...moved]).toEqual([owned]));
  });
  expect(owned.next).toBe(5);
});

test('messages of a partition that is not owned are not counted, and their batches given back', () => {
  const { deps, decoded, own, ownership, events, back } = underTest();
  own();
  ownership.disown(0);
  const messages = [0, 60, 120].map((t, offset) => decoded(message(offset, t, BigInt(t))));
  const out: Windowed[] = [];
  of({ messages, unreadable: [], tick: null })
    .pipe(window(deps))
    .subscribe((part) => out.push(part));
  expect(out).toEqual([{ closed: [], moved: new Set(), isLast: true }]);
  expect(events).toEqual([]);
  expect(back).toHaveLength(3);
});

describe('a pull that finishes very much', () => {
  /** An hour of polls in one pull; all but the first wait for the last one. */
  const hour = (test: ReturnType<typeof underTest>): Decoded => ({
    messages: Array.from({ length: 61 }, (_, n) => test.decoded(message(n, 60 * n, BigInt(60 * n)))),
    unreadable: [],
    tick: null,
  });

  function started(some: Partial<WindowDeps>) {
    const test = underTest();
    const owned = test.own();
    const room = createCredits(2);
    const out: Windowed[] = [];
    const ends: unknown[] = [];
    of(hour(test))
      .pipe(window({ ...test.deps, room, mostWindows: 5, ...some }))
      .subscribe({
        next: (part) => out.push(part),
        error: (error) => ends.push(error),
        complete: () => ends.push('complete'),
      });
    const deltas = () => out.flatMap(({ closed }) => closed.flatMap((each) => deltasOf(each.closed)));
    return { out, room, owned, deltas, ends };
  }

  test('goes on in parts, each when there is room for it', async () => {
    const { out, room, owned, deltas } = started({});
    expect(out.map(({ isLast }) => isLast)).toEqual([false, false]);
    const counted = owned.next;
    await new Promise((resolve) => setImmediate(resolve));
    expect(owned.next).toBe(counted);
    while (out.at(-1)?.isLast === false) {
      const parts = out.length;
      room.give(1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(out.length).toBe(parts + 1);
    }
    expect(deltas()).toEqual(started({ mostWindows: 5000 }).deltas());
    expect(out.length).toBeGreaterThan(10);
    expect([owned.next, owned.unfinished]).toEqual([61, null]);
  });

  test('ends with the part under way when nothing more is to be begun', async () => {
    const stop = new AbortController();
    const { out, room, owned } = started({ stopping: stop.signal });
    stop.abort();
    room.give(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(out.map(({ isLast }) => isLast)).toEqual([false, false, true]);
    expect(owned.next).toBeLessThan(61);
  });

  test('that is not finished is read again, and what came after it: nothing is counted past a hole', async () => {
    for (const ends of ['stopping', 'signal'] as const) {
      const test = underTest();
      const owned = test.own();
      const end = new AbortController();
      const room = createCredits(1);
      const out: Windowed[] = [];
      const after = [test.decoded(message(61, 3660, 3660n))];
      of(hour(test), { messages: after, unreadable: [], tick: null })
        .pipe(window({ ...test.deps, room, mostWindows: 5, [ends]: end.signal }))
        .subscribe((part) => out.push(part));
      end.abort();
      if (ends === 'stopping') room.give(1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(out.at(-1)).toEqual({ closed: [], moved: new Set(), isLast: true });
      expect(owned.next).toBeLessThan(61);
    }
  });

  test('ends without a fault when time is up before there is room', async () => {
    const stop = new AbortController();
    const { ends } = started({ signal: stop.signal });
    stop.abort(new Error('time is up'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toEqual(['complete']);
  });
});
