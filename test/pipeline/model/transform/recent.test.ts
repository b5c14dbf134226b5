import { expect, it } from 'vitest';
import { createRecent } from '../../../../pipeline/model/transform/recent.ts';

const DAY = 86_400_000_000;

it('keeps what was set within a week of the newest, whatever the order of times', () => {
  const recent = createRecent<number>();
  recent.set('old', 1, 0);
  recent.set('kept', 2, 7 * DAY);
  recent.set('old', 3, DAY);
  recent.set('new', 4, 8 * DAY);
  recent.forget();
  expect([...recent.entries()]).toEqual([
    ['old', 3],
    ['kept', 2],
    ['new', 4],
  ]);
  recent.set('new', 5, 8 * DAY + 1);
  recent.forget();
  // What stands before in the order of setting is looked at first.
  recent.set('kept', 6, 20 * DAY);
  recent.forget();
  expect([...recent.entries()]).toEqual([['kept', 6]]);
});

it('keeps the latest where there are too many', () => {
  const recent = createRecent<number>(2);
  for (const key of ['a', 'b', 'c', 'a']) recent.set(key, 1, 0);
  recent.forget();
  expect([...recent.entries()].map(([key]) => key)).toEqual(['a', 'c']);
});
