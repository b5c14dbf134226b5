import { describe, expect, it } from 'vitest';
import type { Known } from '../../../connectors/connector.ts';
import { Accepted } from '../../../connectors/vsphere/accepted.ts';
import type { PerfTarget } from '../../../connectors/vsphere/batches.ts';
import { resolveCounters, VM_COUNTERS } from '../../../connectors/vsphere/counters.ts';
import type { Listed } from '../../../connectors/vsphere/roster.ts';
import { dueNow, targetOf } from '../../../connectors/vsphere/targets.ts';
import { Turns } from '../../../connectors/vsphere/turns.ts';
import { COUNTERS } from './answers.ts';

const NOW = 1_767_225_600_000_000;
const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const catalogue = resolveCounters(VM_COUNTERS, [], new Map(Object.entries(COUNTERS)));
const vm = (id: string): Listed => ({
  id,
  uuid: Buffer.alloc(16),
  state: 'RUNNING',
  bootTime: null,
  identity: {} as Listed['identity'],
  layout: {
    kind: 'vm',
    vcpus: 1n,
    memory: null,
    nics: [{ instance: '4000', id: 'm' }],
    disks: [{ instance: 'scsi0:0', capacity: null }],
  },
});

function target(accepted: Accepted, serverNow = NOW, backfillUs = HOUR, id = 'vm-1'): PerfTarget {
  return targetOf(vm(id), { accepted, catalogue, serverNow, until: serverNow + 300 * SECOND, backfillUs });
}
const having = (last: number): Accepted => {
  const accepted = new Accepted();
  accepted.commit(new Map([['vm-1', { last, newest: last }]]), new Set(), NOW);
  return accepted;
};

describe('what is asked of a VM', () => {
  it.each<[string, Accepted, number, number | null, number]>([
    ['an hour when it is new', new Accepted(), HOUR, null, 180],
    ['less if so configured', new Accepted(), 60 * SECOND, null, 4],
    ['what came since the last sample', having(NOW - 25 * SECOND), HOUR, NOW - 25 * SECOND, 4],
    ['what its host still has', having(NOW - 2 * HOUR), 60 * SECOND, NOW - 2 * HOUR, 180],
    ['nothing of the future, of a host that is ahead', having(NOW + 30 * SECOND), HOUR, NOW - 2 * SECOND, 3],
    ['the newest, where nothing is wanted of before', new Accepted(), 0, null, 2],
  ])('%s', (_, accepted, backfillUs, startTime, maxSample) => {
    const asked = target(accepted, NOW, backfillUs);
    expect(asked).toMatchObject({ startTime, maxSample, entity: { type: 'VirtualMachine', id: 'vm-1' } });
    expect(asked.metrics).toHaveLength(17);
    expect(asked.values).toBe(17 * maxSample);
  });

  it('is since it was first seen, however long that takes', () => {
    const accepted = new Accepted();
    target(accepted, NOW, 60 * SECOND);
    expect(target(accepted, NOW + 600 * SECOND, 60 * SECOND).maxSample).toBe(34);
  });
});

describe('what is recorded by another collector', () => {
  const recorded = (lastRowAt: number | null): Map<string, Known> =>
    new Map([['0'.repeat(32), { lastRowAt, seenAt: NOW - 30 * SECOND, isRunning: true }]]);

  it('is where it is read on from, whatever was taken here, once the VM is listed', () => {
    for (const accepted of [new Accepted(), having(NOW - 600 * SECOND), having(NOW - 20 * SECOND)]) {
      accepted.resume(recorded(NOW - 45 * SECOND));
      expect(accepted.adopt('vm-1', Buffer.alloc(16), 0)?.isRunning).toBe(true);
      expect(target(accepted)).toMatchObject({ startTime: NOW - 45 * SECOND, maxSample: 5 });
      expect(accepted.adopt('vm-1', Buffer.alloc(16), 0)).toBeUndefined();
    }
  });

  it('tells how far its host is ahead, by the clock of the server', () => {
    const accepted = new Accepted();
    accepted.resume(recorded(NOW + 600 * SECOND));
    accepted.adopt('vm-1', Buffer.alloc(16), 5 * SECOND);
    expect(accepted.aheadOf('vm-1')).toBe(625 * SECOND);
  });

  it('says nothing of one without rows: what its host keeps is read', () => {
    const accepted = new Accepted();
    accepted.resume(recorded(null));
    accepted.adopt('vm-1', Buffer.alloc(16), 0);
    expect(target(accepted)).toMatchObject({ startTime: null, maxSample: 180 });
  });
});

