import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meterListFault } from '../../../pipeline/cli/ceilometer/meter-list.ts';
import { METERS, select } from '../../../pipeline/model/meters.ts';
import { type Judge, startJudge } from '../../services/ceilometer9/judge.ts';
import { available } from '../../services/service.ts';

const names = METERS.map(({ name }) => name);

/** Pieces of names, and what fnmatch reads in its own way. */
const pieces = fc.constantFrom(
  ...['*', '?', '.', 'cpu', '_util', 'disk', 'device', 'network', 'in', 'read', 'bytes', 'rate', 'delta', 'memory'],
  ...[
    '[a-m]*',
    '[!a-m]*',
    '[]]',
    '[!]]*',
    '[',
    ']',
    '[^c]pu',
    '[c-]pu',
    '\\',
    '+',
    '$',
    '(',
    '|',
    '[[]',
    '[\\w]*',
    '^',
  ],
);
const patterns = fc.oneof(
  fc.constantFrom(...names),
  fc.array(pieces, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
);
const lists = fc.oneof(
  fc.array(patterns, { minLength: 1, maxLength: 4 }),
  fc.array(
    patterns.map((pattern) => `!${pattern}`),
    { minLength: 1, maxLength: 4 },
  ),
  fc.array(patterns, { minLength: 1, maxLength: 3 }).map((some) => ['*', ...some.map((pattern) => `!${pattern}`)]),
  fc.array(
    fc.tuple(fc.constantFrom('', '!', '*'), patterns).map((parts) => parts.join('')),
    { minLength: 1, maxLength: 4 },
  ),
);

describe.skipIf(!(await available('ceilometer9')))('meters of a source [ceilometer9]', () => {
  let judge: Judge;
  beforeAll(() => {
    judge = startJudge('pipeline.py');
  });
  afterAll(() => judge.end());

  it("are those of Ceilometer's is_supported, and refused lists the same", async () => {
    let legal = 0;
    await fc.assert(
      fc.asyncProperty(lists, async (meters) => {
        const verdict = await judge.ask(JSON.stringify({ meters, names }));
        const fault = meterListFault(meters);
        expect(fault !== null).toBe(typeof verdict === 'string');
        if (fault !== null) return;
        legal++;
        const selected = new Set(
          select(meters)
            .flat(2)
            .map(({ name }) => name),
        );
        expect(names.filter((name) => selected.has(name))).toEqual(
          names.filter((_, index) => (verdict as boolean[])[index]),
        );
      }),
      { numRuns: 3000, seed: 2_013_1 },
    );
    expect(legal).toBeGreaterThan(1000);
  });
});
