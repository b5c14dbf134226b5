import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import { available, pythonHome } from '../services/service.ts';
import { FakePool, type PoolOptions } from './xenapi/fake-pool.ts';
import { always, atMost } from './xenapi/reaction.ts';
import { sampleWorld } from './xenapi/sample-world.ts';
import { loadXenApi, type Xapi } from './xenapi/xen-api.ts';

const MINUTE_US = 60_000_000;

let pool: FakePool;
afterEach(() => pool.close());

/** Two hosts with two guests each, that have run for twenty minutes. */
async function start(options: Partial<PoolOptions> = {}): Promise<FakePool> {
  const world = sampleWorld({ startedAt: systemClock.now() - 20 * MINUTE_US, ...{ hosts: 2, vms: 2 } });
  pool = await FakePool.start({ world, ...options });
  return pool;
}

const guest = (name: string) => {
  const vm = pool.world.vms.find((each) => each.name === name);
  if (!vm) throw new Error(`no ${name}`);
  return vm;
};

describe.skipIf(!(await available('python')))("XenServer's SDK for Python [python]", () => {
  const play = async () => {
    const script = fileURLToPath(new URL('xenapi/session.py', import.meta.url));
    const { stdout } = await promisify(execFile)(`${pythonHome}/bin/python`, [script, pool.url(), pool.url(1)]);
    return JSON.parse(stdout);
  };

  it('logs in, reads, waits for events and logs out', async () => {
    await start({ react: atMost(1, always({ error: ['SESSION_INVALID', 'OpaqueRef:old'] }, ['VM.get_all_records'])) });
    expect(await play()).toEqual({
      slave: ['HOST_IS_SLAVE', '127.0.0.1'],
      wrong: ['SESSION_AUTHENTICATION_FAILED', 'root', 'Authentication failure'],
      api: '2.21',
      names: ['Debian 12', 'guest-0', 'guest-1', 'guest-2', 'guest-3'],
      record: {
        uuid: guest('guest-1').uuid,
        power_state: 'Running',
        VCPUs_max: '2',
        is_a_template: false,
        other_config: {},
        tags: [],
      },
      host: 'xcp1',
      mac: '0a:00:00:00:01:00',
      start_time: expect.stringMatching(/^\d{8}T\d\d:\d\d:\d\dZ$/),
      servertime: expect.stringMatching(/^\d{8}T\d\d:\d\d:\d\dZ$/),
      unknown: ['HANDLE_INVALID', 'VM', 'OpaqueRef:none'],
      method: ['MESSAGE_METHOD_UNKNOWN', 'VM.get_nonsense'],
      first: [['host', 'vm'], true],
      counts: [7, 2],
      second: [['vm', 'mod', true, 'renamed <&> déjà']],
      third: [0, true, true],
      token: ['EVENT_FROM_TOKEN_PARSE_FAILURE', 'nonsense'],
    });
    // The client answered SESSION_INVALID with another login, and gave up the session it had.
    expect({ opened: pool.sessions.opened, open: pool.sessions.open }).toEqual({ opened: 2, open: 1 });
    expect(pool.count('session.logout')).toBe(1);
  });
});

