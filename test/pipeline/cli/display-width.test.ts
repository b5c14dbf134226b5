import { expect, it } from 'vitest';
import { cut, headOf, widthOf } from '../../../pipeline/cli/display-width.ts';

it.each([
  ['abc', 3],
  ['müller', 6],
  ['mu\u0308ller', 6],
  ['虚拟机', 6],
  ['가나', 4],
  ['ﾊﾝ', 2],
  ['🖥️ x', 4],
  ['👩‍💻', 2],
  ['𝒜', 1],
  ['', 0],
])('%s takes %i columns', (text, width) => {
  expect(widthOf(text)).toBe(width);
});

it.each([
  ['abcdefgh', 5, 'end', 'abcd…'],
  ['instance-0012', 9, 'middle', 'inst…0012'],
  ['01234567-89ab-cdef-0123-456789abcdef', 12, 'middle', '012345…bcdef'],
  ['虚拟机器', 6, 'end', '虚拟…'],
  ['虚拟机器', 5, 'middle', '虚…器'],
  ['a𝒜𝒜𝒜', 3, 'end', 'a𝒜…'],
  ['mu\u0308ller', 3, 'end', 'mu\u0308…'],
  ['short', 8, 'middle', 'short'],
] as const)('%s in %i columns, cut at the %s', (text, width, where, expected) => {
  expect(cut(text, width, where)).toBe(expected);
});

it('cuts no character in two', () => {
  expect([headOf('a🚀b', 2), headOf('a🚀b', 3), headOf('a🚀b', 9)]).toEqual(['a', 'a🚀', 'a🚀b']);
});
