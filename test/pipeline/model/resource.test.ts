import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { DISK, INSTANCE, NIC } from '../../../avro/batch.ts';
import { EMPTY_IDENTITY, EMPTY_NIC_IDENTITY, type Identity, type NicIdentity, STATES } from '../../../avro/snapshot.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { createResources, formatUuid, type Resourceful } from '../../../pipeline/model/resource.ts';
import { CEILOMETERS } from '../../../pipeline/model/user-metadata.ts';
import { pollOf, received, rulesOf, SECOND, take } from './polls.ts';

const rules = rulesOf({}, { reorder: 200 * SECOND });

const KEY = '0123456789abcdef0123456789abcdef';
const UUID = '01234567-89ab-cdef-0123-456789abcdef';
const MAC = 'fa:16:3e:00:00:01';
const NO_NAMES: NicIdentity = { id: MAC, ...EMPTY_NIC_IDENTITY };
const NAMED: Identity = {
  ...EMPTY_IDENTITY,
  name: 'web-01',
  instanceName: 'instance-0000002a',
  projectId: 'p1',
  projectName: 'shop',
  userId: 'u1',
  userName: 'alice',
  host: 'kvm1',
  imageId: 'i1',
  osType: 'hvm',
  architecture: 'x86_64',
};

const resourceOf = (closing: Resourceful, labels = CEILOMETERS) => createResources(labels)(closing);

/** The resource of one block of an instance with this identity. */
function resource(kind: number, deviceId: string, identity: Identity | null) {
  return resourceOf({
    instance: { key: KEY, isHost: false },
    block: { kind, deviceId },
    identity,
    vcpus: 0,
    state: -1,
  });
}

const nic = (over: Partial<NicIdentity>): Identity => ({ ...NAMED, nics: [{ ...NO_NAMES, ...over }] });

test('a uuid is written with its hyphens', () => {
  expect(formatUuid(KEY)).toBe(UUID);
});

describe('the id of a resource, as Ceilometer makes it', () => {
  test.each<[string, number, string, Identity | null, string]>([
    ['an instance', INSTANCE, '', NAMED, UUID],
    ['an instance nobody knows', INSTANCE, '', null, UUID],
    ['a disk', DISK, 'vda', NAMED, `${UUID}-vda`],
    ['a nic, by its tap', NIC, MAC, nic({ name: 'tap1' }), `instance-0000002a-${UUID}-tap1`],
    ['a nic with a filter', NIC, MAC, nic({ name: 'tap1', filter: 'nova-instance-tap1' }), 'nova-instance-tap1'],
    ['a nic without a name', NIC, MAC, nic({}), `instance-0000002a-${UUID}-${MAC}`],
    ['a nic that the identity does not list', NIC, 'other', nic({ name: 'tap1' }), `instance-0000002a-${UUID}-other`],
    ['a nic of an instance nobody knows', NIC, MAC, null, `instance-${UUID}-${MAC}`],
  ])('%s', (_what, kind, deviceId, identity, expected) => {
    expect(resource(kind, deviceId, identity).id).toBe(expected);
  });
});

describe('a host', () => {
  const ofHost = (kind: number, deviceId: string, identity: Identity | null) =>
    resourceOf({ instance: { key: KEY, isHost: true }, block: { kind, deviceId }, identity, vcpus: 8, state: 1 });
  const named: Identity = { ...EMPTY_IDENTITY, host: 'esx1', nics: [{ ...NO_NAMES, id: 'vmnic0', name: 'vmnic0' }] };

  test.each<[string, number, string, Identity | null, string, object]>([
    ['itself', INSTANCE, '', named, 'esx1_esx1', {}],
    ['nobody knows', INSTANCE, '', null, `${UUID}_${UUID}`, {}],
    ['disk', DISK, 'naa.1', named, 'esx1_esx1-naa.1', { disk_name: 'naa.1' }],
    ['nic', NIC, 'vmnic0', named, 'esx1_esx1-vmnic0', { name: 'vmnic0', mac: null, device: 'vmnic0' }],
  ])('is called as nova calls it: %s', (_what, kind, deviceId, identity, id, more) => {
    const made = ofHost(kind, deviceId, identity);
    expect(made.id).toBe(id);
    expect(made.metadata).toEqual({ host_id: UUID, host: identity?.host ?? null, ...more });
  });
});