describe('the last samples', () => {
  it('never go back', () => {
    const accepted = having(NOW);
    accepted.commit(new Map([['vm-1', { last: NOW - 20 * SECOND, newest: NOW }]]), new Set(), NOW);
    expect(accepted.lastOf('vm-1')).toBe(NOW);
  });

  it('are forgotten when no host has what comes after them', () => {
    const accepted = having(NOW);
    accepted.forgetBefore(NOW);
    expect(accepted.lastOf('vm-1')).toBe(NOW);
    accepted.forgetBefore(NOW + 1);
    expect(accepted.lastOf('vm-1')).toBeNull();
  });
});

describe('who is behind', () => {
  const answered = new Set(['vm-1']);
  const isBehindIn = (accepted: Accepted, seconds: number): boolean =>
    target(accepted, NOW + seconds * SECOND).isBehind;

  it.each<[string, (accepted: Accepted) => void]>([
    ['that has no samples', (accepted) => accepted.commit(new Map(), answered, NOW)],
    [
      'whose samples stopped',
      (accepted) => {
        const old = NOW - 1800 * SECOND;
        accepted.commit(new Map([['vm-1', { last: old, newest: old }]]), answered, NOW - 1800 * SECOND);
        accepted.commit(new Map(), answered, NOW);
      },
    ],
    [
      'whose host is slow by ten minutes',
      (accepted) => {
        const old = NOW - 600 * SECOND;
        accepted.commit(new Map([['vm-1', { last: old, newest: old }]]), answered, NOW);
      },
    ],
  ])('is none %s, once it has been asked', (_, commit) => {
    const accepted = new Accepted();
    expect(isBehindIn(accepted, 0)).toBe(true);
    commit(accepted);
    expect([60, 240].map((seconds) => isBehindIn(accepted, seconds))).toEqual([false, true]);
  });

  it('is who showed samples that were left', () => {
    const accepted = new Accepted();
    const [last, newest] = [NOW - 600 * SECOND, NOW + 30 * SECOND];
    accepted.commit(new Map([['vm-1', { last, newest }]]), answered, NOW);
    expect(isBehindIn(accepted, 20)).toBe(true);
  });
});

describe('who is asked', () => {
  const ids = (targets: readonly PerfTarget[]): string[] => targets.map(({ entity }) => entity.id);

  it('are those first that are up to date', () => {
    const accepted = having(NOW - 20 * SECOND);
    const all = ['vm-9', 'vm-1'].map((id) => target(accepted, NOW, HOUR, id));
    expect(ids(dueNow(all, new Turns()))).toEqual(['vm-1', 'vm-9']);
  });

  it('are not more of the others than a poll can bring', () => {
    const accepted = having(NOW - 20 * SECOND);
    const all = Array.from({ length: 1000 }, (_, n) => target(accepted, NOW, HOUR, `vm-${n}`));
    const due = dueNow(all, new Turns());
    expect(due[0]?.entity.id).toBe('vm-1');
    expect(due).toHaveLength(1 + Math.floor(1_000_000 / (17 * 180)));
  });

  it('are those that have waited longest, so that everyone has a turn', () => {
    const accepted = having(NOW - 20 * SECOND);
    const all = Array.from({ length: 1000 }, (_, n) => target(accepted, NOW, HOUR, `vm-${n}`));
    const turns = new Turns();
    const asked = new Set<string>();
    for (let polls = 0; polls < 4; polls++) {
      turns.begin();
      for (const id of ids(dueNow(all, turns))) {
        turns.ask(id);
        asked.add(id);
      }
    }
    expect(asked.size).toBe(1000);
  });

  it('are those first that a poll had no time for, though they have fallen behind', () => {
    const accepted = having(NOW - 20 * SECOND);
    const turns = new Turns();
    turns.begin();
    turns.ask('vm-1');
    const all = ['vm-1', 'vm-9'].map((id) => target(accepted, NOW, HOUR, id));
    expect(ids(dueNow(all, turns))).toEqual(['vm-9', 'vm-1']);
  });

  it('are one at least, whatever it has', () => {
    expect(dueNow([{ ...target(new Accepted()), values: 5_000_000 }], new Turns())).toHaveLength(1);
  });
});
