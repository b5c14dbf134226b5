import { describe, expect, it } from 'vitest';
import { toWhole } from '../../../connectors/xenapi/amounts.ts';
import { attachedTo } from '../../../connectors/xenapi/attachments.ts';
import { decodeGuestRow, type Reading } from '../../../connectors/xenapi/decode.ts';
import { type Guest, Inventory } from '../../../connectors/xenapi/inventory.ts';
import { readLegend } from '../../../connectors/xenapi/legend.ts';

const UUID = '0f0e0d0c-0000-4000-8000-000000000001';
const T = 1_772_964_000;

function guestOf(vcpus: number, changes: object = {}): Guest {
  const inventory = new Inventory();
  const put = (className: string, reference: string, record: object) =>
    inventory.apply([{ className, reference, record: record as never }]);
  put('vm', 'vm', { uuid: UUID, metrics: 'm', power_state: 'Running', VCPUs_max: vcpus, ...changes });
  put('vm_metrics', 'm', { VCPUs_number: vcpus, start_time: '20260308T09:00:00Z' });
  put('vif', 'v0', { VM: 'vm', device: '0', MAC: 'AA:00:00:00:00:01' });
  put('vif', 'v1', { VM: 'vm', device: '1', MAC: 'AA:00:00:00:00:01' });
  put('vbd', 'b0', { VM: 'vm', VDI: 'd0', device: 'xvda', type: 'Disk' });
  put('vbd', 'b1', { VM: 'vm', VDI: 'OpaqueRef:NULL', device: 'xvdd', type: 'CD' });
  put('vbd', 'b2', { VM: 'vm', VDI: 'd0', device: '', type: 'Disk' });
  put('vdi', 'd0', { virtual_size: 100, physical_utilisation: 40 });
  const [guest] = inventory.guests();
  if (guest === undefined) throw new Error('no guest');
  return guest;
}

function readingOf(values: Record<string, number>, stepS = 60): Reading {
  const columns = readLegend(Object.keys(values).map((name) => `AVERAGE:vm:u:${name}`)).vms.get('u');
  if (columns === undefined) throw new Error('no columns');
  return { columns, row: { t: T, values: Object.values(values) }, stepS };
}

function decode(values: Record<string, number>, guest = guestOf(2)) {
  const reading = readingOf(values);
  const attached = attachedTo(guest, [reading]);
  return { ...decodeGuestRow(reading, guest, attached), attached };
}

describe('a row of a VM', () => {
  it('has the sum of its CPUs as time, and none where one is missing', () => {
    expect(decode({ cpu0: 0.1, cpu1: 0.2 }).row.cpuTime).toBe(18_000_000_000n);
    expect(decode({ cpu0: 0.1, cpu1: Number.NaN })).toMatchObject({ row: { cpuTime: null }, unknown: 1 });
    expect(decode({ cpu0: 0.1, memory: 5 })).toMatchObject({ row: { cpuTime: null }, absent: 1, isEmpty: false });
    expect(decode({ memory: 5 })).toMatchObject({ row: { cpuTime: null }, absent: 1 });
  });

  it('leaves the columns of CPUs that the VM had once', () => {
    expect(decode({ cpu0: 0.5, cpu1: 0.5, cpu2: Number.NaN })).toMatchObject({
      row: { cpuTime: 60_000_000_000n },
      unknown: 0,
    });
  });

  it('knows used memory only where the guest’s tools tell what is free', () => {
    expect(decode({ cpu0: 0, cpu1: 0, memory: 4096 }).row).toMatchObject({ memory: 4096n, memoryUsage: null });
    expect(decode({ memory: 4096, memory_internal_free: 1 }).row.memoryUsage).toBe(3072n);
    expect(decode({ memory: 4096, memory_internal_free: Number.NaN })).toMatchObject({
      row: { memoryUsage: null },
      unknown: 1,
    });
    expect(decode({ memory: 4096, memory_internal_free: 9 }).row.memoryUsage).toBeNull();
  });

  it('knows no memory where it is 0, which stands for nothing known', () => {
    expect(decode({ memory: 0, memory_internal_free: 1 })).toMatchObject({
      row: { memory: null, memoryUsage: null },
      unknown: 1,
    });
    expect(decode({ memory: 4096, memory_internal_free: 0 })).toMatchObject({
      row: { memory: 4096n, memoryUsage: null },
      unknown: 1,
    });
  });

  it('knows no memory in the row that the VM started in, which is shared out over the time before', () => {
    const young = { ...guestOf(2), startTime: (T - 30) * 1e6 };
    const values = { cpu0: 0.25, cpu1: 0.25, memory: 2048, memory_internal_free: 1 };
    expect(decode(values, young)).toMatchObject({
      row: { cpuTime: 30_000_000_000n, memory: null, memoryUsage: null },
      unknown: 2,
      isEmpty: false,
    });
    expect(decode(values, { ...young, startTime: (T + 30) * 1e6 }).row.memory).toBe(2048n);
    expect(decode(values, { ...young, startTime: (T - 60) * 1e6 }).row.memory).toBe(2048n);
  });

  it('takes nothing that cannot be', () => {
    expect(decode({ vif_0_rx: -1, vif_0_tx: 1e30, memory: Number.POSITIVE_INFINITY })).toMatchObject({
      row: { memory: null, nics: [{ rxBytes: null, txBytes: null }, {}] },
      malformed: 2,
      unknown: 1,
      isEmpty: true,
    });
  });

  it('is of devices by name and MAC; a CD only if it is read, one MAC of two once', () => {
    const { attached } = decode({ cpu0: 0, cpu1: 0 });
    expect(attached.disks.map(({ id }) => id)).toEqual(['xvda']);
    expect(attached.nics.map(({ id }) => id)).toEqual(['aa:00:00:00:00:01', 'vif_1']);
    expect(decode({ vbd_xvdd_read: 1 }).attached.disks.map(({ id }) => id)).toEqual(['xvda', 'xvdd']);
    expect(decode({ vbd_xvdd_read: Number.NaN }).attached.disks.map(({ id }) => id)).toEqual(['xvda']);
  });

  it('has what is read of devices that the pool does not list, under the archive’s name', () => {
    const { attached, row } = decode({ vif_7_rx: 1, vif_8_rx: Number.NaN, vbd_xvdz_write: 2 });
    expect(attached.nics.map(({ id }) => id)).toEqual(['aa:00:00:00:00:01', 'vif_1', 'vif_7']);
    expect(row.nics[2]).toMatchObject({ rxBytes: 60n });
    expect(row.disks[1]).toMatchObject({ writeBytes: 120n, capacity: null });
    expect(row.disks[0]).toMatchObject({ readBytes: null, capacity: 100n, usage: 40n });
  });

  it('tells the number of VCPUs for this life only', () => {
    const young = { ...guestOf(2), startTime: (T + 1) * 1e6 };
    expect(decode({ cpu0: 0, cpu1: 0 }).row.vcpus).toBe(2n);
    expect(decode({ cpu0: 0, cpu1: 0 }, young).row.vcpus).toBeNull();
  });
});

it.each<[number, bigint | null]>([
  [0.5, 1n],
  [0.49, 0n],
  [-0.4, 0n],
  [-0.6, null],
  [2 ** 53 + 2, 2n ** 53n + 2n],
  [1.5e19, 15_000_000_000_000_000_000n],
  [2 ** 64, null],
  [Number.NaN, null],
])('%d becomes %s', (value, whole) => {
  expect(toWhole(value)).toBe(whole);
});
