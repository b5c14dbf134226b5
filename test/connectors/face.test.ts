import { describe, expect, test } from 'vitest';
import { EMPTY_IDENTITY, type Instance } from '../../avro/snapshot.ts';
import { Face } from '../../connectors/face.ts';
import { spreadUs } from '../../connectors/spread.ts';
import { instance } from './polls.ts';

const host = (n: number): Instance => ({
  ...instance(n),
  identity: { ...EMPTY_IDENTITY, name: `esx${n}` },
});
const guestOn = (name: string | null, n = 100): Instance => ({
  ...instance(n),
  identity: { ...EMPTY_IDENTITY, host: name },
});
const seen = (hosts: readonly Instance[], instances: readonly Instance[] = [], partial: string | null = null) => ({
  hosts,
  instances,
  partial,
});

describe('an endpoint that answers as somebody else', () => {
  test.each([
    ['the same', [seen([host(1)]), seen([host(1)])], null],
    ['one host of several goes', [seen([host(1), host(2)]), seen([host(2), host(3)])], null],
    ['all are others', [seen([host(1), host(2)]), seen([host(3)])], { before: 'esx1, esx2', now: 'esx3' }],
    ['what is not complete tells nothing', [seen([host(1)]), seen([host(3)], [], 'a host is away')], null],
    ['none at all tells nothing', [seen([host(1)]), seen([]), seen([host(1)])], null],
    [
      'by what the instances say',
      [seen([], [guestOn('kvm1')]), seen([], [guestOn('kvm7')])],
      { before: 'kvm1', now: 'kvm7' },
    ],
    ['instances that say nothing', [seen([], [guestOn(null)]), seen([], [guestOn(null, 7)])], null],
    [
      'many',
      [seen([host(1), host(2), host(3), host(4), host(5)]), seen([host(6)])],
      { before: 'esx1, esx2, esx3 and 2 more', now: 'esx6' },
    ],
  ] as const)('%s', (_, polls, expected) => {
    const face = new Face();
    expect(polls.map((poll) => face.take(poll)).at(-1)).toEqual(expected);
  });
});

describe('the spread of the readings of a poll', () => {
  const read = (...times: readonly number[]): Instance => {
    const [row] = instance(1).rows;
    if (!row) throw new Error('it has one');
    return { ...instance(1), rows: times.map((observedAt) => ({ ...row, observedAt })) };
  };
  test.each([
    ['none', [], [], null],
    ['one', [], [read(5)], null],
    ['the newest of each, hosts too', [read(90)], [read(10, 100), read(40, 130), read()], 40],
  ] as const)('%s', (_, hosts, instances, expected) => {
    expect(spreadUs({ hosts, instances })).toBe(expected);
  });
});
