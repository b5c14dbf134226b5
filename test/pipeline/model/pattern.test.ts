import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { patternMatcher } from '../../../pipeline/model/pattern.ts';
import { available, pythonHome } from '../../services/service.ts';

const PATTERNS = [
  '*',
  '?',
  '',
  'cpu',
  'cp?',
  'c*',
  '*u',
  'c*u',
  '*.rate',
  'a.b',
  '[abc]',
  '[!abc]',
  '[a-c]',
  '[!a-c]',
  '[c-a]',
  '[!c-a]',
  '[]',
  '[]]',
  '[!]]',
  '[]a]',
  '[!]',
  '[',
  '[a',
  '[!',
  'a[',
  '[a-]',
  '[-a]',
  '[a-c-e]',
  '[^a]',
  '[^]',
  '[a^]',
  '[\\d]',
  '\\d',
  '\\',
  '[\\]',
  '[[]',
  '[[a]',
  '[a[]',
  '(a)',
  'a|b',
  '^',
  '$',
  '{2}',
  '+',
  '[*]',
  '[?]',
  '[a-b-c]',
  '[--/]',
  '[b-a]',
  'x[b-a]',
  '[ab-',
  '[&&]',
  '[~]',
  '[a-zA-Z0-9_]',
  'é',
  '[é]',
];
const TEXTS = [
  '',
  'a',
  'b',
  'c',
  'd',
  'e',
  '-',
  '^',
  ']',
  '[',
  '!',
  '\\',
  '\\d',
  '1',
  'cpu',
  'CPU',
  'cpux',
  'a.b',
  'axb',
  'x.rate',
  '(a)',
  'a|b',
  '$',
  '{2}',
  '+',
  '*',
  '?',
  '/',
  '.',
  'a\nb',
  '[a',
  '[!',
  'a[',
  '[]',
  '[ab-',
  '&',
  '~',
  '_',
  'é',
  '[!]',
];

const matched = (): readonly (readonly string[])[] => PATTERNS.map((pattern) => TEXTS.filter(patternMatcher(pattern)));

describe('a pattern', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['cpu*', ['cpu', 'cpu_util'], ['vcpus']],
    ['a.b', ['a.b'], ['axb']],
    ['[!a-c]', ['d'], ['a', 'b', 'c', 'dd']],
    ['[]a]', [']', 'a'], ['b']],
    ['[c-a]', [], ['a', 'b', 'c', '-']],
    ['[\\d]', ['d', '\\'], ['1']],
    ['[', ['['], ['']],
  ])('%s', (pattern, texts, others) => {
    const matches = patternMatcher(pattern);
    expect(texts.filter((text) => !matches(text))).toEqual([]);
    expect(others.filter(matches)).toEqual([]);
  });
});

describe.skipIf(!(await available('python')))('a pattern, by fnmatch itself [python]', () => {
  it('matches what fnmatch.fnmatchcase matches', () => {
    const script =
      'import fnmatch, json, sys; p, t = json.load(sys.stdin); print(json.dumps([[x for x in t if fnmatch.fnmatchcase(x, y)] for y in p]))';
    const input = JSON.stringify([PATTERNS, TEXTS]);
    const foreign = JSON.parse(execFileSync(`${pythonHome}/bin/python`, ['-c', script], { input }).toString());
    expect(matched()).toEqual(foreign);
  });
});
