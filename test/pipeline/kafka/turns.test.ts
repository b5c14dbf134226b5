import { expect, test } from 'vitest';
import { createTurns } from '../../../pipeline/kafka/turns.ts';

test('work runs one after the other, in order, and a failure ends only its own', async () => {
  const inTurn = createTurns();
  const log: string[] = [];
  const work = (name: string, fail = false) =>
    inTurn(async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      if (fail) throw new Error(name);
      return name;
    });
  const outcomes = await Promise.allSettled([work('a'), work('b', true), work('c')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});
