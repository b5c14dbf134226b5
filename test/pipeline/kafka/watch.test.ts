import { expect, test } from 'vitest';
import { keepWatch } from '../../../pipeline/kafka/watch.ts';
import { handClock } from '../../connectors/hand-clock.ts';

test('checks now and then while messages are pulled, serves every second while none are, and stops', async () => {
  const clock = handClock();
  const stop = new AbortController();
  const calls = { idle: 0, check: 0 };
  const troubles: unknown[] = [];
  let pulledAt = 0;
  const watched = keepWatch({
    clock,
    stop: stop.signal,
    pulledAt: () => pulledAt,
    idle: async () => {
      calls.idle++;
    },
    check: async () => {
      calls.check++;
      throw new Error('no answer');
    },
    trouble: (error) => troubles.push(error),
  });
  for (let second = 0; second < 40; second++) {
    await clock.advance(1000);
    pulledAt = clock.monotonic();
  }
  expect(calls).toEqual({ idle: 0, check: 2 });
  expect(troubles).toEqual([new Error('no answer'), new Error('no answer')]);
  await clock.advance(10_000);
  expect(calls).toEqual({ idle: 5, check: 2 });
  stop.abort();
  await watched;
});
