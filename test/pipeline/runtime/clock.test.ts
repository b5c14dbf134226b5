import { expect, test } from 'vitest';
import { steppingClock, systemClock } from '../../../pipeline/runtime/clock.ts';

test('a clock goes on evenly between the steps of the system, and follows those', () => {
  let wall = 1_700_000_000_000;
  let monotonic = 5000;
  const now = steppingClock(
    () => Math.floor(wall),
    () => monotonic,
  );
  const pass = (ms: number, wallMs = ms) => {
    monotonic += ms;
    wall += wallMs;
    return now() / 1000 - 1_700_000_000_000;
  };
  expect(pass(0.125)).toBe(0.125);
  expect(pass(1000.5)).toBe(1000.625);
  // Set forward by an hour, and back; and a machine that slept for a minute.
  expect(pass(1, 3_600_001)).toBeCloseTo(3_601_001.625, -1);
  expect(pass(1, -3_599_999)).toBeCloseTo(1002.625, -1);
  expect(pass(0, 60_000)).toBeCloseTo(61_002.625, -1);
});

test('a sleep that is longer than a timer can be goes on until it is told otherwise', async () => {
  await expect(systemClock.sleep(2 ** 31, AbortSignal.timeout(50))).rejects.toThrow('aborted');
});
