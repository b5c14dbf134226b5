import { describe, expect, it } from 'vitest';
import { type Answer, type HarvestContext, harvest } from '../../../connectors/xenapi/harvest.ts';
import { Inventory } from '../../../connectors/xenapi/inventory.ts';
import type { Mark } from '../../../connectors/xenapi/pool-memory.ts';

const UUID = '0f0e0d0c-0000-4000-8000-000000000001';
const HOST = '0f0e0d0c-0000-4000-8000-00000000000a';
/** 2026-03-08T10:00:00Z, when the VM started. */
const T = 1_772_964_000;

const inventory = new Inventory();
inventory.apply([
  { className: 'host', reference: 'h', record: { uuid: HOST } },
  { className: 'vm_metrics', reference: 'm', record: { VCPUs_number: 1, start_time: '20260308T10:00:00Z' } },
  { className: 'vm', reference: 'v', record: { uuid: UUID, metrics: 'm', resident_on: 'h', power_state: 'Running' } },
]);

/** CPU rates by minutes since the start. */
const shown = (rates: Readonly<Record<number, number>>, atUs = 1e9): Answer => {
  const rows = Object.entries(rates)
    .map(([minute, rate]) => ({ t: T + Number(minute) * 60, values: [rate] }))
    .sort((one, other) => other.t - one.t);
  const updates = { stepS: 60, endS: rows[0]?.t ?? null, legend: [`AVERAGE:vm:${UUID}:cpu0`], rows, malformed: 0 };
  return { host: HOST, updates, at: atUs };
};

const reap = (answer: Answer, mark?: Mark, context: Partial<HarvestContext> = {}) =>
  harvest([answer], inventory.guests(), inventory.hosts(), {
    stepS: 60,
    regularS: 60,
    marks: new Map(mark && [[UUID, mark]]),
    untilS: Number.POSITIVE_INFINITY,
    runningSince: new Map(),
    isSettled: () => true,
    ...context,
  });

describe('a harvest', () => {
  it('leaves out rows of which nothing is known, and misses nothing of the time before the start', () => {
    const { crops, counts, marks } = reap(shown({ [-2]: Number.NaN, [-1]: Number.NaN, 1: 0.5, 2: Number.NaN, 3: 0.5 }));
    expect(crops.get(UUID)?.rows.map(({ observedAt }) => observedAt / 1e6)).toEqual([T + 60, T + 180]);
    expect(counts).toMatchObject({ rows: 2, nan: 1, hole: 0 });
    expect(marks.get(UUID)).toEqual({ t: T + 180, at: 1e9 });
  });

  it('marks where it ends by our own clock: a row is as old as it is behind the newest', () => {
    const answer = shown({ 1: 0.5 });
    const later = { ...answer, updates: { ...answer.updates, endS: T + 180 } };
    expect(reap(later).marks.get(UUID)).toEqual({ t: T + 60, at: 1e9 - 120e6 });
  });

  it('tells what is overdue', () => {
    expect(reap(shown({ 1: 0, 2: 0, 3: 0, 4: 0 })).counts).toMatchObject({ rows: 4, backfilled: 2 });
    expect(reap(shown({ 1: 0, 2: 0, 3: 0, 4: 0 }), { t: T + 120, at: 0 }).counts).toMatchObject({
      rows: 2,
      backfilled: 0,
    });
  });

  it('counts the rows that the archive has lost, but of no VM that was off', () => {
    const mark = { t: T + 60, at: 100e6 };
    expect(reap(shown({ 5: 0.5, 6: 0.5 }), mark).counts).toMatchObject({ rows: 2, hole: 3 });
    expect(reap(shown({ 5: 0.5, 6: 0.5 }), mark, { runningSince: new Map([[UUID, 90e6]]) }).counts.hole).toBe(3);
    expect(reap(shown({ 5: 0.5, 6: 0.5 }), mark, { runningSince: new Map([[UUID, 200e6]]) }).counts.hole).toBe(0);
    expect(reap(shown({ 2: 0.5 }), mark).counts.hole).toBe(0);
  });

  it('believes the host that the VM is on, once it has sampled it there: before, old rows are shown as new', () => {
    const answer = shown({ 1: 0.5 });
    expect(reap({ ...answer, host: '0f0e0d0c-0000-4000-8000-00000000000b' }).crops.size).toBe(0);
    const isSettled = (_: string, answeredAt: number): boolean => answeredAt > 1e9;
    expect(reap(answer, undefined, { isSettled })).toMatchObject({ crops: new Map(), marks: new Map() });
    expect(reap({ ...answer, at: 1e9 + 1 }, undefined, { isSettled }).crops.size).toBe(1);
  });

  it('takes nothing twice', () => {
    const first = reap(shown({ 1: 0.5, 2: 0.5 }));
    const again = reap(shown({ 1: 0.5, 2: 0.5 }), first.marks.get(UUID));
    expect(again.crops.size).toBe(0);
    expect(again.marks.size).toBe(0);
  });
});
