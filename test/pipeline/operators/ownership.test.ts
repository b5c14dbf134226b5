import { expect, test } from 'vitest';
import { createOwnership } from '../../../pipeline/operators/ownership.ts';
import { ownedOf } from './owned.ts';

test.each([
  ['before what is live', 0, 4, false],
  ['the first live one', 0, 5, true],
  ['after it', 0, 6, true],
  ['counted before', 1, 7, false],
  ['not yet counted', 1, 8, true],
  ['of a partition that is not owned', 2, 6, false],
])('a message %s', (_what, index, offset, live) => {
  const ownership = createOwnership();
  ownership.own(ownedOf({ liveFrom: 5 }));
  ownership.own(ownedOf({ index: 1, liveFrom: 5, next: 8 }));
  expect(ownership.isLive(index, offset)).toBe(live);
});

test('a partition taken away is nobody’s until it is taken up again', () => {
  const ownership = createOwnership();
  const before = ownedOf({ liveFrom: 5 });
  ownership.own(before);
  expect(ownership.of(0)).toBe(before);
  ownership.disown(0);
  expect(ownership.of(0)).toBeUndefined();
  expect(ownership.isLive(0, 9)).toBe(false);
  const after = ownedOf({ liveFrom: 7 });
  ownership.own(after);
  expect([...ownership.all()]).toEqual([after]);
});
