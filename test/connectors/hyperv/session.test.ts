import { afterEach, describe, expect, it } from 'vitest';
import { fleet, machineSpec } from '../../fakes/hyperv/fleet.ts';
import { when } from '../../fakes/hyperv/hostile.ts';
import type { FakeOptions } from '../../fakes/hyperv/hyperv.ts';
import type { MachineSpec } from '../../fakes/hyperv/machine.ts';
import type { WorldOptions } from '../../fakes/hyperv/world.ts';
import { type Bench, bench, HOUR, NOON } from './a-host.ts';

let here: Bench;
afterEach(() => here.close());

const hex = (text: string): string => text.replaceAll('-', '').toLowerCase();
const worldOf = (...machines: MachineSpec[]): Omit<WorldOptions, 'now'> => ({ ...fleet(0, 1, NOON - HOUR), machines });
const start = async (...given: Parameters<typeof bench>): Promise<Bench> => {
  here = await bench(...given);
  return here;
};

describe('a poll', () => {
  it('tells what every machine has used, to the unit', async () => {
    const { world, later, fake } = await start(3);
    for (const seconds of [10, 60]) {
      const { instances, partial } = await later(seconds);
      expect(partial).toBeNull();
      expect(instances).toHaveLength(3);
      for (const { spec } of world.machines.values()) {
        const instance = instances.find(({ uuid }) => uuid.toString('hex') === hex(spec.novaUuid ?? ''));
        const shown = (counter: Parameters<typeof world.shown>[1], device = '') =>
          world.shown(spec.guid, counter, device);
        expect(instance).toMatchObject({ state: 'RUNNING', startedAt: NOON - HOUR, deletedAt: null });
        expect(instance?.identity).toMatchObject({ name: spec.name, host: 'HV1' });
        expect(instance?.nics.map(({ id }) => hex(id.replaceAll(':', '')))).toEqual([hex(spec.nics[0]?.mac ?? '')]);
        const [row] = instance?.rows ?? [];
        expect(row).toMatchObject({
          observedAt: world.now(),
          interval: null,
          monotonic: null,
          cpuTime: (shown('totalRunTime') ?? 0n) * 100n,
          vcpus: 2n,
        });
        expect(row?.nics).toMatchObject([
          {
            rxBytes: shown('rxBytes'),
            txBytes: shown('txBytes'),
            rxPackets: shown('rxPackets'),
            txPackets: shown('txPackets'),
            rxDrops: shown('rxDropped'),
            txDrops: shown('txDropped'),
            rxErrors: null,
          },
        ]);
        expect(row?.disks).toMatchObject([
          {
            readBytes: shown('readBytes'),
            writeBytes: shown('writeBytes'),
            readRequests: shown('readRequests'),
            writeRequests: shown('writeRequests'),
            capacity: null,
          },
        ]);
        const memory = BigInt(world.machine(spec.guid).memoryMbAt(world.now())) * 1_048_576n;
        expect(row?.memory).toBe(memory);
        expect(row?.memoryUsage).toBe(spec.dynamicMemory ? memory - ((memory >> 20n) / 4n) * 1_048_576n : null);
      }
    }
    expect([fake.offences, fake.authentication.refusals]).toEqual([[], []]);
  });

  it('takes four enumerations, five where some machines have no dynamic memory, over one connection', async () => {
    const { fake, poll, later } = await start({
      ...fleet(0, 1, NOON - HOUR),
      machines: [2, 4].map((n) => machineSpec(n, 'HV1', NOON - HOUR)),
    });
    expect((await poll()).calls).toBe(4);
    expect((await later(10)).calls).toBe(4);
    expect([fake.connected, fake.open.enumerations]).toEqual([1, 0]);
    expect(fake.count('Pull')).toBe(0);
    await here.close();
    const mixed = await start(4);
    expect((await mixed.poll()).calls).toBe(5);
    await here.close();
    const fixed = await start({
      ...fleet(0, 1, NOON - HOUR),
      machines: [1, 3].map((n) => machineSpec(n, 'HV1', NOON - HOUR)),
    });
    await fixed.poll();
    expect((await fixed.later(10)).calls).toBe(4);
  });

  it('reads the inventory every five minutes', async () => {
    const { fake, poll, later } = await start(2);
    await poll();
    await later(60);
    expect(fake.count('Enumerate Msvm_ComputerSystem')).toBe(1);
    await later(240);
    expect(fake.count('Enumerate Msvm_ComputerSystem')).toBe(2);
  });

  it.each<[string, Partial<FakeOptions>]>([
    ['answers in parts', { dialect: {}, maxEnvelope: 8192 }],
    ['a context with the last of them', { lastContext: 'kept', endOfSequence: 'other' }],
    [
      'another form of names',
      { dialect: { nicRow: 'port', guidCase: 'lower', diskPrefix: '--?-', diskCase: 'lower' } },
    ],
    ['a backslash in names', { dialect: { nicRow: 'vm\\port' } }],
    ['a clock in local time', { dialect: { sys100NsMinutes: 330 } }],
    ['a translated caption', { dialect: { caption: 'Virtueller Computer' } }],
    ['dynamic memory of all', { dialect: { dynamicMemoryRows: 'all' } }],
  ])('is the same with %s', async (_, options) => {
    const usual = await start(40);
    const expected = (await usual.poll()).instances;
    await here.close();
    const { poll, fake } = await start(40, options);
    const { instances } = await poll();
    const plain = (all: typeof instances) =>
      all.map(({ identity, ...rest }) => ({
        ...rest,
        rows: rest.rows.map(({ memoryUsage, memoryAvailable, ...row }) => row),
      }));
    expect(plain(instances)).toEqual(plain(expected));
    expect(fake.open.enumerations).toBe(0);
  });

  it('tells how far the clock is ahead, and when the host booted', async () => {
    const of = fleet(1, 1, NOON - HOUR);
    const { poll, reported } = await start({
      ...of,
      hosts: of.hosts.map((host) => ({ ...host, skewUs: -100_000_000 })),
    });
    const { bootedAt, instances } = await poll();
    expect(reported('endpoint.skew')).toMatchObject([{ skewUs: -100_000_000 }]);
    expect(instances[0]?.rows[0]?.observedAt).toBe(NOON - 100_000_000);
    expect(instances[0]?.startedAt).toBe(NOON - HOUR - 100_000_000);
    expect(bootedAt).toBe(NOON - 2 * HOUR - 100_000_000);
  });
});