describe('whose it is', () => {
  test('is what the identity says, null where nobody does', () => {
    const ofAlice = { userId: 'u1', userName: 'alice', projectId: 'p1', projectName: 'shop' };
    expect(resource(DISK, 'vda', NAMED)).toMatchObject(ofAlice);
    const ofNobody = { userId: null, userName: null, projectId: null, projectName: null };
    expect(resource(DISK, 'vda', null)).toMatchObject(ofNobody);
  });
});

describe('the metadata', () => {
  const common = {
    display_name: 'web-01',
    name: 'instance-0000002a',
    instance_id: UUID,
    // sha224('p1kvm1')
    host: createHash('sha224').update('p1kvm1').digest('hex'),
    instance_host: 'kvm1',
    image: { id: 'i1' },
    image_ref: 'i1',
    image_ref_url: null,
    architecture: 'x86_64',
    os_type: 'hvm',
  };

  test('of an instance holds what is known of it, and nothing that is not', () => {
    expect(resource(INSTANCE, '', NAMED).metadata).toEqual(common);
    expect(resource(INSTANCE, '', null).metadata).toEqual({ instance_id: UUID });
  });

  test('tells the flavor twice, as Ceilometer does, the root disk without the ephemeral one', () => {
    const flavor = {
      id: 'f1',
      name: 'm1.small',
      vcpus: 2,
      memory: 2048,
      disk: 30,
      ephemeral: 10,
      swap: 0,
      extraSpecs: {},
    };
    expect(resource(INSTANCE, '', { ...NAMED, flavor }).metadata).toEqual({
      ...common,
      instance_type: 'm1.small',
      flavor: { id: 'f1', name: 'm1.small', vcpus: 2, ram: 2048, disk: 30, ephemeral: 10, swap: 0 },
      vcpus: 2,
      memory_mb: 2048,
      disk_gb: 30,
      ephemeral_gb: 10,
      root_gb: 20,
    });
    const unknown = { ...flavor, disk: null };
    expect(resource(INSTANCE, '', { ...NAMED, flavor: unknown }).metadata).toMatchObject({ root_gb: null });
  });

  test('tells the zone and the owner’s own metadata where there are some', () => {
    const metadata = { 'metering.stack.name': 'blue', stack: 'red', 'metering.name': 'taken', 'metering.': '' };
    const identity = { ...NAMED, imageId: null, availabilityZone: 'az1', metadata };
    expect(resource(INSTANCE, '', identity).metadata).toEqual({
      ...common,
      image: null,
      image_ref: null,
      'OS-EXT-AZ:availability_zone': 'az1',
      user_metadata: { stack_name: 'blue', '': '' },
    });
  });

  test('carries the labels that it is told to, cut to a length by characters', () => {
    const metadata = { 'bill.to': 'x\u{1F600}yz', other: 'o', 'm.a': '1' };
    const closing = {
      instance: { key: KEY, isHost: false },
      block: { kind: INSTANCE, deviceId: '' },
      vcpus: 0,
      state: -1,
    };
    const rules = { prefixes: ['m.'], keys: ['bill.to'], maxLength: 2 };
    const resource = resourceOf({ ...closing, identity: { ...NAMED, metadata } }, rules);
    expect(resource.metadata.user_metadata).toEqual({ bill_to: 'x\u{1F600}', a: '1' });
    expect(resourceOf({ ...closing, identity: { ...NAMED, metadata } }).metadata).toEqual(common);
  });

  test.each([
    ['NOSTATE', 'building', 'pending'],
    ['RUNNING', 'active', 'running'],
    ['BLOCKED', 'active', 'running'],
    ['PAUSED', 'paused', 'paused'],
    ['SHUTDOWN', 'stopped', 'shutdown'],
    ['SHUTOFF', 'stopped', 'shutdown'],
    ['CRASHED', 'error', 'crashed'],
    ['SUSPENDED', 'suspended', 'suspended'],
  ] as const)('of an instance in %s tells the status %s and the state %s', (name, status, state) => {
    const block = { kind: INSTANCE, deviceId: '' };
    const closing = {
      instance: { key: KEY, isHost: false },
      block,
      vcpus: 0,
      state: STATES.indexOf(name),
      identity: null,
    };
    expect(resourceOf(closing).metadata).toEqual({ instance_id: UUID, status, state, task_state: '' });
  });

  test('of a disk names it', () => {
    expect(resource(DISK, 'vda', NAMED).metadata).toEqual({ ...common, disk_name: 'vda' });
  });

  test('of a nic names it instead of the instance', () => {
    const identity = nic({ name: 'tap1', mac: MAC, bridge: 'br1', portId: 'port1', parameters: { IP: '10.0.0.1' } });
    expect(resource(NIC, MAC, identity).metadata).toEqual({
      ...common,
      name: 'tap1',
      mac: MAC,
      fref: null,
      parameters: { ip: '10.0.0.1', interfaceid: 'port1', bridge: 'br1' },
      vnic_name: 'tap1',
    });
    const filtered = nic({ name: 'tap1', filter: 'nova-instance-tap1' });
    expect(resource(NIC, MAC, filtered).metadata).toMatchObject({
      name: 'tap1',
      mac: MAC,
      fref: 'nova-instance-tap1',
      parameters: { interfaceid: null, bridge: null },
      vnic_name: 'nova-instance-tap1',
    });
  });
});

