import { expect, test } from 'vitest';
import { createEnds } from '../../../pipeline/operators/ends.ts';
import { createOwnership } from '../../../pipeline/operators/ownership.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { ownedOf } from './owned.ts';
import { quiet, reported } from './pulls.ts';

const NOW = 1_700_000_000_000_000;

function underTest(found: () => Promise<ReadonlyMap<number, number>>) {
  const clock = handClock(NOW);
  const ownership = createOwnership();
  const { events, report } = reported();
  const stop = new AbortController();
  const ends = createEnds({ ends: found, ownership, clock, report });
  const watching = ends.watch(stop.signal);
  return { clock, ownership, events, ends, stop, watching };
}

test('what a look finds is taken once, dated before it by what clocks may differ', async () => {
  const { clock, ends, stop, watching } = underTest(async () => new Map([[0, 7]]));
  await quiet();
  expect(ends.take()).toBeNull();
  await clock.advance(5000);
  expect(ends.take()).toEqual({ at: NOW + 3e6, ends: new Map([[0, 7]]) });
  expect(ends.take()).toBeNull();
  stop.abort();
  await watching;
});

test('tells how far each partition that is owned lags behind its end, and whether its books balance', async () => {
  const found = new Map([
    [0, 7],
    [1, 9],
    [2, 4],
  ]);
  const { clock, ownership, events } = underTest(async () => found);
  ownership.own(ownedOf({ next: 4 }));
  ownership.own(ownedOf({ index: 1, liveFrom: 10, next: 2 }));
  await clock.advance(5000);
  expect(events).toEqual([
    { event: 'residual', partition: 0, amount: 0n },
    { event: 'residual', partition: 1, amount: 0n },
    { event: 'lag', partition: 0, messages: 3 },
    { event: 'lag', partition: 1, messages: 0 },
  ]);
});

test('a look that fails is told, and the next one is taken', async () => {
  let looks = 0;
  const { clock, events, ends } = underTest(async () => {
    if (looks++ === 0) throw new Error('away');
    return new Map();
  });
  await clock.advance(5000);
  expect(events).toMatchObject([{ event: 'kafka.trouble', client: 'lag' }]);
  expect(ends.take()).toBeNull();
  await clock.advance(5000);
  expect(ends.take()).not.toBeNull();
});
