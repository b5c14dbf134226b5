import { expect, it } from 'vitest';
import { humanBytes, humanTime, sumOf } from '../../../pipeline/cli/human.ts';
import { type Column, formatTable } from '../../../pipeline/cli/table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'NAME', align: 'left', shrink: true },
  { title: 'N', align: 'right' },
];

it('aligns columns', () => {
  expect(
    formatTable(COLUMNS, [
      ['a', '1'],
      ['bcdefgh', '234'],
    ]),
  ).toEqual(['NAME       N', 'a          1', 'bcdefgh  234']);
});

it('cuts what may shrink where the terminal is narrow, not below 8 characters', () => {
  const rows = [['abcdefghijklmnop', '1']];
  expect(formatTable(COLUMNS, rows, 15)).toEqual(['NAME          N', 'abcdefghijk…  1']);
  expect(formatTable(COLUMNS, rows, 3)).toEqual(['NAME      N', 'abcdefg…  1']);
});

it('cuts what is told apart by its end in the middle, and what has a least width last', () => {
  const columns: readonly Column[] = [
    { title: 'UUID', align: 'left', shrink: 'middle', least: 36 },
    { title: 'NAME', align: 'left', shrink: 'middle' },
  ];
  const rows = [['00000000-0000-0000-0000-000000000001', 'instance-00000001']];
  expect(formatTable(columns, rows, 50)[1]).toBe('00000000-0000-0000-0000-000000000001  instan…00001');
  expect(formatTable(columns, rows, 40)[1]).toBe('00000000-0000-0…0-000000000001  inst…001');
});

it('aligns what takes two columns a character, or none', () => {
  const rows = [
    ['虚拟机', '1'],
    ['mu\u0308ller', '2'],
  ];
  expect(formatTable(COLUMNS, rows)).toEqual(['NAME    N', '虚拟机  1', 'mu\u0308ller  2']);
});

it('lets nothing turn the text around, and keeps what joins letters', () => {
  const rows = [
    ['a\u202eb\u2066\u200fc', '👩‍💻'],
    ['\ud800', '𝒜'],
  ];
  expect(formatTable(COLUMNS, rows).slice(1)).toEqual(['a?b??c  👩‍💻', '?        𝒜']);
});

it('lets no cell move the cursor', () => {
  expect(formatTable(COLUMNS, [['a\u001b[2J\r\n\u009b', '1']])[1]).toBe('a?[2J???  1');
});

it.each([
  [null, '-'],
  [0n, '0 B'],
  [1023n, '1023 B'],
  [1536n, '1.5 KiB'],
  [18_446_744_073_709_551_615n, '16.0 EiB'],
])('%s bytes are %s', (bytes, text) => {
  expect(humanBytes(bytes)).toBe(text);
});

it.each([
  [null, '-'],
  [0n, '0.0 s'],
  [12_340_000_000n, '12.3 s'],
  [754_000_000_000n, '12m 34s'],
  [11_520_000_000_000n, '3h 12m'],
  [273_600_000_000_000n, '3d 4h'],
])('%s ns are %s', (ns, text) => {
  expect(humanTime(ns)).toBe(text);
});

it('sums what is there', () => {
  expect(sumOf([1n, null, 2n])).toBe(3n);
  expect(sumOf([null])).toBeNull();
  expect(sumOf([])).toBeNull();
});
