import { afterEach, describe, expect, it } from 'vitest';
import * as faults from './fault.ts';
import { fleet, hostSpec, machineSpec, nicSpec } from './fleet.ts';
import { either, everySixteenthMinute, HOSTILE_XML, overQuota, when } from './hostile.ts';
import { FakeHyperv, type FakeOptions, METER } from './hyperv.ts';
import { elements, enumerateXml, faultOf, IDENTIFY, PlainClient, pullXml, soap } from './plain-client.ts';
import { World } from './world.ts';

const NOON = Date.UTC(2026, 10, 26, 12) * 1000;
const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const VP = 'Win32_PerfRawData_HvStats_HyperVHypervisorVirtualProcessor';
const NIC = 'Win32_PerfRawData_NvspNicStats_HyperVVirtualNetworkAdapter';
const DISK = 'Win32_PerfRawData_Counters_HyperVVirtualStorageDevice';
const DYNAMIC = 'Win32_PerfRawData_BalancerStats_HyperVDynamicMemoryVM';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function bench(machines = 3, options: Partial<FakeOptions> = {}) {
  const clock = { now: NOON };
  const world = options.world ?? new World({ ...fleet(machines, 1, NOON - HOUR), now: () => clock.now });
  const fake = await FakeHyperv.start({ world, ...options });
  const client = new PlainClient(fake.url);
  open.unshift(client, fake);
  expect((await client.login(METER)).status).toBe(200);
  return { clock, world, fake, client };
}

const worldOf = (...machines: readonly ReturnType<typeof machineSpec>[]): World =>
  new World({ hosts: [hostSpec(1, NOON - 2 * HOUR)], machines, now: () => NOON });

describe('an enumeration', () => {
  it('comes whole in one answer where it fits', async () => {
    const { client, fake, world } = await bench(3);
    const rows = await client.rows(`SELECT Name, PercentTotalRunTime, Timestamp_Sys100NS FROM ${VP}`);
    expect(rows).toHaveLength(7);
    const [first] = [...world.machines.values()];
    const guid = first?.spec.guid ?? '';
    expect(rows[0]).toEqual({
      Name: 'instance-00000001:Hv VP 0',
      PercentTotalRunTime: String(world.truth(guid, 'totalRunTime', '0', NOON - HOUR, NOON)),
      Timestamp_Sys100NS: String(BigInt(NOON) * 10n + 116_444_736_000_000_000n),
    });
    expect(rows.at(-1)?.Name).toBe('_Total');
    expect([fake.calls, fake.open.enumerations, fake.sealed]).toEqual([[`Enumerate ${VP}`], 0, 1]);
  });

  it.each([
    [{ most: 2 }, 4],
    [{ most: 7 }, 1],
    [{ optimized: false, most: 4 }, 3],
    [{ envelope: 8192 }, 1],
  ])('with %j takes %i answers and loses nothing', async (asked, answers) => {
    const { client, fake } = await bench(3);
    expect(await client.rows(`SELECT Name FROM ${VP}`, asked)).toHaveLength(7);
    expect([fake.calls.length, fake.open.enumerations]).toEqual([answers, 0]);
  });

  it('keeps to the least of both sizes of envelopes', async () => {
    const { client, fake } = await bench(300, { maxEnvelope: 30_000 });
    const reply = await client.post(enumerateXml(`SELECT * FROM ${VP}`, { envelope: 512_000 }));
    expect(reply.text.length).toBeGreaterThan(20_000);
    expect(reply.text.length).toBeLessThanOrEqual(30_000);
    expect(fake.open.enumerations).toBe(1);
    expect(faultOf(await client.post(enumerateXml(`SELECT * FROM ${VP}`, { envelope: 4096 })))[1]).toBe(
      'EncodingLimit',
    );
  });

  it('is of one moment, though it is pulled later', async () => {
    const { client, clock } = await bench(3);
    const query = enumerateXml(`SELECT Timestamp_PerfTime FROM ${VP}`, { most: 1 });
    const context = (reply: Parameters<typeof elements>[0]) =>
      elements(reply).find(({ name }) => name === 'EnumerationContext')?.text ?? '';
    const first = await client.post(query);
    clock.now += 5 * SECOND;
    const second = await client.post(pullXml(context(first)));
    const times = [first, second].flatMap(({ text }) => [...text.matchAll(/PerfTime>(\d+)</g)].map(([, time]) => time));
    expect(new Set(times).size).toBe(1);
  });

  it('is forgotten when it is done, released, or left alone for four minutes', async () => {
    const { client, clock, fake } = await bench(3);
    const begin = async () => {
      const reply = await client.post(enumerateXml(`SELECT Name FROM ${VP}`, { most: 1 }));
      return elements(reply).find(({ name }) => name === 'EnumerationContext')?.text ?? '';
    };
    const invalid = [500, 'InvalidEnumerationContext', 0x8033801b];
    const done = await begin();
    await client.post(pullXml(done));
    expect(faultOf(await client.post(pullXml(done)))).toEqual(invalid);
    const released = await begin();
    const release = `<n:Release><n:EnumerationContext>${released}</n:EnumerationContext></n:Release>`;
    expect((await client.post(soap('Release', 'root/cimv2', release))).status).toBe(200);
    expect(faultOf(await client.post(pullXml(released)))).toEqual(invalid);
    const left = await begin();
    expect(fake.open.enumerations).toBe(1);
    clock.now += 241 * SECOND;
    expect(faultOf(await client.post(pullXml(left)))).toEqual(invalid);
  });

  it('shows its quirks', async () => {
    const { client } = await bench(1, { lastContext: 'kept', endOfSequence: 'other' });
    const { text } = await client.post(enumerateXml(`SELECT Name FROM ${VP}`));
    expect(text).toMatch(/<n:EnumerationContext>uuid:[^<]+<.*<w:Items>.*<\/w:Items><n:EndOfSequence\/>/);
  });
});

