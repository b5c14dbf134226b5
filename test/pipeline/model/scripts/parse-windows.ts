import type { Rules } from '../../../../pipeline/model/rules.ts';
import { durationOf } from './times.ts';
import { readOptions, type Words } from './words.ts';

/** Windows of a minute, nothing waited for, no room for surprises but that of the defaults. */
export const DEFAULT_RULES: Rules = {
  windows: { sizes: [60e6], graces: ['auto'], anchored: false, revise: false },
  counters: { maxSkew: 60e6, fillMax: 1000, edge: false },
  reorder: 0,
};

/** Reads what follows `windows`: the sizes, and how they are filled and closed. */
export function readRules(words: Words): Rules {
  const sizes: number[] = [];
  for (let size = durationOf(words.peek()); size !== undefined; size = durationOf(words.peek())) {
    sizes.push(size);
    words.next('a size');
  }
  if (sizes.length === 0) return words.fail('the size of the windows is missing, like 60s');
  let grace: number | 'auto' = 'auto';
  let [anchored, revise] = [false, false];
  let { reorder } = DEFAULT_RULES;
  let { maxSkew, fillMax, edge } = DEFAULT_RULES.counters;
  readOptions(words, {
    grace: () => {
      grace = words.duration('the grace');
    },
    reorder: () => {
      reorder = words.duration('the reorder bound');
    },
    mode: () => {
      anchored = oneOf(words, 'interpolate', 'anchored');
    },
    gaps: () => {
      edge = oneOf(words, 'spread', 'edge');
    },
    late: () => {
      revise = oneOf(words, 'carry', 'revise');
    },
    'fill-max': () => {
      fillMax = Number(words.count('the windows of a gap'));
    },
    'max-skew': () => {
      maxSkew = words.duration('the skew');
    },
  });
  const windows = { sizes, graces: sizes.map(() => grace), anchored, revise };
  return { windows, counters: { maxSkew, fillMax, edge }, reorder };
}

/** Which of the two the next word is: false for the first. */
function oneOf(words: Words, first: string, second: string): boolean {
  const word = words.next(`${first} or ${second}`);
  if (word !== first && word !== second) return words.fail(`"${word}" is neither ${first} nor ${second}`);
  return word === second;
}