test('windows of one block share a resource, until something of it is known anew', () => {
  const of = {
    instance: { key: KEY, isHost: false },
    block: { kind: INSTANCE, deviceId: '' },
    identity: NAMED,
    vcpus: 2,
    state: 1,
  };
  const disk = { ...of, block: { kind: DISK, deviceId: 'vda' } };
  const resources = createResources();
  const first = resources(of);
  expect(resources({ ...of })).toBe(first);
  expect(resources(disk).id).toBe(`${UUID}-vda`);
  expect(resources(of)).toBe(first);
  expect(resources({ ...of, vcpus: 4 }).metadata).toEqual({ ...first.metadata, cpu_number: 4 });
  expect(resources({ ...of, state: 5 }).metadata).toEqual({ ...first.metadata, status: 'stopped', state: 'shutdown' });
  expect(resources({ ...of, identity: { ...NAMED, name: 'web-02' } }).metadata.display_name).toBe('web-02');
  const other = { ...of, instance: { key: 'f'.repeat(32), isHost: false } };
  expect(resources(other).metadata.instance_id).not.toBe(UUID);
  expect(resources(of)).toEqual(first);
});

test('a window has the resource of the moment it was closed, whatever is known right after', () => {
  const partition = createPartition(rules);
  const named = (name: string) => ({ ...received(0, 0n), identity: { ...NAMED, name } });
  const at = (t: number, name: string) => {
    const [row] = received(t, BigInt(t)).rows;
    return pollOf(t, [{ ...named(name), rows: row ? [row] : [] }]);
  };
  take(partition, rules, at(0, 'web-01'));
  take(partition, rules, at(60, 'web-01'));
  // All wait in the reorder buffer, and are counted one after the other with what comes next.
  take(partition, rules, at(130, 'web-02'));
  take(partition, rules, at(190, 'web-03'));
  const { closed } = take(partition, rules, at(400, 'web-04'));
  const names = closed.counters
    .filter(({ block }) => block.kind === NIC)
    .map((window) => [window.index, resourceOf(window).metadata.display_name]);
  expect(names).toEqual([
    [0, 'web-01'],
    [1, 'web-02'],
    [2, 'web-03'],
  ]);
});
