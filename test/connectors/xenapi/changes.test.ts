import { describe, expect, it } from 'vitest';
import { changesBetween } from '../../../connectors/xenapi/changes.ts';
import { Inventory } from '../../../connectors/xenapi/inventory.ts';

const UUID = '0f0e0d0c-0000-4000-8000-000000000001';
type Fields = Readonly<Record<string, string | number | boolean | Readonly<Record<string, string>>>>;

const RUNS: Fields = { uuid: UUID, power_state: 'Running', resident_on: 'OpaqueRef:h1', domid: 7, VCPUs_max: 2 };
const HOST = (n: number): Fields => ({ uuid: `0f0e0d0c-0000-4000-8000-0000000001a${n}`, address: '' });
const NIC: Fields = { VM: 'OpaqueRef:vm', device: '0', MAC: 'aa:bb:00:00:00:01' };

/** The guests of a pool of two hosts with one VM, or none, and its nics. */
function guests(vm: Fields | null, nics: readonly Fields[] = []) {
  const inventory = new Inventory();
  inventory.apply([
    { className: 'host', reference: 'OpaqueRef:h1', record: HOST(1) },
    { className: 'host', reference: 'OpaqueRef:h2', record: HOST(2) },
    ...(vm === null ? [] : [{ className: 'vm', reference: 'OpaqueRef:vm', record: vm }]),
    ...nics.map((record, n) => ({ className: 'vif', reference: `OpaqueRef:vif${n}`, record })),
  ]);
  return inventory.guests();
}

describe('what a poll of a pool is to see at once', () => {
  it.each<[string, Fields | null, Fields | null, string | null]>([
    ['a VM that starts', { ...RUNS, power_state: 'Halted' }, RUNS, 'started'],
    ['one that resumes', { ...RUNS, power_state: 'Suspended' }, RUNS, 'started'],
    ['one that is new and runs', null, RUNS, 'started'],
    ['one that is new and off', null, { ...RUNS, power_state: 'Halted' }, null],
    ['one that is halted', RUNS, { ...RUNS, power_state: 'Halted' }, 'stopped'],
    ['one that is gone', RUNS, null, 'stopped'],
    ['one that was off and is gone', { ...RUNS, power_state: 'Halted' }, null, null],
    ['one that moved', RUNS, { ...RUNS, resident_on: 'OpaqueRef:h2' }, 'changed'],
    ['one that rebooted', RUNS, { ...RUNS, domid: 8 }, 'changed'],
    ['one that is paused', RUNS, { ...RUNS, power_state: 'Paused' }, 'changed'],
    ['one that got a CPU', RUNS, { ...RUNS, VCPUs_max: 3 }, 'changed'],
    ['one that was renamed', RUNS, { ...RUNS, name_label: 'other' }, null],
    ['one that is being shut down', RUNS, { ...RUNS, current_operations: { a: 'clean_shutdown' } }, 'stopping'],
    ['one that is being moved', RUNS, { ...RUNS, current_operations: { a: 'pool_migrate' } }, 'stopping'],
    ['one of which a snapshot is taken', RUNS, { ...RUNS, current_operations: { a: 'snapshot' } }, null],
  ])('%s', (_, before, after, what) => {
    const expected = what === null ? [] : [{ uuid: UUID, what }];
    expect(changesBetween(guests(before), guests(after))).toEqual(expected);
  });

  it('a nic that is plugged in, or pulled', () => {
    const [without, one] = [guests(RUNS), guests(RUNS, [NIC])];
    expect(changesBetween(without, one)).toEqual([{ uuid: UUID, what: 'changed' }]);
    expect(changesBetween(one, without)).toEqual([{ uuid: UUID, what: 'changed' }]);
    expect(changesBetween(one, one)).toEqual([]);
  });
});