describe.skipIf(!(await available('xenApi')))("npm's xen-api [xenApi]", () => {
  const clients: Xapi[] = [];
  // It warns of the connection that the end of a test takes from it.
  beforeEach(() => void vi.spyOn(console, 'warn').mockReturnValue(undefined));
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.disconnect();
    vi.restoreAllMocks();
  });

  async function connect(url = pool.url(), watchEvents = true) {
    const auth = { user: 'root', password: 'secret' };
    const { createClient } = await loadXenApi();
    const client = createClient({ url, auth, watchEvents, allowUnauthorized: true, debounce: 20 });
    clients.push(client);
    await client.connect();
    if (watchEvents) await client.objectsFetched;
    return client;
  }

  it('sees the VMs, and what becomes of them', async () => {
    await start();
    const client = await connect();
    const names = () =>
      Object.values(client.objects.all)
        .filter(
          ({ $type, is_control_domain: control, is_a_template: template }) => $type === 'VM' && !control && !template,
        )
        .map(({ name_label: name, power_state: power }) => `${name} ${power}`)
        .sort();
    expect(names()).toEqual(['guest-0 Running', 'guest-1 Running', 'guest-2 Running', 'guest-3 Running']);
    await vi.waitFor(() => expect(pool.waiting).toBe(1));
    const happen = pool.world.happen.bind(pool.world);
    const at = systemClock.now();
    happen(guest('guest-0').uuid, { at, what: 'rename', name: 'web' });
    happen(guest('guest-1').uuid, { at, what: 'halt' });
    happen(guest('guest-2').uuid, { at, what: 'delete' });
    happen(guest('guest-3').uuid, { at, what: 'migrate', host: 0 });
    pool.world.clone(guest('guest-3').uuid, { uuid: '11111111-2222-4333-8444-555555555555', name: 'copy' }, at);
    await vi.waitFor(() =>
      expect(names()).toEqual(['copy Halted', 'guest-1 Halted', 'guest-3 Running', 'web Running']),
    );
    const host = client.objects.all[guest('guest-3').uuid]?.$resident_on as { name_label: string };
    expect(host.name_label).toBe('xcp1');
  });

  it('writes, and waits until it sees that', async () => {
    await start();
    const client = await connect();
    const { $ref, uuid } = client.objects.all[guest('guest-0').uuid] as { $ref: string; uuid: string };
    await client.call('VM.set_name_label', $ref, 'web');
    expect((await client.barrier($ref)).name_label).toBe('web');
    expect(pool.world.standing(uuid, systemClock.now()).name).toBe('web');
  });

  it('begins again when events are lost or its session has expired', async () => {
    await start();
    const client = await connect();
    for (const harm of [pool.loseEvents, () => pool.expireSessions()]) {
      await vi.waitFor(() => expect(pool.waiting).toBe(1));
      const before = pool.count('VM.get_all_records');
      harm();
      await vi.waitFor(() => expect(pool.count('VM.get_all_records')).toBe(before + 1), 5000);
    }
    await vi.waitFor(() => expect(pool.waiting).toBe(1));
    await client.disconnect();
    await vi.waitFor(() => expect([pool.sessions.open, pool.waiting]).toEqual([0, 0]));
    expect(pool.sessions.opened).toBe(2);
  });

  it('reads rates, by the task that it made', async () => {
    await start();
    const client = await connect();
    const query = { start: -130, interval: 60, cf: 'AVERAGE', json: true, host: true };
    const { body, task } = await client.getResource('/rrd_updates', { query });
    const { meta, data } = JSON.parse(await body.text());
    expect(meta.step).toBe('60');
    expect([2, 3]).toContain(data.length);
    expect(meta.legend).toContain(`AVERAGE:vm:${guest('guest-1').uuid}:vif_0_rx`);
    expect(await task).toBe('');
    await vi.waitFor(() => expect(pool.count('task.destroy')).toBe(1));
  });

  it('follows a member to the coordinator, and an RRD to the host that has it', async () => {
    await start();
    const client = await connect(pool.url(1));
    expect(pool.calls.slice(0, 2)).toEqual(['session.login_with_password', 'session.login_with_password']);
    const { body } = await client.getResource('/vm_rrd', { query: { uuid: guest('guest-3').uuid }, task: false });
    expect(await body.text()).toMatch(/<rrd><version>0003<\/version>.*<name>vif_0_rx<\/name>/s);
  });

  it('falls back to XML-RPC where a host has no JSON-RPC', async () => {
    await start({ jsonRpc: 'xml' });
    const client = await connect();
    expect(client.objects.all[guest('guest-0').uuid]?.name_label).toBe('guest-0');
  });
});