describe('instances', () => {
  it('of a whole class are elements of that class, projections are fragments', async () => {
    const { client } = await bench(1);
    const whole = await client.post(enumerateXml('SELECT * FROM Msvm_StorageAllocationSettingData'));
    const uri =
      'http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/Msvm_StorageAllocationSettingData';
    expect(whole.text).toContain(`<w:Items><p:Msvm_StorageAllocationSettingData xmlns:p="${uri}"`);
    expect(whole.text).toContain('<p:Address xsi:nil="true"/>');
    const some = await client.post(enumerateXml('SELECT HostResource FROM Msvm_StorageAllocationSettingData'));
    expect(some.text).toContain('<HostResource>C:\\ClusterStorage\\Volume1\\instances\\instance-00000001\\root.vhdx<');
  });

  it('of a superclass are those of its subclasses, with what is theirs', async () => {
    const { client } = await bench(1);
    const { text } = await client.post(
      enumerateXml('SELECT * FROM CIM_ResourceAllocationSettingData', { namespace: 'root/virtualization/v2' }),
    );
    expect([...text.matchAll(/<p:(Msvm_\w+) /g)].map(([, name]) => name)).toEqual([
      'Msvm_ProcessorSettingData',
      'Msvm_SyntheticEthernetPortSettingData',
      'Msvm_StorageAllocationSettingData',
      'Msvm_StorageAllocationSettingData',
    ]);
  });

  it('are those that a query asks for', async () => {
    const { client, world } = await bench(3);
    const realized = "WHERE VirtualSystemType = 'Microsoft:Hyper-V:System:Realized'";
    const rows = await client.rows(
      `SELECT VirtualSystemIdentifier, Notes FROM Msvm_VirtualSystemSettingData ${realized}`,
    );
    expect(rows).toEqual(
      [...world.machines.values()].map(({ spec }) => ({ VirtualSystemIdentifier: spec.guid, Notes: spec.novaUuid })),
    );
    const one = `${realized} AND ElementName='instance-00000002'`;
    expect(await client.rows(`SELECT ElementName FROM Msvm_VirtualSystemSettingData ${one}`)).toHaveLength(1);
  });

  it('repeat an array, element by element', async () => {
    const named = machineSpec(1, 'HV1', NOON - HOUR, { moreNotes: ['a <b> & "c"', ''] });
    const nameless = machineSpec(2, 'HV1', NOON - HOUR, { novaUuid: null });
    const { client } = await bench(0, { world: worldOf(named, nameless) });
    const { text } = await client.post(enumerateXml('SELECT Notes FROM Msvm_VirtualSystemSettingData'));
    const notes = `<Notes>${named.novaUuid}</Notes><Notes>a &lt;b&gt; &amp; &quot;c&quot;</Notes><Notes></Notes>`;
    expect(text).toContain(`>${notes}</w:XmlFragment>`);
    expect(text).toContain('<Notes xsi:nil="true"/>');
  });

  it('have times by the clock of the host, and nil where there is nothing', async () => {
    const { client } = await bench(1);
    const [host, machine] = await client.rows(
      'SELECT Name, OnTimeInMilliseconds, TimeOfLastStateChange FROM Msvm_ComputerSystem',
    );
    expect(host).toEqual({ Name: 'HV1', OnTimeInMilliseconds: null, TimeOfLastStateChange: null });
    expect(machine).toMatchObject({ OnTimeInMilliseconds: '3600000', TimeOfLastStateChange: '2026-11-26T11:00:00Z' });
  });

  it('of dynamic memory are those of machines that have it', async () => {
    const { client } = await bench(4);
    const names = (await client.rows(`SELECT Name FROM ${DYNAMIC}`)).map(({ Name }) => Name);
    expect(names).toEqual(['instance-00000002', 'instance-00000004']);
  });
});

