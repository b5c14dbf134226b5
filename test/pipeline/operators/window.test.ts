import { TestScheduler } from 'rxjs/testing';
import { describe, expect, test } from 'vitest';
import type { SliceBatch } from '../../../avro/batch.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';
import { createDecoder } from '../../../pipeline/operators/decode.ts';
import { createOwnership } from '../../../pipeline/operators/ownership.ts';
import type { Decoded, RawMessage } from '../../../pipeline/operators/pull.ts';
import { window, windowMessage } from '../../../pipeline/operators/window.ts';
import { rulesOf, SECOND } from '../model/polls.ts';
import { message, reported } from './pulls.ts';

function underTest(rules: Rules = rulesOf()) {
  const decoder = createDecoder();
  const ownership = createOwnership(rules);
  const { events, report } = reported();
  const back: SliceBatch[] = [];
  const deps = { rules, ownership, report, giveBack: (batch: SliceBatch) => void back.push(batch) };
  const decoded = ({ value, ...rest }: RawMessage) => ({ ...rest, bytes: value.length, batch: decoder.read(value) });
  /** The deltas that messages of the given times (seconds), at offsets from 0 on, let out. */
  const play = (...times: readonly number[]) =>
    times.map((t, offset) =>
      windowMessage(deps, decoded(message(offset, t, BigInt(t)))).flatMap(({ counters }) =>
        counters.filter(({ block }) => block.kind === 2).map(({ delta }) => delta),
      ),
    );
  return { deps, ownership, events, back, decoded, play };
}

describe('windows', () => {
  test('come out with the message that finishes them', () => {
    const { ownership, play, events, back } = underTest();
    ownership.own(0, 0);
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
    const { ownership, play, events } = underTest();
    ownership.own(0, 4);
    expect(play(0, 30, 60, 90, 120)).toEqual([[], [], [], [], [60]]);
    expect(events.map(({ event }) => event)).toEqual(['message.read']);
  });

  test('are not counted for a partition that is not owned, and its batch is given back', () => {
    const { ownership, play, events, back } = underTest();
    expect(play(0, 60, 120)).toEqual([[], [], []]);
    expect(events).toEqual([]);
    expect(back).toHaveLength(3);
    ownership.own(0, 0);
    ownership.disown(0);
    expect(play(0, 60)).toEqual([[], []]);
  });

  test('begin anew with a partition that comes back', () => {
    const { ownership, play } = underTest();
    ownership.own(0, 0);
    play(0, 60);
    ownership.disown(0);
    ownership.own(0, 0);
    expect(play(120, 180)).toEqual([[], [60]]);
  });

  test('hold a batch until the watermark has passed it', () => {
    const { ownership, play, back } = underTest(rulesOf({}, { reorder: 30 * SECOND }));
    ownership.own(0, 0);
    play(0, 10);
    expect(back).toEqual([]);
    play(40);
    expect(back).toHaveLength(2);
  });

  test('tell drops and counter events by name, those that happened', () => {
    const { ownership, play, events } = underTest();
    ownership.own(0, 0);
    play(0, 10, 10, 5);
    expect(events.filter(({ event }) => event !== 'message.read')).toEqual([
      { event: 'counter', kind: 'first', count: 1 },
      { event: 'reading.dropped', reason: 'duplicate', count: 1 },
      { event: 'reading.dropped', reason: 'late', count: 1 },
    ]);
  });

  test('pass pull by pull, with its offsets, as a hot stream gives them', () => {
    const { deps, ownership, decoded } = underTest();
    ownership.own(0, 0);
    const pullAt = (offset: number, t: number): Decoded => ({
      messages: [decoded(message(offset, t))],
      unreadable: [],
      next: new Map([[0, offset + 1]]),
    });
    const [a, b] = [pullAt(0, 0), pullAt(1, 10)];
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
      ({ hot, expectObservable, expectSubscriptions }) => {
        const pulls = hot('-a-b-|', { a, b });
        expectObservable(pulls.pipe(window(deps))).toBe('-c-d-|', {
          c: { next: a.next, closed: [] },
          d: { next: b.next, closed: [] },
        });
        expectSubscriptions(pulls.subscriptions).toBe('^----!');
      },
    );
  });
});
