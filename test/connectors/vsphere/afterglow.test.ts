import { describe, expect, it } from 'vitest';
import type { State } from '../../../avro/snapshot.ts';
import { Afterglow } from '../../../connectors/vsphere/afterglow.ts';

const MINUTE = 60_000_000;

/** A poll of one VM: its state, and whether there was an answer about it. */
type Polled = readonly [minute: number, state: State | 'away', answered?: boolean];

/** At which polls it was asked. */
function asked(polls: readonly Polled[]): boolean[] {
  const afterglow = new Afterglow();
  return polls.map(([minute, state, answered = true]) => {
    const listed = state === 'away' ? [] : [{ id: 'vm-1', state }];
    const isAsked = state !== 'away' && afterglow.isAsked('vm-1', state);
    afterglow.commit({ listed, complete: true, answered: new Set(answered ? ['vm-1'] : []) }, minute * MINUTE);
    return isAsked;
  });
}

describe('a VM is asked for samples', () => {
  it.each<[string, Polled[], boolean[]]>([
    [
      'while it runs',
      [
        [0, 'RUNNING'],
        [1, 'RUNNING'],
      ],
      [true, true],
    ],
    [
      'never if it was never seen running',
      [
        [0, 'SHUTOFF'],
        [1, 'SUSPENDED'],
      ],
      [false, false],
    ],
    [
      'a minute longer than it runs',
      [
        [0, 'RUNNING'],
        [0.5, 'SHUTOFF'],
        [1, 'SHUTOFF'],
        [1.5, 'SHUTOFF'],
        [2, 'SHUTOFF'],
      ],
      [true, true, true, true, false],
    ],
    [
      'twice after hours in which nobody asked',
      [
        [0, 'RUNNING'],
        [90, 'SUSPENDED'],
        [95, 'SUSPENDED'],
        [96, 'SUSPENDED'],
      ],
      [true, true, true, false],
    ],
    [
      'until there is an answer',
      [
        [0, 'RUNNING'],
        [1, 'SHUTOFF', false],
        [9, 'SHUTOFF', false],
        [10, 'SHUTOFF'],
        [11, 'SHUTOFF'],
        [12, 'SHUTOFF'],
      ],
      [true, true, true, true, true, false],
    ],
    [
      'again when its host is back',
      [
        [0, 'RUNNING'],
        [1, 'NOSTATE'],
        [9, 'SHUTOFF'],
      ],
      [true, false, true],
    ],
    [
      'no more once it has left',
      [
        [0, 'RUNNING'],
        [1, 'away'],
        [2, 'SHUTOFF'],
      ],
      [true, false, false],
    ],
  ])('%s', (_, polls, expected) => {
    expect(asked(polls)).toEqual(expected);
  });

  it('who is not listed yet is not forgotten', () => {
    const afterglow = new Afterglow();
    const answered = new Set<string>();
    afterglow.commit({ listed: [{ id: 'vm-1', state: 'RUNNING' }], complete: true, answered }, 0);
    afterglow.commit({ listed: [], complete: false, answered }, MINUTE);
    expect(afterglow.isAsked('vm-1', 'SHUTOFF')).toBe(true);
  });
});

it('is asked where it ran when another collector saw it last', () => {
  const afterglow = new Afterglow();
  afterglow.recall('vm-1');
  expect([afterglow.isAsked('vm-1', 'SHUTOFF'), afterglow.isAsked('vm-2', 'SHUTOFF')]).toEqual([true, false]);
});
