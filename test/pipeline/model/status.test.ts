import { describe, expect, test } from 'vitest';
import { EMPTY_IDENTITY, type Flavor, type Instance, type State } from '../../../avro/snapshot.ts';
import { derive } from '../../../pipeline/model/derive.ts';
import { select } from '../../../pipeline/model/meters.ts';
import { createPartition, type Partition } from '../../../pipeline/model/partition.ts';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { restorePartition, takeChanges } from '../../../pipeline/model/saved.ts';
import { pollOf, rulesOf, SECOND, take, vm } from './polls.ts';

const rules = rulesOf();
const METERS = ['power.state', 'disk.root.size', 'disk.ephemeral.size'];
const FLAVOR: Flavor = {
  id: 'f1',
  name: 'm1.small',
  vcpus: 2,
  memory: 2048,
  disk: 30,
  ephemeral: 10,
  swap: 0,
  extraSpecs: {},
};

interface Listed {
  readonly t: number;
  /** Null: the poll does not list the instance. */
  readonly state: State | null;
  readonly over?: Partial<Instance>;
  readonly hypervisor?: string;
}

/** The samples that polls let out, each with what else the instance has. */
function samplesOf(polls: readonly Listed[], partition: Partition = createPartition(rules), meters = METERS) {
  const deriveRules = { selection: select(meters), gauges: 'last' as const };
  return polls.flatMap(({ t, state, over = {}, hypervisor = 'h' }) => {
    const rows = state === 'RUNNING' ? {} : { rows: [] };
    const seen = state === null ? [] : [vm(t, { cpuTime: BigInt(t) }, { state, ...rows, ...over })];
    return derive(take(partition, rules, pollOf(t, seen, { hypervisor })).closed, deriveRules);
  });
}

const shown = ({ name, volume, windowEnd }: Sample) => [name, windowEnd / SECOND, volume];

describe('the power state', () => {
  test('is the last of a window, of an instance that runs and of one that does not', () => {
    const states: State[] = ['RUNNING', 'PAUSED', 'SHUTOFF', 'SHUTOFF', 'RUNNING', 'RUNNING', 'CRASHED'];
    const samples = samplesOf(states.map((state, n) => ({ t: 10 + 30 * n, state })));
    expect(samples.map(shown)).toEqual([
      ['power.state', 60, 3],
      ['power.state', 120, 5],
      ['power.state', 180, 1],
    ]);
    expect(samples[0]).toMatchObject({ type: 'gauge', unit: '', coverage: null, spread: null, quality: 'measured' });
  });

  test('read exactly on the end of a window is of that window, and out at once', () => {
    expect(samplesOf([{ t: 60, state: 'RUNNING' }]).map(shown)).toEqual([['power.state', 60, 1]]);
  });

  test('of an instance that is not listed any more comes out when the grace is over, and never again', () => {
    const polls: Listed[] = [{ t: 10, state: 'SHUTOFF' }, ...[20, 80, 140, 300].map((t) => ({ t, state: null }))];
    expect(samplesOf(polls).map(shown)).toEqual([['power.state', 60, 5]]);
  });

  test('that a source cannot tell is what was known, and 0 where nothing was', () => {
    const polls: Listed[] = [
      { t: 60, state: 'NOSTATE' },
      { t: 120, state: 'PAUSED' },
      { t: 180, state: 'NOSTATE' },
    ];
    expect(samplesOf(polls).map(({ volume }) => volume)).toEqual([0, 3, 3]);
  });

  test('of an older poll than the newest that listed it says nothing', () => {
    const polls: Listed[] = [
      { t: 50, state: 'RUNNING' },
      { t: 40, state: 'SHUTOFF', hypervisor: 'other' },
      { t: 60, state: null },
      { t: 200, state: null },
    ];
    expect(samplesOf(polls).map(shown)).toEqual([['power.state', 60, 1]]);
  });

  test('is in the metadata of every sample, one object for all of a block', () => {
    const polls: Listed[] = [0, 60, 120].map((t) => ({ t, state: 'RUNNING' }));
    const samples = samplesOf(polls, createPartition(rules), ['*']);
    expect(new Set(samples.map(({ resource }) => resource.metadata.status))).toEqual(new Set(['active']));
    const last = samples.filter(({ windowEnd }) => windowEnd === 120 * SECOND);
    expect(last.map(({ name }) => name)).toEqual(['power.state', 'cpu', 'cpu.delta']);
    expect(new Set(last.map(({ resource }) => resource)).size).toBe(1);
  });

  test('goes on from a saved state as if nothing had been', () => {
    const polls: Listed[] = [10, 40, 70, 100, 130, 190].map((t) => ({ t, state: t < 60 ? 'PAUSED' : 'SHUTOFF' }));
    const whole = samplesOf(polls);
    const partition = createPartition(rules);
    const before = samplesOf(polls.slice(0, 3), partition);
    const { partition: bytes, changed } = takeChanges(partition, 3);
    const restored = restorePartition(rules, { partition: bytes, instances: changed }).partition;
    const after = samplesOf(polls.slice(3), restored);
    expect([...before, ...after]).toEqual(whole);
    expect(whole).toHaveLength(3);
  });
});

describe('the disk of the flavor', () => {
  const identity = { ...EMPTY_IDENTITY, flavor: FLAVOR };

  test('is told whether the instance runs or not, the root disk without the ephemeral ones', () => {
    const samples = samplesOf([{ t: 60, state: 'SHUTOFF', over: { identity } }]);
    expect(samples.map((sample) => [...shown(sample), sample.unit])).toEqual([
      ['power.state', 60, 5, ''],
      ['disk.root.size', 60, 20, 'GiB'],
      ['disk.ephemeral.size', 60, 10, 'GiB'],
    ]);
  });

  test('that is not known is not told', () => {
    const unknown = { ...EMPTY_IDENTITY, flavor: { ...FLAVOR, disk: null, ephemeral: null } };
    for (const over of [{}, { identity: EMPTY_IDENTITY }, { identity: unknown }]) {
      expect(samplesOf([{ t: 60, state: 'RUNNING', over }]).map(({ name }) => name)).toEqual(['power.state']);
    }
  });
});

test('hosts have no status', () => {
  const partition = createPartition(rules);
  const snapshot = { ...pollOf(60, []), hosts: [vm(60, { memory: 1n })] };
  expect(take(partition, rules, snapshot).closed.statuses).toEqual([]);
});
