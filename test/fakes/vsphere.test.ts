import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { available, govc } from '../services/service.ts';
import { selfSigned } from './certificate.ts';
import { COUNTERS, keyOf } from './vsphere/counters.ts';
import { fleet } from './vsphere/fleet.ts';
import { type FakeOptions, FakeVsphere } from './vsphere/vsphere.ts';
import { World } from './vsphere/world.ts';

const run = promisify(execFile);
const NOON = Date.UTC(2026, 10, 26, 12) * 1000;
const SECOND = 1_000_000;

interface Bench {
  readonly fake: FakeVsphere;
  readonly world: World;
  readonly clock: { now: number };
  /** What govc prints; it logs in, asks and logs out. */
  readonly ask: (...args: readonly string[]) => Promise<string>;
}

const open: FakeVsphere[] = [];
afterEach(async () => {
  for (const fake of open.splice(0)) await fake.close();
});

async function bench(mode: 'vcenter' | 'esx', machines = 3, options: Partial<FakeOptions> = {}): Promise<Bench> {
  const clock = { now: NOON };
  const world = new World({ ...fleet(mode, machines, 2, NOON - 3600 * SECOND), now: () => clock.now });
  const fake = await FakeVsphere.start({ world, ...options });
  open.push(fake);
  return { fake, world, clock, ask: (...args) => govcAt(fake.url, 'p', args) };
}

async function govcAt(url: string, password: string, args: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    GOVC_URL: url,
    GOVC_USERNAME: 'u',
    GOVC_PASSWORD: password,
    GOVC_INSECURE: '1',
    GOVC_PERSIST_SESSION: 'false',
  };
  const { stdout } = await run(govc, args, { env, maxBuffer: 64 * 2 ** 20 });
  return stdout;
}

interface Sampled {
  readonly sample: readonly {
    readonly entity: { readonly value: string };
    readonly sampleInfo: readonly { readonly timestamp: string; readonly interval: number }[];
    readonly value: readonly { readonly name: string; readonly instance: string; readonly value: readonly number[] }[];
  }[];
}

const MODES = [
  ['vcenter', '/dc1', 'vm-1', 'VirtualCenter'],
  ['esx', '/ha-datacenter', '1', 'HostAgent'],
] as const;

