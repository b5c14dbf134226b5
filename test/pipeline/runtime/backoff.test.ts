import { expect, test } from 'vitest';
import { backoffMs } from '../../../pipeline/runtime/backoff.ts';

test.each([
  [1, 0, 1000],
  [1, 0.999_999, 500],
  [2, 0, 2000],
  [6, 0, 32_000],
  [7, 0, 60_000],
  [7, 0.5, 45_000],
  [10_000, 0, 60_000],
])('after %i failures in a row with chance %d: %i ms', (failures, random, ms) => {
  expect(backoffMs(failures, random)).toBe(ms);
});
