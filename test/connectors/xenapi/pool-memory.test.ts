import { describe, expect, it } from 'vitest';
import { Inventory } from '../../../connectors/xenapi/inventory.ts';
import { PoolMemory } from '../../../connectors/xenapi/pool-memory.ts';

const UUID = '0f0e0d0c-0000-4000-8000-000000000001';
/** 2026-03-08T10:00:00Z, when the VM started. */
const START_US = 1_772_964_000_000_000;
const S = 1e6;

/** A pool of two hosts whose VM runs on one of them. */
function poolWith(host: 'h1' | 'h2', domid = '1', power = 'Running'): Inventory {
  const inventory = new Inventory();
  inventory.apply([
    { className: 'host', reference: 'h1', record: { uuid: '0f0e0d0c-0000-4000-8000-00000000000a' } },
    { className: 'host', reference: 'h2', record: { uuid: '0f0e0d0c-0000-4000-8000-00000000000b' } },
    { className: 'vm_metrics', reference: 'm', record: { start_time: '20260308T10:00:00Z' } },
    {
      className: 'vm',
      reference: 'v',
      record: { uuid: UUID, metrics: 'm', resident_on: host, power_state: power, domid },
    },
  ]);
  return inventory;
}

describe('a VM is settled', () => {
  it('at first sight, unless it has just started', () => {
    const [old, young] = [new PoolMemory(), new PoolMemory()];
    old.sync(poolWith('h1'), 100 * S, START_US + 61 * S);
    expect(old.isSettled(UUID, 100 * S)).toBe(true);
    young.sync(poolWith('h1'), 100 * S, START_US + 5 * S);
    expect([young.isSettled(UUID, 109 * S), young.isSettled(UUID, 110 * S)]).toEqual([false, true]);
  });

  it.each([
    ['on another host', poolWith('h2')],
    ['as another domain', poolWith('h1', '2')],
  ])('10 s after it was seen %s', (_, moved) => {
    const memory = new PoolMemory();
    const wall = START_US + 3600 * S;
    memory.sync(poolWith('h1'), 100 * S, wall);
    memory.sync(moved, 200 * S, wall);
    memory.sync(moved, 205 * S, wall);
    expect([memory.isSettled(UUID, 209 * S), memory.isSettled(UUID, 210 * S)]).toEqual([false, true]);
  });

  it('10 s after it was seen running again', () => {
    const memory = new PoolMemory();
    const wall = START_US + 3600 * S;
    memory.sync(poolWith('h1'), 100 * S, wall);
    memory.sync(poolWith('h1', '-1', 'Suspended'), 200 * S, wall);
    expect(memory.isSettled(UUID, 300 * S)).toBe(false);
    memory.sync(poolWith('h1'), 300 * S, wall);
    expect([memory.isSettled(UUID, 309 * S), memory.isSettled(UUID, 310 * S)]).toEqual([false, true]);
  });
});

describe('what is recorded by another collector', () => {
  const WALL = START_US + 3600 * S;
  const time = { monotonic: 1000 * S, wall: WALL };
  const recorded = (lastRowAt: number | null) =>
    new Map([[UUID.replaceAll('-', ''), { lastRowAt, seenAt: WALL - 30 * S, isRunning: true }]]);

  it('is where rows are read on from, whatever was taken here, once the VM is listed', () => {
    for (const mark of [undefined, { t: 1, at: 1 }, { t: 9e9, at: 1e12 }]) {
      const memory = new PoolMemory();
      if (mark) memory.marks.set(UUID, mark);
      memory.resume(recorded(WALL - 65 * S));
      expect(memory.hasRecorded).toBe(true);
      memory.adopt(UUID, UUID, time, 60);
      // Its host's clock had passed the row's end by two steps at most when it was seen, half a minute ago.
      expect(memory.marks.get(UUID)).toEqual({ t: (WALL - 65 * S) / S, at: (1000 - 30 - 130) * S });
      expect(memory.hasRecorded).toBe(false);
    }
  });

  it('says nothing of one without rows: what its host keeps is read', () => {
    const memory = new PoolMemory();
    memory.resume(recorded(null));
    memory.adopt(UUID, UUID, time, 60);
    expect(memory.marks.size).toBe(0);
  });
});