describe('names of rows', () => {
  const twins = () =>
    worldOf(machineSpec(1, 'HV1', NOON - HOUR, { name: 'web' }), machineSpec(2, 'HV1', NOON - HOUR, { name: 'web' }));
  const names = (rows: readonly Record<string, string | null>[]) => rows.map(({ Name }) => Name);

  it('of two machines with one name have numbers', async () => {
    const { client } = await bench(0, { world: twins() });
    expect(names(await client.rows(`SELECT Name FROM ${VP}`))).toEqual([
      'web:Hv VP 0',
      'web:Hv VP 0#1',
      'web:Hv VP 1',
      'web:Hv VP 1#1',
      '_Total',
    ]);
  });

  it('or there is one row with the sums', async () => {
    const world = twins();
    const { client } = await bench(0, { world, dialect: { duplicates: 'merged' } });
    const rows = await client.rows(`SELECT Name, PercentTotalRunTime FROM ${VP}`);
    const sum = [...world.machines.keys()].map((guid) => world.shown(guid, 'totalRunTime', '0') ?? 0n);
    expect(rows[0]).toEqual({ Name: 'web:Hv VP 0', PercentTotalRunTime: String(sum.reduce((a, b) => a + b)) });
  });

  it('keep the colons of machines, and hold adapters and paths in the form asked for', async () => {
    const nic = nicSpec('x');
    const machine = machineSpec(1, 'HV1', NOON - HOUR, {
      name: 'a:Hv VP 9:b',
      nics: [nic],
      vhds: ['\\\\fs\\vms\\A.vhdx'],
    });
    const { client, fake } = await bench(0, { world: worldOf(machine) });
    expect(names(await client.rows(`SELECT Name FROM ${VP}`))[0]).toBe('a:Hv VP 9:b:Hv VP 0');
    expect(names(await client.rows(`SELECT Name FROM ${NIC}`))[0]).toBe(
      `a:Hv VP 9:b_Network Adapter_${machine.guid}--${nic.guid}`,
    );
    expect(names(await client.rows(`SELECT Name FROM ${DISK}`))).toEqual(['--fs-vms-A.vhdx']);
    fake.service.dialect = {
      ...fake.service.dialect,
      nicRow: 'port',
      guidCase: 'lower',
      diskPrefix: '--?-',
      diskCase: 'lower',
    };
    expect(names(await client.rows(`SELECT Name FROM ${NIC}`))[0]).toBe(
      `a:Hv VP 9:b_Network Adapter_${nic.guid.toLowerCase()}`,
    );
    expect(names(await client.rows(`SELECT Name FROM ${DISK}`))).toEqual(['--?---fs-vms-a.vhdx']);
  });
});

