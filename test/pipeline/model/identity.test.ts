import { describe, expect, test } from 'vitest';
import { EMPTY_IDENTITY, EMPTY_NIC_IDENTITY, type Flavor, type Identity } from '../../../avro/snapshot.ts';
import { merge } from '../../../pipeline/model/identity.ts';

const NOTHING: Flavor = {
  id: null,
  name: null,
  vcpus: null,
  memory: null,
  disk: null,
  ephemeral: null,
  swap: null,
  extraSpecs: {},
};
const nic = { id: 'n', ...EMPTY_NIC_IDENTITY, name: 'tap1' };
const disk = { id: 'vda', path: null, serial: null, bus: null };

const both = (listed: Partial<Identity>, announced: Partial<Identity>): Identity | null =>
  merge({ listedAs: { ...EMPTY_IDENTITY, ...listed }, announcedAs: { ...EMPTY_IDENTITY, ...announced } });

test('what one alone tells is that very object', () => {
  const told = { ...EMPTY_IDENTITY, name: 'a' };
  expect(merge({ listedAs: told, announcedAs: null })).toBe(told);
  expect(merge({ listedAs: null, announcedAs: told })).toBe(told);
  expect(merge({ listedAs: null, announcedAs: null })).toBeNull();
});

describe('of both', () => {
  test.each<[string, Partial<Identity>, Partial<Identity>, Partial<Identity>]>([
    ['the announced name counts', { name: 'old' }, { name: 'new' }, { name: 'new' }],
    [
      'what was not announced is the hypervisor’s',
      { name: 'old', osType: 'linux' },
      {},
      { name: 'old', osType: 'linux' },
    ],
    ['where it runs is the hypervisor’s word', { host: 'kvm1' }, { host: 'kvm2' }, { host: 'kvm1' }],
    [
      'where no hypervisor tells, it is nova’s',
      {},
      { host: 'kvm2', instanceName: 'i' },
      { host: 'kvm2', instanceName: 'i' },
    ],
    ['devices are the hypervisor’s', { nics: [nic], disks: [disk] }, { nics: [] }, { nics: [nic], disks: [disk] }],
    ['labels count where there are some', { metadata: { a: '1' } }, { metadata: {} }, { metadata: { a: '1' } }],
    ['labels count as a whole', { metadata: { a: '1' } }, { metadata: { b: '2' } }, { metadata: { b: '2' } }],
    [
      'the name of another project is not this one’s',
      { projectId: 'p1', projectName: 'one' },
      { projectId: 'p2' },
      { projectId: 'p2', projectName: null },
    ],
    [
      'the name of the same project is',
      { projectId: 'p1', projectName: 'one' },
      { projectId: 'p1' },
      { projectId: 'p1', projectName: 'one' },
    ],
    [
      'another flavor takes nothing from the old one',
      { flavor: { ...NOTHING, name: 'small', vcpus: 1, disk: 10 } },
      { flavor: { ...NOTHING, name: 'large', vcpus: 4 } },
      { flavor: { ...NOTHING, name: 'large', vcpus: 4 } },
    ],
    [
      'what is missing of the same flavor is added',
      { flavor: { ...NOTHING, name: 'small', disk: 10, extraSpecs: { a: '1' } } },
      { flavor: { ...NOTHING, id: '7', name: 'small', vcpus: 1 } },
      { flavor: { ...NOTHING, id: '7', name: 'small', vcpus: 1, disk: 10, extraSpecs: { a: '1' } } },
    ],
    [
      'a flavor of which nothing is told is none',
      { flavor: { ...NOTHING, name: 'small' } },
      { flavor: NOTHING },
      { flavor: { ...NOTHING, name: 'small' } },
    ],
  ])('%s', (_, listed, announced, merged) => {
    expect(both(listed, announced)).toMatchObject(merged);
  });
});
