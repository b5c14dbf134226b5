import { expect, test } from 'vitest';
import { LATE, within } from '../../../pipeline/kafka/deadline.ts';
import { handClock } from '../../connectors/hand-clock.ts';

const silent = () => undefined;

test('an outcome in time is the outcome', async () => {
  const clock = handClock();
  expect(await within(clock, 10, Promise.resolve('done'), silent)).toBe('done');
  await expect(within(clock, 10, Promise.reject(new Error('broken')), silent)).rejects.toThrow('broken');
});

test('after the deadline it is late, and a failure that comes then is told', async () => {
  const clock = handClock();
  const told: unknown[] = [];
  let fail: (error: Error) => void = silent;
  const work = new Promise<string>((_, reject) => {
    fail = reject;
  });
  const outcome = within(clock, 10, work, (error) => told.push(error));
  await clock.advance(10);
  expect(await outcome).toBe(LATE);
  fail(new Error('after all'));
  await clock.advance(0);
  expect(told).toEqual([new Error('after all')]);
});
