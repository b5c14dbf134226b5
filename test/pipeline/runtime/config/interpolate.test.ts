// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax under test
import { describe, expect, it } from 'vitest';
import { interpolate } from '../../../../pipeline/runtime/config/interpolate.ts';

describe('interpolation', () => {
  it.each([
    ['a${X}b', 'a1b'],
    ['${NO:-d}', 'd'],
    ['${EMPTY:-d}', 'd'],
    ['${EMPTY}', ''],
    ['${NO:-}', ''],
    ['$${X}', '${X}'],
    ['${DOLLAR}', '${X}'],
    ['$X $ {X}', '$X $ {X}'],
  ])('%j', (text, expected) => {
    const env = { X: '1', EMPTY: '', DOLLAR: '${X}' };
    expect(interpolate(text, env)).toEqual({ text: expected, faults: [] });
  });

  it.each([
    ['${NO}', 'NO is not set; set it'],
    ['${NO:?ask ops}', 'NO is not set; ask ops'],
    ['${EMPTY:?ask ops}', 'EMPTY is not set; ask ops'],
    ['${X', 'is no reference'],
    ['${1X}', 'is no reference'],
  ])('%j is a fault', (text, fault) => {
    expect(interpolate(text, { X: '1', EMPTY: '' }).faults.join()).toContain(fault);
  });
});
