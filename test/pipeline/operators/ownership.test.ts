import { expect, test } from 'vitest';
import { createOwnership, isLive } from '../../../pipeline/operators/ownership.ts';
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
  expect(isLive(ownership.of(index), offset)).toBe(live);
});

test('a partition taken away is nobody’s until it is taken up again', () => {
  const ownership = createOwnership();
  const before = ownedOf({ liveFrom: 5 });
  ownership.own(before);
  expect(ownership.of(0)).toBe(before);
  ownership.disown(0);
  expect(ownership.of(0)).toBeUndefined();
  const after = ownedOf({ liveFrom: 7 });
  ownership.own(after);
  expect([...ownership.all()]).toEqual([after]);
});

test('a partition that came back is not the one that messages of before were of', () => {
  const ownership = createOwnership();
  ownership.own(ownedOf({ liveFrom: 5 }));
  const term = ownership.term();
  ownership.own(ownedOf({ index: 1, liveFrom: 5 }));
  expect(ownership.of(0, term)).toBe(ownership.of(0));
  expect(ownership.of(1, term)).toBeUndefined();
  ownership.disown(0);
  const again = ownedOf({ liveFrom: 7 });
  ownership.own(again);
  expect(ownership.of(0, term)).toBeUndefined();
  expect(ownership.of(0, ownership.term())).toBe(again);
});
