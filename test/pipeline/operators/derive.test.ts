import { TestScheduler } from 'rxjs/testing';
import { expect, test } from 'vitest';
import { select } from '../../../pipeline/model/meters.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { derive } from '../../../pipeline/operators/derive.ts';
import type { Derived, Windowed } from '../../../pipeline/operators/pull.ts';
import { pollOf, received, rulesOf, SECOND, take } from '../model/polls.ts';
import { ownedOf } from './owned.ts';
import { reported } from './pulls.ts';

const sizes = [60 * SECOND, 120 * SECOND];
/** What ends the two first minutes, and with the second of them the two minutes. */
function closed(): Windowed {
  const rules = rulesOf({ sizes });
  const owned = ownedOf({ partition: createPartition(rules) });
  const each = [0, 60, 120].map((t) => take(owned.partition, rules, pollOf(t, [received(t, BigInt(t))])).closed);
  return { closed: each.map((windows) => ({ owned, closed: windows })), moved: new Set([owned]), isLast: true };
}

test('makes the selected meters of every window and tells how many by size', () => {
  const { events, report } = reported();
  const rules = {
    sizes,
    selection: select(['network.incoming.bytes', 'network.incoming.bytes.delta']),
    gauges: 'last' as const,
  };
  const windows = closed();
  let out: Derived | undefined;
  new TestScheduler((actual) => {
    out = actual[0]?.notification.value;
    expect(
      actual.map(({ frame, notification }: { frame: number; notification: { kind: string } }) => [
        frame,
        notification.kind,
      ]),
    ).toEqual([
      [1, 'N'],
      [3, 'C'],
    ]);
  }).run(({ hot, expectObservable }) => {
    expectObservable(hot('-a-|', { a: windows }).pipe(derive(rules, report))).toBe('');
  });
  expect(out?.moved).toBe(windows.moved);
  expect(out?.samples.every(({ owned }) => windows.moved.has(owned))).toBe(true);
  expect(
    out?.samples
      .flatMap(({ samples }) => samples)
      .map((sample) => [sample.name.slice(17), sample.windowStart / SECOND, sample.windowEnd / SECOND, sample.volume]),
  ).toEqual([
    ['bytes', 0, 60, 60],
    ['bytes.delta', 0, 60, 60],
    ['bytes', 60, 120, 120],
    ['bytes.delta', 60, 120, 60],
    ['bytes', 0, 120, 120],
    ['bytes.delta', 0, 120, 120],
  ]);
  expect(events).toEqual([
    { event: 'windows.emitted', size: sizes[0], windows: 5, samples: 4 },
    { event: 'windows.emitted', size: sizes[1], windows: 3, samples: 2 },
  ]);
});

test('a pull that ends no window tells nothing', () => {
  const { events, report } = reported();
  const rules = { sizes, selection: select(['*']), gauges: 'last' as const };
  const moved = new Set<never>();
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ cold, expectObservable }) => {
    expectObservable(cold('a|', { a: { closed: [], moved, isLast: true } }).pipe(derive(rules, report))).toBe('b|', {
      b: { samples: [], moved, isLast: true },
    });
  });
  expect(events).toEqual([]);
});
