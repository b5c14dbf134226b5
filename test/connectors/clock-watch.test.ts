import { expect, test } from 'vitest';
import { watchClock } from '../../connectors/clock-watch.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { handClock } from './hand-clock.ts';

test('each step of the clock is told once, either way', async () => {
  const clock = handClock();
  const stop = new AbortController();
  const events: InternalEvent[] = [];
  const watching = watchClock(clock, (event) => void events.push(event), stop.signal);
  await clock.advance(5000);
  clock.step(-3_600_000);
  await clock.advance(5000);
  clock.step(50);
  await clock.advance(1000);
  clock.step(2000);
  await clock.advance(5000);
  stop.abort();
  await watching;
  expect(events).toEqual([
    { event: 'clock.stepped', stepUs: -3_600_000_000 },
    { event: 'clock.stepped', stepUs: 2_000_000 },
  ]);
});