describe.skipIf(!(await available('govc')))('the fake vCenter, judged by govc [govc]', () => {
  describe.each(MODES)('as a %s', (mode, root, id, apiType) => {
    it('tells what it is, and lists what it has', async () => {
      const { ask, world, fake } = await bench(mode);
      expect(JSON.parse(await ask('about', '-json'))).toMatchObject({ about: { apiType, version: '8.0.3' } });
      expect((await ask('ls')).split('\n')).toContain(`${root}/vm`);
      const names = [...world.machines.values()].map(({ spec }) => `${root}/vm/${spec.name}`);
      expect((await ask('ls', 'vm')).trim().split('\n').sort()).toEqual([...names].sort());
      expect((await ask('find', '-type', 'm')).trim().split('\n').sort()).toEqual([...names].sort());
      expect((await ask('find', '-type', 'h')).trim().split('\n')).toHaveLength(world.hosts.size);
      expect(fake.open).toEqual({ sessions: 0, views: 0, filters: 0 });
      expect(fake.left).toEqual({ sessions: 0, views: 0, filters: 0 });
      expect(fake.offences).toEqual([]);
    });

    it('refuses a wrong password', async () => {
      const { fake } = await bench(mode);
      await expect(govcAt(fake.url, 'wrong', ['about'])).rejects.toThrow(/incorrect user name or password/);
      expect(fake.open.sessions).toBe(0);
    });

    it('shows machines with their devices, marks and states', async () => {
      const { ask, world } = await bench(mode);
      const { spec } = world.machine(id);
      world.happen(id, { does: 'rename', name: 'renamed <1>' });
      const { virtualMachines } = JSON.parse(await ask('vm.info', '-json', 'renamed <1>'));
      expect(virtualMachines).toHaveLength(1);
      const [vm] = virtualMachines;
      expect(vm).toMatchObject({
        name: 'renamed <1>',
        config: { instanceUuid: spec.instanceUuid, uuid: spec.biosUuid, hardware: { numCPU: 2, memoryMB: 4096 } },
        runtime: { powerState: 'poweredOn', connectionState: 'connected' },
      });
      expect(vm.config.extraConfig).toContainEqual({
        key: 'nvp.vm-uuid',
        value: spec.novaUuid,
      });
      const device = (key: number) => vm.config.hardware.device.find((each: { key: number }) => each.key === key);
      expect(device(4000)).toMatchObject({
        key: 4000,
        macAddress: spec.nics[0]?.mac,
        backing: { deviceName: 'VM Network' },
      });
      expect(device(2000)).toMatchObject({
        controllerKey: 1000,
        unitNumber: 0,
        capacityInBytes: 20 * 2 ** 30,
      });
      expect(await ask('vm.info', 'renamed <1>')).toMatch(/Power state: +poweredOn/);
      expect(await ask('device.ls', '-vm', 'renamed <1>')).toContain('disk-1000-0');
      const { hostSystems } = JSON.parse(await ask('host.info', '-json', `${root}/host/cluster1/esx1.example.org`));
      expect(hostSystems[0].hardware.systemInfo.uuid).toBe([...world.hosts.values()][0]?.spec.uuid);
    });

    it('names the counters that a machine has', async () => {
      const { ask, world } = await bench(mode);
      const path = `${root}/vm/${world.machine(id).spec.name}`;
      const listed = (await ask('metric.ls', path)).trim().split('\n');
      const there = COUNTERS.filter(({ instances, only }) => instances !== 'none' && only !== 'HostSystem');
      expect(listed.sort()).toEqual(there.map((each) => each.name).sort());
      expect(await ask('metric.info', path, 'cpu.used.summation')).toMatch(/Unit: +ms[\s\S]*Stats type: +delta/);
    });

    it('gives the statistics that the world has, to the digit', async () => {
      const { ask, world, fake } = await bench(mode);
      const vm = world.machine(id);
      const names = COUNTERS.filter(({ instances, only }) => instances !== 'none' && only !== 'HostSystem').map(
        (each) => each.name,
      );
      const { sample } = JSON.parse(
        await ask('metric.sample', '-json', '-n', '3', `${root}/vm/${vm.spec.name}`, ...names),
      ) as Sampled;
      const samples = world.samples(vm, { most: 3 });
      expect(sample).toHaveLength(1);
      expect(sample[0]?.entity.value).toBe(id);
      expect(sample[0]?.sampleInfo).toEqual(
        samples.map(({ stamp }) => ({
          timestamp: new Date(stamp / 1000).toISOString().replace('.000', ''),
          interval: 20,
        })),
      );
      const metrics = names.map((name) => ({ counterId: keyOf(fake.service.counters, name), instance: '*' }));
      const truth = fake.service.performance.seriesFor(vm, metrics).map((series) => ({
        name: series.counter.name,
        instance: series.instance,
        value: samples.map((each) => series.value(each)),
      }));
      const got = sample[0]?.value.map(({ name, instance, value }) => ({ name, instance, value }));
      const order = (a: { name: string; instance: string }, b: typeof a) =>
        `${a.name}/${a.instance}`.localeCompare(`${b.name}/${b.instance}`);
      expect(got?.sort(order)).toEqual(truth.sort(order));
      // The truth of one series by hand: nanoseconds in whole milliseconds, of which at most one is not there yet.
      const [oldest, , newest] = samples;
      const used = world.truth(id, 'cpuUsed', '', oldest?.from ?? 0, newest?.to ?? 0);
      const sum = got
        ?.find(({ name, instance }) => name === 'cpu.used.summation' && instance === '')
        ?.value.reduce((a, b) => a + b);
      expect(Math.abs(Number(used) - (sum ?? 0) * 1e6)).toBeLessThan(1e6);
    });
  });

  it('hosts have statistics too', async () => {
    const { ask } = await bench('vcenter');
    const args = [
      '-json',
      '-n',
      '2',
      '/dc1/host/cluster1/esx2.example.org',
      'cpu.used.summation',
      'net.bytesRx.average',
    ];
    const { sample } = JSON.parse(await ask('metric.sample', ...args)) as Sampled;
    const instances = sample[0]?.value.filter(({ name }) => name.startsWith('net')).map(({ instance }) => instance);
    expect(instances?.sort()).toEqual(['', 'vmnic0', 'vmnic1']);
  });

  it('updates of more machines than an answer holds all come', async () => {
    const { ask, fake } = await bench('vcenter', 250);
    const found = await ask('object.collect', '-type', 'm', '/', 'name', 'runtime.powerState');
    expect(found.match(/poweredOn/g)).toHaveLength(250);
    expect(fake.count('WaitForUpdatesEx')).toBeGreaterThan(2);
    expect(fake.offences).toEqual([]);
  });

  it('a change that comes later ends the waiting of who waits', async () => {
    const { world, fake, clock, ask } = await bench('vcenter', 1);
    const waiting = ask(
      'object.collect',
      '-n',
      '0',
      '-s',
      '-wait',
      '20s',
      `/dc1/vm/${world.machine('vm-1').spec.name}`,
      '-runtime.powerState',
      'poweredOff',
    );
    while (fake.count('WaitForUpdatesEx') < 1) await new Promise((resolve) => setTimeout(resolve, 10));
    clock.now += SECOND;
    world.happen('vm-1', { does: 'powerOff' });
    expect(await waiting).toBe('poweredOff\n');
  });

  describe('over TLS', () => {
    let dir = '';
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'fake-vsphere-'));
    });
    afterAll(() => rm(dir, { recursive: true }));

    it('it is the same, packed', async () => {
      const { ask } = await bench('vcenter', 2, { tls: selfSigned(dir), gzip: true });
      expect((await ask('find', '-type', 'm')).trim().split('\n')).toHaveLength(2);
    });
  });
});