describe('a life', () => {
  it('ends when a machine is turned off, and another begins when it is on again', async () => {
    const { world, poll, later } = await start(1);
    const [guid = ''] = world.machines.keys();
    const first = (await poll()).instances[0];
    world.happen(guid, { does: 'stop' });
    const off = (await later(10)).instances[0];
    expect(off).toMatchObject({ state: 'SHUTOFF', epoch: null, rows: [] });
    world.happen(guid, { does: 'start' });
    const on = (await later(10)).instances[0];
    expect(on?.epoch).not.toBe(first?.epoch);
    expect(on).toMatchObject({ state: 'RUNNING', startedAt: NOON + 10_000_000 });
  });

  it('is another one after a reset between two polls, as the counters have fallen', async () => {
    const { world, poll, clock, later } = await start(1);
    const [guid = ''] = world.machines.keys();
    const first = (await poll()).instances[0];
    clock.jump(5);
    world.happen(guid, { does: 'reset' });
    const second = (await later(5)).instances[0];
    expect(second?.epoch).not.toBe(first?.epoch);
    expect(second?.startedAt).toBe(NOON + 5_000_000);
    expect(second?.rows[0]?.cpuTime).toBe((world.shown(guid, 'totalRunTime', '') ?? 0n) * 100n);
  });

  it('is the same for another session, and for another collector', async () => {
    const { poll, session, endpoint, later } = await start(1);
    const first = (await poll()).instances[0];
    await (await session()).close();
    const again = await endpoint.connect(new AbortController().signal);
    expect((await again.poll(new AbortController().signal)).instances[0]).toMatchObject({
      epoch: first?.epoch,
      startedAt: first?.startedAt,
    });
    await again.close();
    await expect(later(1)).rejects.toThrow('closed');
  });

  it('begins when its process is told, with all that it used since', async () => {
    const hidden = (xml: string): string => xml.replaceAll(/(<(?:\w+:)?ProcessID)>\d+<\/(?:\w+:)?ProcessID>/g, '$1/>');
    const react = when({ className: 'Msvm_ComputerSystem' }, { rewrite: hidden });
    const { fake, poll, later } = await start(fleet(1, 1, NOON - 10_000_000), { react });
    expect((await poll()).instances).toMatchObject([{ state: 'RUNNING', epoch: null, rows: [] }]);
    fake.react = undefined;
    expect((await later(60)).instances).toMatchObject([
      { epoch: expect.stringMatching(/\/\d+$/), startedAt: NOON - 10_000_000, rows: [{ cpuTime: expect.any(BigInt) }] },
    ]);
  });

  it('of a saved machine has no counters', async () => {
    const { world, poll, later } = await start(1);
    const [guid = ''] = world.machines.keys();
    await poll();
    world.happen(guid, { does: 'save' });
    expect((await later(10)).instances[0]).toMatchObject({ state: 'SUSPENDED', rows: [] });
  });

  it('begins with a machine that is new, and a name that is new changes nothing', async () => {
    const of = fleet(2, 1, NOON - HOUR);
    const { world, poll, later } = await start({
      ...of,
      machines: of.machines.map((spec, n) =>
        n === 0
          ? spec
          : {
              ...spec,
              life: [
                { at: NOON + 5_000_000, does: 'create', host: 'HV1' },
                { at: NOON + 5_000_000, does: 'start' },
              ] as const,
            },
      ),
    });
    const first = (await poll()).instances;
    expect(first).toHaveLength(1);
    expect((await later(10)).instances).toHaveLength(2);
    const [guid = ''] = world.machines.keys();
    world.happen(guid, { does: 'rename', name: 'a:b:Hv VP 1' });
    const renamed = (await later(10)).instances.find(({ identity }) => identity?.name === 'a:b:Hv VP 1');
    expect(renamed?.epoch).toBe(first[0]?.epoch);
    expect(renamed?.rows[0]?.cpuTime).toBe((world.shown(guid, 'totalRunTime', '') ?? 0n) * 100n);
  });
});

