import type { AccessControl } from './access.ts';
import { COUNTERS, type Guest } from './guest.ts';
import { NODE_CPU_COUNT, type World } from './world.ts';

/** An answer before it is written: `data`, or the message of an error. */
export interface Outcome {
  readonly status: number;
  readonly data?: unknown;
  readonly message?: string;
}

interface Asked {
  readonly world: World;
  readonly access: AccessControl;
  readonly user: string;
  /** The node that is asked. */
  readonly self: string;
  readonly query: URLSearchParams;
}

const ok = (data: unknown): Outcome => ({ status: 200, data });
const forbidden = (path: string, privilege: string): Outcome => ({
  status: 403,
  message: `Permission check failed (${path}, ${privilege})\n`,
});

/** The few calls of the API that there are here; null: not one of them. */
export function answer(path: string, asked: Asked): Outcome | null {
  if (path === '/version') return ok({ version: '9.0.3', release: '9.0', repoid: '0123abcd' });
  if (path === '/access/permissions') return ok(asked.access.permissionsOf(asked.user));
  if (path === '/cluster/status') return clusterStatus(asked);
  if (path === '/cluster/resources') return resources(asked);
  if (path === '/nodes') return ok(nodesOf(asked));
  const [, node, type] = /^\/nodes\/([^/]+)\/(qemu|lxc)$/.exec(path) ?? [];
  return node === undefined ? null : guestsOn(decodeURIComponent(node), type ?? '', asked);
}

function clusterStatus({ world, access, user, self }: Asked): Outcome {
  if (!access.mayAudit(user, '/')) return forbidden('/', 'Sys.Audit');
  const cluster = world.node(self).isCorosyncUp ? world.cluster : null;
  const nodes = [...world.nodes.values()].map(({ name, isOnline }, n) => ({
    type: 'node',
    id: `node/${name}`,
    name,
    nodeid: cluster === null ? 0 : n + 1,
    local: name === self ? 1 : 0,
    online: isOnline ? 1 : 0,
    ip: '127.0.0.1',
    level: '',
  }));
  if (cluster === null) return ok(nodes.filter(({ local }) => local === 1));
  const isQuorate = world.node(self).isOnline ? 1 : 0;
  const head = { type: 'cluster', id: 'cluster', name: cluster, nodes: nodes.length, version: 3, quorate: isQuorate };
  return ok([head, ...nodes]);
}

function nodesOf({ world, access, user, self }: Asked): readonly Readonly<Record<string, unknown>>[] {
  const isAlone = !world.node(self).isCorosyncUp;
  const known = [...world.nodes.values()].filter(({ name }) => !isAlone || name === self);
  return known.map(({ name, isOnline }) => {
    const told = world.toldOfNode(name);
    const status = isOnline ? (told === null ? 'unknown' : 'online') : 'offline';
    const entry = { id: `node/${name}`, node: name, type: 'node', status };
    if (told === null || !access.mayAudit(user, `/nodes/${name}`)) return entry;
    const sizes = { maxcpu: NODE_CPU_COUNT, maxmem: 64 * 2 ** 30, maxdisk: 100 * 2 ** 30, level: '' };
    if (!isOnline) return { ...entry, ...sizes };
    return {
      ...entry,
      ...sizes,
      uptime: told.uptime,
      cpu: told.cpu,
      mem: 16 * 2 ** 30,
      disk: 20 * 2 ** 30,
      'cgroup-mode': 2,
    };
  });
}

/** Without `type` a cluster's storages, pools and networks come too. */
function resources(asked: Asked): Outcome {
  const { world, access, user, query } = asked;
  const type = query.get('type');
  if (type !== null && !['vm', 'node', 'storage', 'sdn'].includes(type))
    return { status: 400, message: 'Parameter verification failed.\n' };
  const guests = [...world.guests.values()]
    .filter(({ spec }) => access.mayAudit(user, `/vms/${spec.vmid}`))
    .map((guest) => resourceOf(world, guest));
  const storages = nodesOf(asked).map(({ node }) => ({
    id: `storage/${node}/local`,
    storage: 'local',
    node,
    type: 'storage',
    status: 'available',
    disk: 1,
    maxdisk: 2,
    shared: 0,
    content: 'iso',
    plugintype: 'dir',
  }));
  const parts = { vm: guests, node: nodesOf(asked), storage: storages, sdn: [] };
  return ok(type === null ? Object.values(parts).flat() : parts[type as keyof typeof parts]);
}

/** What was not told comes as 0, as PVE::API2Tools has it. */
function resourceOf(world: World, guest: Guest): Readonly<Record<string, unknown>> {
  const { spec, node, lock } = guest;
  const type = spec.type ?? 'qemu';
  const told = world.toldOf(spec.vmid);
  const head = { id: `${type}/${spec.vmid}`, vmid: spec.vmid, node, type, status: 'unknown' };
  const labels = {
    ...(spec.pool !== undefined && { pool: spec.pool }),
    ...(spec.tags !== undefined && { tags: spec.tags }),
    ...(lock !== null && { lock }),
  };
  if (told === null) return { ...head, ...labels };
  const isOn = told.life !== null;
  const mem = isOn ? (spec.mem ?? 2 ** 30) : 0;
  return {
    ...head,
    ...labels,
    uptime: told.uptime,
    name: spec.name ?? `guest-${spec.vmid}`,
    status: told.status,
    template: spec.template ? 1 : 0,
    maxcpu: spec.cores ?? 2,
    cpu: told.cpu,
    maxmem: spec.maxmem ?? 4 * 2 ** 30,
    mem,
    maxdisk: spec.maxdisk ?? 32 * 2 ** 30,
    disk: type === 'lxc' && isOn ? 2 ** 30 : 0,
    ...told.counters,
    memhost: type === 'qemu' ? mem : 0,
  };
}

/** Live, unlike the rest: the node looks when it is asked. */
function guestsOn(node: string, type: string, { world, access, user }: Asked): Outcome {
  const state = world.nodes.get(node);
  if (state === undefined) return { status: 500, message: `hostname lookup '${node}' failed\n` };
  if (!state.isOnline) return { status: 595, message: 'No route to host' };
  const there = [...world.guests.values()].filter(
    ({ spec, node: at }) => at === node && (spec.type ?? 'qemu') === type && access.mayAudit(user, `/vms/${spec.vmid}`),
  );
  const now = world.now();
  return ok(
    there.map((guest) => {
      const { life, spec } = guest;
      const head = { vmid: spec.vmid, name: spec.name ?? `guest-${spec.vmid}`, cpus: spec.cores ?? 2 };
      const off = Object.fromEntries(COUNTERS.map((name) => [name, 0]));
      if (life === null) return { ...head, status: 'stopped', uptime: 0, ...off };
      const uptime = Math.floor((now - life.beganAt) / 1e6);
      return { ...head, status: 'running', pid: life.pid, uptime, ...guest.countersAt(life, now) };
    }),
  );
}
