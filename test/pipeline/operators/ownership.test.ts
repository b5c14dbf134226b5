import { expect, test } from 'vitest';
import { createOwnership } from '../../../pipeline/operators/ownership.ts';
import { rulesOf } from '../model/polls.ts';

test.each([
  ['before what is live', 0, 4, false],
  ['the first live one', 0, 5, true],
  ['after it', 0, 6, true],
  ['of a partition that is not owned', 1, 6, false],
])('a message %s', (_what, partition, offset, live) => {
  const ownership = createOwnership(rulesOf());
  ownership.own(0, 5);
  expect(ownership.isLive(partition, offset)).toBe(live);
});

test('a partition taken away is nobody’s, its state gone for whoever takes it up again', () => {
  const ownership = createOwnership(rulesOf());
  ownership.own(0, 5);
  const before = ownership.of(0);
  expect(before).toMatchObject({ liveFrom: 5 });
  ownership.disown(0);
  expect(ownership.of(0)).toBeUndefined();
  expect(ownership.isLive(0, 9)).toBe(false);
  ownership.own(0, 7);
  expect(ownership.of(0)).toMatchObject({ liveFrom: 7 });
  expect(ownership.of(0)?.partition).not.toBe(before?.partition);
});
