import { describe, expect, it } from 'vitest';
import { EMPTY_IDENTITY, EMPTY_ROW, type Instance, type Row, type State } from '../../avro/snapshot.ts';
import { withOccupancy } from '../../connectors/occupancy.ts';

const row = (observedAt: number): Row => ({ ...EMPTY_ROW, observedAt });

const machine = (host: string | null, rows: readonly Row[], over: Partial<Instance> = {}): Instance => ({
  uuid: Buffer.alloc(16),
  epoch: null,
  startedAt: null,
  deletedAt: null,
  state: 'RUNNING',
  disks: [],
  nics: [],
  rows,
  identity: { ...EMPTY_IDENTITY, host },
  ...over,
});
const vm = (host: string | null, state: State, over: Partial<Instance> = {}) => machine(host, [], { state, ...over });

/** [total, running] by row of each host. */
const told = (hosts: readonly Instance[]) =>
  hosts.map(({ rows }) => rows.map(({ extras }) => extras.map(({ value }) => Number(value))));

describe('the VMs of a host', () => {
  it('are counted by the name of the host, all of them and those that run', () => {
    const states: State[] = ['RUNNING', 'BLOCKED', 'PAUSED', 'SHUTOFF', 'SUSPENDED', 'NOSTATE'];
    const vms = [...states.map((state) => vm('a', state)), vm('b', 'RUNNING'), vm(null, 'RUNNING'), vm('c', 'RUNNING')];
    const hosts = withOccupancy([machine('a', [row(1)]), machine('b', [row(1)]), machine('d', [row(1)])], vms);
    expect(told(hosts)).toEqual([[[6, 2]], [[1, 1]], [[0, 0]]]);
    expect(hosts[0]?.rows[0]?.extras.map(({ name, counter }) => [name, counter])).toEqual([
      ['compute.node.instances', false],
      ['compute.node.instances.running', false],
    ]);
  });

  it('are told in the newest row, of rows of one time in the last', () => {
    expect(told(withOccupancy([machine('a', [row(1), row(3), row(2)])], []))).toEqual([[[], [0, 0], []]]);
    expect(told(withOccupancy([machine('a', [row(3), row(3)])], []))).toEqual([[[], [0, 0]]]);
  });

  it('are not told of a host that was not read, that has no name or another’s', () => {
    const hosts = [machine('a', []), machine(null, [row(1)]), machine('x', [row(1)]), machine('x', [row(1)])];
    expect(withOccupancy(hosts, [vm('x', 'RUNNING')])).toEqual(hosts);
  });

  it('are not those that were deleted', () => {
    expect(told(withOccupancy([machine('a', [row(1)])], [vm('a', 'SHUTOFF', { deletedAt: 5 })]))).toEqual([[[0, 0]]]);
  });
});