describe('what a host does not do', () => {
  it.each([
    ['filter', [500, 'CannotProcessFilter', 0x8033801a]],
    ['resource', [500, 'DestinationUnreachable', 0x80338000]],
    ['hresult', [500, 'InternalError', 0x80041010]],
  ] as const)('a class that is not there is a fault of the form %s', async (absentClass, fault) => {
    const { client } = await bench(1, { lacks: [DYNAMIC], absentClass });
    expect(faultOf(await client.post(enumerateXml(`SELECT Name FROM ${DYNAMIC}`)))).toEqual(fault);
    expect(await client.rows(`SELECT Name FROM ${VP}`)).toHaveLength(3);
  });

  it('nor has an older build what came later', async () => {
    const world = new World({
      hosts: [hostSpec(1, NOON - HOUR, { build: 14_393 })],
      machines: [machineSpec(2, 'HV1', NOON - HOUR)],
      now: () => NOON,
    });
    const { client } = await bench(0, { world });
    const reply = await client.post(enumerateXml(`SELECT Name, GuestAvailableMemory FROM ${DYNAMIC}`));
    expect(faultOf(reply)).toEqual([500, 'CannotProcessFilter', 0x8033801a]);
    expect(reply.text).toContain('WBEM_E_INVALID_QUERY');
  });

  it('understands no other query, dialect, resource, action or header', async () => {
    const { client } = await bench(1);
    const subcode = async (xml: string) => faultOf(await client.post(xml))[1];
    const good = enumerateXml(`SELECT Name FROM ${VP}`);
    expect(await subcode(enumerateXml(`SELECT Name FROM ${VP} ORDER BY Name`))).toBe('CannotProcessFilter');
    expect(await subcode(good.replace('wsman/1/WQL', 'wsman/1/CQL'))).toBe('FilterDialectRequestedUnavailable');
    expect(await subcode(good.replace('root/cimv2', 'root/nowhere'))).toBe('DestinationUnreachable');
    expect(await subcode(good.replace('/Enumerate<', '/Renew<'))).toBe('ActionNotSupported');
    const strange = '<x s:mustUnderstand="true"/>';
    expect((await client.post(enumerateXml('x', { header: strange }))).text).toContain('s:MustUnderstand');
  });
});

describe('trouble, as ordered', () => {
  it('comes in every sixteenth minute', async () => {
    const { client, fake, clock } = await bench(1);
    fake.react = everySixteenthMinute(VP, () => clock.now);
    clock.now = (Math.floor(NOON / 60 / SECOND / 16) + 1) * 16 * 60 * SECOND;
    expect(faultOf(await client.post(enumerateXml(`SELECT Name FROM ${VP}`)))).toEqual([
      500,
      'TimedOut',
      2_150_858_793,
    ]);
    clock.now += 60 * SECOND;
    expect(await client.rows(`SELECT Name FROM ${VP}`)).toHaveLength(3);
  });

  it('or so many times, as faults or as hostile XML, sealed like everything', async () => {
    const { client, fake } = await bench(1);
    const rewrite = HOSTILE_XML['a document type'] as (xml: string) => string;
    fake.react = either(
      overQuota(1),
      when({ className: VP }, { fault: faults.wmiAccessDenied }, 1),
      when({}, { rewrite }, 1),
    );
    const ask = () => client.post(enumerateXml(`SELECT Name FROM ${VP}`));
    expect(faultOf(await ask())).toEqual([500, 'QuotaLimit', 0x803381a6]);
    expect(faultOf(await ask())).toEqual([500, 'AccessDenied', 0x80338104]);
    expect((await ask()).text).toMatch(/^<!DOCTYPE x>/);
    expect((await ask()).status).toBe(200);
  });

  it('when too many enumerations are open', async () => {
    const { client } = await bench(1, { maxOperations: 1 });
    const ask = () => client.post(enumerateXml(`SELECT Name FROM ${VP}`, { most: 1 }));
    expect([(await ask()).status, faultOf(await ask())[1]]).toEqual([200, 'QuotaLimit']);
  });

  it('cuts answers and connections', async () => {
    const { client, fake } = await bench(1);
    fake.react = when({}, 'disconnect', 1);
    await expect(client.post(IDENTIFY)).rejects.toThrow();
  });
});