describe('names', () => {
  const twins = () =>
    worldOf(
      machineSpec(1, 'HV1', NOON - HOUR, { name: 'web' }),
      machineSpec(2, 'HV1', NOON - HOUR, { name: 'web' }),
      machineSpec(3, 'HV1', NOON - HOUR, { name: 'grün: Äß 東京' }),
    );

  it.each(['numbered', 'merged'] as const)('that two share are of neither, though %s', async (duplicates) => {
    const { poll, reported, world } = await start(twins(), { dialect: { duplicates } });
    const { instances } = await poll();
    const rowsOf = (name: string) =>
      instances.filter(({ identity }) => identity?.name === name).flatMap(({ rows }) => rows);
    expect(rowsOf('web').map(({ cpuTime, memory }) => [cpuTime, memory])).toEqual([
      [null, null],
      [null, null],
    ]);
    // What goes by GUID or path is certain.
    for (const row of rowsOf('web')) expect([row.nics[0]?.rxBytes, row.disks[0]?.readBytes]).not.toContain(null);
    const third = [...world.machines.keys()][2] ?? '';
    expect(rowsOf('grün: Äß 東京')[0]?.cpuTime).toBe((world.shown(third, 'totalRunTime', '') ?? 0n) * 100n);
    const dropped = reported('reading.dropped');
    expect(dropped.map(({ reason }) => reason)).toEqual(['ambiguous']);
    expect(reported('values.missing')).toMatchObject([{ reason: 'absent', count: 2 }]);
  });

  it('of a disk that two machines use are of neither', async () => {
    const vhds = ['C:\\shared\\quorum.vhdx'];
    const { poll, reported } = await start(
      worldOf(machineSpec(1, 'HV1', NOON - HOUR, { vhds }), machineSpec(2, 'HV1', NOON - HOUR, { vhds })),
    );
    const { instances } = await poll();
    expect(instances.map(({ rows }) => rows[0]?.disks[0]?.readBytes)).toEqual([null, null]);
    expect(reported('reading.dropped')).toMatchObject([{ reason: 'ambiguous', count: 2 }]);
  });

  it('of nova are taken from the notes, unless another machine that runs has them', async () => {
    const novaUuid = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
    const { poll, reported } = await start(
      worldOf(machineSpec(1, 'HV1', NOON - HOUR, { novaUuid }), machineSpec(2, 'HV1', NOON - HOUR, { novaUuid })),
    );
    expect((await poll()).instances.map(({ uuid }) => uuid.toString('hex'))).toEqual([hex(novaUuid)]);
    expect(reported('reading.dropped')).toContainEqual({
      event: 'reading.dropped',
      reason: 'duplicate_uuid',
      count: 1,
    });
    await here.close();
    const own = await start(1, {}, { notes: 'none' });
    const [guid = ''] = own.world.machines.keys();
    expect((await own.poll()).instances[0]?.uuid.toString('hex')).toBe(hex(guid));
  });
});
