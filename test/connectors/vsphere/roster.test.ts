import { describe, expect, it } from 'vitest';
import { type EsxHost, UNKNOWN_HOST, UNKNOWN_VM, type Vm } from '../../../connectors/vsphere/properties.ts';
import { RosterMaker } from '../../../connectors/vsphere/roster.ts';
import { uuidText } from './answers.ts';

const vm = (words: Partial<Vm> = {}): Vm => ({
  ...UNKNOWN_VM,
  name: 'web',
  instanceUuid: uuidText(1),
  powerState: 'poweredOn',
  connectionState: 'connected',
  ...words,
});
const roster = (vms: Record<string, Vm>, hosts: Record<string, EsxHost> = {}) =>
  new RosterMaker().make({ vms: new Map(Object.entries(vms)), hosts: new Map(Object.entries(hosts)) });
const ids = (vms: Record<string, Vm>): string[] => roster(vms).vms.map(({ id }) => id);

describe('who is listed', () => {
  it.each<[string, Partial<Vm>, string | undefined]>([
    ["by vCenter's uuid", {}, uuidText(1)],
    ["by nova's", { novaUuid: uuidText(2) }, uuidText(2)],
    ["by vCenter's if nova's is empty, as in its cached templates", { novaUuid: '' }, uuidText(1)],
    ['without dashes as well', { instanceUuid: uuidText(3).replaceAll('-', '').toUpperCase() }, uuidText(3)],
    ['not without a uuid', { instanceUuid: null, biosUuid: uuidText(4) }, undefined],
    ['not with nothing but zeros', { instanceUuid: '00000000-0000-0000-0000-000000000000' }, undefined],
    ['not as a template', { template: true }, undefined],
    ['not as an orphan', { connectionState: 'orphaned' }, undefined],
    ['when its files cannot be read', { connectionState: 'inaccessible' }, uuidText(1)],
  ])('%s', (_, words, uuid) => {
    expect(roster({ 'vm-1': vm(words) }).vms.map((one) => one.uuid.toString('hex'))).toEqual(
      uuid === undefined ? [] : [uuid.replaceAll('-', '')],
    );
  });

  it.each<[Partial<Vm>, string]>([
    [{ powerState: 'poweredOn' }, 'RUNNING'],
    [{ powerState: 'poweredOff' }, 'SHUTOFF'],
    [{ powerState: 'suspended' }, 'SUSPENDED'],
    [{ powerState: null }, 'NOSTATE'],
    [{ powerState: 'poweredOn', connectionState: 'disconnected' }, 'NOSTATE'],
    [{ powerState: 'poweredOn', connectionState: 'inaccessible' }, 'NOSTATE'],
  ])('%j is %s', (words, state) => {
    expect(roster({ 'vm-1': vm(words) }).vms[0]?.state).toBe(state);
  });

  it('those without a uuid are counted, but not templates and orphans', () => {
    const nobody = { instanceUuid: null };
    const all = {
      a: vm(nobody),
      b: vm({ ...nobody, template: true }),
      c: vm({ ...nobody, connectionState: 'orphaned' }),
    };
    expect(roster(all).nameless).toBe(1);
  });

  it('of two with one uuid the one that runs, else the first', () => {
    const off = vm({ powerState: 'poweredOff' });
    expect(ids({ 'vm-1': off, 'vm-2': vm() })).toEqual(['vm-2']);
    expect(ids({ 'vm-1': vm(), 'vm-2': vm() })).toEqual(['vm-1']);
    expect(ids({ 'vm-1': off, 'vm-2': off })).toEqual(['vm-1']);
    expect(roster({ 'vm-1': off, 'vm-2': vm(), 'vm-3': off }).duplicates).toBe(2);
  });

  it('hosts by the uuid of their hardware', () => {
    const host = { ...UNKNOWN_HOST, name: 'esx1', uuid: uuidText(9), threads: 16n, powerState: 'poweredOn' };
    const { hosts } = roster({}, { 'host-1': host, 'host-2': { ...host, uuid: null } });
    expect(hosts).toMatchObject([
      { id: 'host-1', state: 'RUNNING', identity: { name: 'esx1' }, layout: { vcpus: 16n } },
    ]);
  });
});

describe('who it is', () => {
  const ANNOTATION = `name:web server: 1\nuserid:u-1\nusername:ann\nprojectid:p-1\nprojectname:None\nflavor:name:m1.small\nflavor:memory_mb:2048\nflavor:vcpus:1\nflavor:ephemeral_gb:5\nflavor:root_gb:20\nflavor:swap:0\nimageid:i-1\npackage:29.0.1\n`;

  it('follows its name and its host', () => {
    const maker = new RosterMaker();
    const make = (words: Partial<Vm>, hostName: string) =>
      maker.make({
        vms: new Map([['vm-1', vm({ host: 'host-1', ...words })]]),
        hosts: new Map([['host-1', { ...UNKNOWN_HOST, name: hostName }]]),
      }).vms[0]?.identity;
    expect(make({}, 'esx1')).toMatchObject({ name: 'web', host: 'esx1' });
    expect(make({ name: 'web-2' }, 'esx2')).toMatchObject({ name: 'web-2', host: 'esx2' });
  });

  it('stays the same object while nothing changes', () => {
    const maker = new RosterMaker();
    const known = { vms: new Map([['vm-1', vm()]]), hosts: new Map<string, EsxHost>() };
    expect(maker.make(known).vms[0]?.identity).toBe(maker.make(known).vms[0]?.identity);
  });

  it("is what nova's note says", () => {
    const [listed] = roster({ 'vm-1': vm({ name: 'instance-01', novaUuid: uuidText(1), annotation: ANNOTATION }) }).vms;
    expect(listed?.identity).toMatchObject({
      name: 'web server: 1',
      instanceName: 'instance-01',
      projectId: 'p-1',
      projectName: null,
      userId: 'u-1',
      userName: 'ann',
      imageId: 'i-1',
      flavor: { name: 'm1.small', vcpus: 1, memory: 2048, disk: 25, ephemeral: 5, swap: 0 },
    });
  });

  it.each<[string, Partial<Vm>]>([
    ["that is none of nova's", { annotation: ANNOTATION }],
    ['that somebody else wrote', { novaUuid: uuidText(1), annotation: 'projectid:p-1\nask Bob before a reboot' }],
  ])('is not what a note says %s', (_, words) => {
    expect(roster({ 'vm-1': vm(words) }).vms[0]?.identity).toMatchObject({
      name: 'web',
      projectId: null,
      flavor: null,
    });
  });

  it('tells nics of one MAC apart', () => {
    const nic = { label: null, mac: '00:50:56:aa:00:01', network: null, portId: null };
    const devices = {
      disks: [],
      nics: [
        { ...nic, instance: '4000' },
        { ...nic, instance: '4001' },
        { ...nic, mac: null, instance: '4002' },
      ],
    };
    expect(roster({ 'vm-1': vm({ devices }) }).vms[0]?.identity.nics.map(({ id }) => id)).toEqual([
      '00:50:56:aa:00:01',
      '00:50:56:aa:00:01/2',
      '4002',
    ]);
  });
});
