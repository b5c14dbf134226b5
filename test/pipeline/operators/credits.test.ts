import { expect, test } from 'vitest';
import { createCredits } from '../../../pipeline/operators/credits.ts';
import { quiet } from './pulls.ts';

const { signal } = new AbortController();

test('so many pulls may be under way; the next begins when one is done with', async () => {
  const credits = createCredits(2);
  for (let pull = 0; pull < 2; pull++) {
    await credits.free(signal);
    credits.take();
  }
  let free = false;
  const third = credits.free(signal).then(() => {
    free = true;
  });
  await quiet();
  expect(free).toBe(false);
  credits.give(1);
  await third;
});

test('waiting for a credit ends with the signal, before or meanwhile', async () => {
  const credits = createCredits(1);
  credits.take();
  const stop = new AbortController();
  const waiting = credits.free(stop.signal);
  stop.abort(new Error('stopping'));
  await expect(waiting).rejects.toThrow('stopping');
  await expect(credits.free(stop.signal)).rejects.toThrow('stopping');
  credits.give(1);
  await expect(credits.free(stop.signal)).rejects.toThrow('stopping');
});

test('idle is when none is under way: at once, or when the last is done with', async () => {
  const credits = createCredits(3);
  await credits.idle();
  credits.take();
  credits.take();
  let idle = 0;
  const both = [credits.idle(), credits.idle()].map((each) => each.then(() => idle++));
  credits.give(1);
  await quiet();
  expect(idle).toBe(0);
  credits.give(1);
  await Promise.all(both);
});

test('asking for a credit is nothing under way', async () => {
  const credits = createCredits(1);
  await credits.free(signal);
  await credits.idle();
});
