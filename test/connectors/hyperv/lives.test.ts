import { describe, expect, it } from 'vitest';
import type { Vm } from '../../../connectors/hyperv/inventory.ts';
import { Lives } from '../../../connectors/hyperv/lives.ts';

const vm = (over: Partial<Vm>): Vm => ({
  guid: 'g',
  name: 'web',
  state: 'RUNNING',
  novaUuid: null,
  processId: null,
  changedAt: 'noon',
  onTimeMs: 5000,
  vcpus: 1,
  nics: [],
  disks: [],
  ...over,
});
const other = vm({ guid: 'other', processId: '9' });

/** The names of g's life, inventory by inventory. */
function names(others: readonly Vm[], ...seen: readonly Partial<Vm>[]): (string | undefined)[] {
  const lives = new Lives('hv1');
  return seen.map((each, n) => {
    lives.update([vm(each), ...others], n * 1e7);
    return lives.of('g')?.epoch;
  });
}

describe('a life has one name', () => {
  const LONG = { onTimeMs: 600_000 };

  it.each<[string, readonly Vm[], readonly Partial<Vm>[], readonly (string | undefined)[]]>([
    ['that waits for the process', [other], [{}, { processId: '7' }], [undefined, 'hv1/g/7']],
    ['that waits for the process of the only VM', [], [{}, { processId: '7' }], [undefined, 'hv1/g/7']],
    [
      'while the process is not told',
      [other],
      [{ processId: '7' }, { changedAt: 'one', onTimeMs: 9000 }, { processId: '7' }],
      ['hv1/g/7', 'hv1/g/7', 'hv1/g/7'],
    ],
    ['unless it has begun anew meanwhile', [other], [{ processId: '7', ...LONG }, {}], ['hv1/g/7', undefined]],
    ['and another process another one', [], [{ processId: '7' }, { processId: '8' }], ['hv1/g/7', 'hv1/g/8']],
    [
      'though it is paused, of a host without processes',
      [],
      [LONG, { onTimeMs: 600_000, state: 'PAUSED', changedAt: 'one' }],
      ['hv1/g/noon', 'hv1/g/noon'],
    ],
    [
      'though its process is told late',
      [],
      [LONG, { ...LONG, processId: '7' }, { processId: '8' }],
      ['hv1/g/noon', 'hv1/g/noon', 'hv1/g/8'],
    ],
    [
      'until it is reset, of a host without processes',
      [],
      [LONG, { onTimeMs: 70_000, changedAt: 'one' }, { ...LONG, changedAt: 'two' }],
      ['hv1/g/noon', 'hv1/g/one', 'hv1/g/one'],
    ],
  ])('%s', (_, others, seen, expected) => {
    expect(names(others, ...seen)).toEqual(expected);
  });
});
