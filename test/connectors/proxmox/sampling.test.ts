import { describe, expect, it } from 'vitest';
import { cpuAmount, endOf } from '../../../connectors/proxmox/cpu-time.ts';
import { beginOf, fits, goOn, isOf, type Life } from '../../../connectors/proxmox/lives.ts';
import { decodeResources, type Guest } from '../../../connectors/proxmox/resources.ts';
import { freshNodes, judge } from '../../../connectors/proxmox/sampling.ts';

const AT = { wall: 1_000_000e6, monotonic: 5000e6 };
const LIFE: Life = {
  label: 'l',
  startedAt: 999_000e6,
  startMonotonic: 4000e6,
  uptime: 990,
  counters: [10n, 10n, 10n, 10n],
};

const guestOf = (fields: object): Guest => {
  const entry = {
    type: 'qemu',
    vmid: 1,
    node: 'n',
    status: 'running',
    netin: 11,
    netout: 11,
    diskread: 11,
    diskwrite: 11,
  };
  return decodeResources([{ ...entry, ...fields }]).guests[0] as Guest;
};

describe('a sample', () => {
  it.each<[string, object, string]>([
    ['of the next round', { uptime: 1000 }, 'next'],
    ['seen before', { uptime: 990, netin: 10, netout: 10, diskread: 10, diskwrite: 10 }, 'known'],
    ['of the same age, with other values', { uptime: 990 }, 'next'],
    ['older', { uptime: 975 }, 'ask'],
    ['too young to be told of already', { uptime: 1005 }, 'ask'],
    ['of which a counter fell', { uptime: 1000, netout: 9 }, 'ask'],
    ['without disks', { uptime: 1000, diskread: 0, diskwrite: 0 }, 'next'],
    ['of a guest that is off', { status: 'stopped', uptime: 0 }, 'off'],
    ['of a guest that nothing is known of', { status: 'unknown' }, 'off'],
    ['of a guest whose process is not found', { uptime: 0 }, 'off'],
  ])('%s: %s', (_, fields, verdict) => {
    expect(judge(guestOf(fields), { life: LIFE, cpuUntil: null }, AT)).toBe(verdict);
  });

  it('that lags far behind may be of another process', () => {
    expect(fits(LIFE, 991, LIFE.counters, { ...AT, monotonic: 5015e6 })).toBe(true);
    expect(fits(LIFE, 991, LIFE.counters, { ...AT, monotonic: 5025e6 })).toBe(false);
  });

  it('that nobody remembers is asked for', () => {
    expect(judge(guestOf({ uptime: 5 }), undefined, AT)).toBe('ask');
  });
});

describe('a roll call', () => {
  const present = { vmid: 1, pid: 7, uptime: 100 };
  const begin = beginOf(present, AT);

  it('tells when the process began, to half a second', () => {
    expect(begin).toEqual({ wall: AT.wall - 100.5e6, monotonic: AT.monotonic - 100.5e6 });
  });

  it.each([
    ['of a moment ago', 100, true],
    ['of the last round', 91, true],
    ['of a round that hangs', 60, false],
    ['of the process before', 5000, false],
    ['of the process before, which was young', 40, false],
  ])('a sample %s', (_, uptime, isIts) => {
    expect(isOf(begin, present, uptime, AT)).toBe(isIts);
  });
});

it('a life goes on: what was not told is kept, a start that was too late is put right', () => {
  expect(goOn(LIFE, 1001, [12n, 12n, 0n, 0n], AT)).toMatchObject({
    uptime: 1001,
    counters: [12n, 12n, 10n, 10n],
    startMonotonic: 3999e6,
    startedAt: LIFE.startedAt,
  });
});

describe('CPU time', () => {
  it.each<[string, number | null, number | null, number, object | null]>([
    ['a round', 0.25, 4, 10, { ns: 10_000_000_000n, intervalUs: 10e6 }],
    ['a long round', 0.5, 1, 15, { ns: 7_500_000_000n, intervalUs: 15e6 }],
    ['two rounds, of which one is known', 0.5, 1, 20, { ns: 5_000_000_000n, intervalUs: 10e6 }],
    ['more than all', 1.02, 1, 10, { ns: 10_200_000_000n, intervalUs: 10e6 }],
    ['idle', 0, 2, 10, { ns: 0n, intervalUs: 10e6 }],
    ['nothing new', 0.5, 1, 0, null],
    ['no share', null, 1, 10, null],
    ['no CPUs', 0.5, null, 10, null],
  ])('of %s', (_, cpu, maxcpu, growthS, amount) => {
    expect(cpuAmount(cpu, maxcpu, growthS)).toEqual(amount);
  });

  it.each<[string, number | null, number, number]>([
    ['the first', null, 100e6, 100e6],
    ['one that joins', 90e6, 103e6, 100e6],
    ['one after the clock was set', 90e6, 400e6, 400e6],
  ])('ends: %s', (_, last, byClock, end) => {
    expect(endOf(last, 10, byClock)).toBe(end);
  });
});

it('nodes whose every new share is 0 have a new pvestatd', () => {
  const sampled = (node: string, cpu: number, growthS: number | null) => ({ guest: guestOf({ node, cpu }), growthS });
  const list = [
    sampled('a', 0, 10),
    sampled('a', 0.1, 10),
    sampled('b', 0, 10),
    sampled('b', 0.5, null),
    sampled('c', 0, null),
  ];
  expect([...freshNodes(list)]).toEqual(['b']);
});
