import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { fleet, machineSpec, uuidOf as vmUuidOf } from '../../fakes/vsphere/fleet.ts';
import { FakeVsphere } from '../../fakes/vsphere/vsphere.ts';
import { World } from '../../fakes/vsphere/world.ts';
import { FakePool, type PoolOptions } from '../../fakes/xenapi/fake-pool.ts';
import { sampleVm, sampleWorld } from '../../fakes/xenapi/sample-world.ts';

export const USER = 'meter@example.org';
/** vcsim takes none with a domain. */
const SIMPLE_USER = 'meter-reader';
export const PASSWORD = 'correct-horse-battery';

/** A server to be captured. */
export interface Place {
  /** The connector's entry without name, user and password. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** Texts of its own, which must not come out. */
  readonly originals: readonly string[];
  /** Something happens to its VMs. */
  happen(): void;
  close(): Promise<void>;
}

const MINUTE_US = 60_000_000;
const VCENTER_NAMES = ['payroll db', 'web/1', 'Ünïcode "quoted"'];

/** The fake vCenter: three VMs on two hosts, two of them not nova's. */
export async function fakeVcenter(): Promise<Place> {
  const bornAt = systemClock.now() - 5 * MINUTE_US;
  const { hosts, machines } = fleet('vcenter', VCENTER_NAMES.length, 2, bornAt);
  const named = machines.map((machine, n) => ({
    ...machine,
    name: VCENTER_NAMES[n] as string,
    ...(n > 0 && { novaUuid: null }),
  }));
  const world = new World({ mode: 'vcenter', hosts, machines: named, now: systemClock.now });
  const fake = await FakeVsphere.start({ world, users: { [USER]: PASSWORD } });
  return {
    entry: { type: 'vsphere', url: fake.url, backfill: '2m', counters: ['mem.active.average'] },
    originals: [
      ...VCENTER_NAMES,
      ...hosts.flatMap(({ name, uuid }) => [name, uuid]),
      ...named.flatMap(({ instanceUuid, biosUuid, nics }) => [instanceUuid, biosUuid, ...nics.map(({ mac }) => mac)]),
      'VM Network',
      'machine vm-',
      'late comer',
    ],
    happen: () => {
      world.happen('vm-1', { does: 'rename', name: 'late comer' });
      world.happen('vm-2', { does: 'powerOff' });
      world.add(machineSpec(9, 'host-1', systemClock.now(), { name: 'late comer 2', novaUuid: vmUuidOf('late') }));
    },
    close: () => fake.close(),
  };
}

/** The fake pool: two hosts, five VMs, with tags and keys of people's own; `asked` is the host that is named. */
export async function fakePool(options: Partial<PoolOptions> = {}, asked = 0): Promise<Place> {
  const startedAt = systemClock.now() - 150 * MINUTE_US;
  const world = sampleWorld({ startedAt, hosts: 2, vms: 2, seed: 'captured' });
  const odd = sampleVm('captured', 77, {
    name: 'payroll db',
    tags: ['gold tier', 'Ünïcode'],
    otherConfig: { nova_uuid: vmUuidOf('nova'), 'cloud project': 'finance', 'XenCenter.CustomFields.owner': 'Jane' },
  });
  world.add(odd);
  world.happen(odd.uuid, { at: startedAt, what: 'start', host: 1 });
  const pool = await FakePool.start({ world, user: USER, password: PASSWORD, ...options });
  const [first] = world.vms;
  return {
    entry: { type: 'xenapi', url: pool.url(asked), step: 5, backfill: '60s', tenant: { projectId: 'cloud project' } },
    originals: [
      ...world.hosts.flatMap(({ uuid, name }) => [uuid, name]),
      ...world.vms.flatMap(({ uuid, name, nics }) => [uuid, name, ...nics.map(({ mac }) => mac)]),
      ...[...odd.tags, ...Object.values(odd.otherConfig), 'cloud project', 'owner', 'fake pool', 'moved house'],
      ...['127.0.0.', '10.0.0.', 'Debian', 'Control domain'],
    ],
    happen: () => {
      world.happen(odd.uuid, { at: systemClock.now(), what: 'rename', name: 'moved house' });
      if (first) world.happen(odd.uuid, { at: systemClock.now(), what: 'migrate', host: 0 });
    },
    close: () => pool.close(),
  };
}

const VCSIM = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hypermeter/bin/vcsim`;

/** vcsim, a server of somebody else's, with three machines on two hosts; undefined: it is not built. */
export async function vcsim(): Promise<Place | undefined> {
  if (!existsSync(VCSIM)) return undefined;
  const port = await freePort();
  const words = ['-l', `127.0.0.1:${port}`, '-cluster', '1', '-host', '2', '-standalone-host', '0', '-vm', '3'];
  const child = spawn(VCSIM, [...words, '-username', SIMPLE_USER, '-password', PASSWORD], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    entry: {
      type: 'vsphere',
      url: `https://127.0.0.1:${port}/sdk`,
      username: SIMPLE_USER,
      tls: { verify: false },
      backfill: '2m',
    },
    originals: [SIMPLE_USER, 'DC0_', 'LocalDS', 'VM Network', 'govcsim', '127.0.0.', 'otherGuest'],
    happen: () => undefined,
    close: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
