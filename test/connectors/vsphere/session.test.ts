import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Instance } from '../../../avro/snapshot.ts';
import type { Endpoint, Observation, Session } from '../../../connectors/connector.ts';
import { vsphere } from '../../../connectors/vsphere/vsphere.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { type HandClock, handClock } from '../hand-clock.ts';
import { COUNTERS, fault, hostUpdate, leave, text, updateSet, uuidText, vmUpdate } from './answers.ts';
import { type Call, ScriptedVcenter } from './vcenter.ts';

/** On the grid of samples. */
const START = 1_767_225_600_000_000;
const GRID = 20_000_000;

let vcenter: ScriptedVcenter;
let clock: HandClock;
let events: InternalEvent[];
let sessions: Session[];
let signal: AbortSignal;

beforeEach(async () => {
  vcenter = new ScriptedVcenter();
  clock = handClock(START);
  vcenter.now = clock.now;
  events = [];
  sessions = [];
  signal = new AbortController().signal;
  await vcenter.listen();
});
afterEach(async () => {
  for (const session of sessions) await session.close();
  await vcenter.close();
});

function endpoint(words: object = {}): Endpoint {
  const config = vsphere.schema.parse({
    name: 'vc1',
    type: 'vsphere',
    url: vcenter.url,
    username: 'metering',
    password: 'p&p',
    ...words,
  });
  const created = vsphere.create(config, { clock, report: (event) => events.push(event) });
  if (!('connect' in created)) throw new Error('vsphere is polled');
  return created;
}

async function connect(to: Endpoint = endpoint()): Promise<Session> {
  const session = await to.connect(signal);
  sessions.push(session);
  vcenter.calls.length = 0;
  return session;
}

const vms = (count: number, from = 1): string => Array.from({ length: count }, (_, n) => vmUpdate(from + n)).join('');
/** VMs and one host in the view. */
const holds = (...pages: string[]): void => {
  vcenter.updates = pages.map((page, n) => updateSet(String(n + 1), page, n < pages.length - 1));
};

const named = ({ instances }: Observation, name: string): Instance => {
  const found = instances.find(({ identity }) => identity?.name === name);
  if (!found) throw new Error(`${name} is not listed`);
  return found;
};
const steps = ({ rows }: Instance): number[] => rows.map(({ observedAt }) => (observedAt - START) / GRID);
const reported = <Name extends InternalEvent['event']>(name: Name): Extract<InternalEvent, { event: Name }>[] =>
  events.filter((event): event is Extract<InternalEvent, { event: Name }> => event.event === name);
const parts = (): string[] =>
  reported('part.failed')
    .filter(({ reason }) => reason !== 'absent')
    .map(({ part, reason }) => `${part} ${reason}`);
const asksFor = ({ queries }: Call, vm: string): boolean => queries.some(({ entity }) => entity === vm);
/** As many VMs as each QueryPerf asked for. */
const sizes = (): number[] =>
  vcenter.calls.filter(({ method }) => method === 'QueryPerf').map(({ queries }) => queries.length);

describe('connecting', () => {
  it('learns what the server has, and logs out at the end', async () => {
    holds(vms(1));
    const session = await endpoint().connect(signal);
    expect(vcenter.methods()).toEqual([
      'RetrieveServiceContent',
      'Login',
      'CurrentTime',
      'RetrievePropertiesEx',
      'CreateContainerView',
      'CreateFilter',
      'WaitForUpdatesEx',
    ]);
    await session.close();
    await session.close();
    expect(vcenter.methods().slice(7)).toEqual(['DestroyPropertyFilter', 'DestroyView', 'Logout']);
    expect(vcenter.sessions.size).toBe(0);
    await expect(session.closed).resolves.toBeUndefined();
    await expect(session.poll(signal)).rejects.toMatchObject({ code: 'lost' });
  });

  it('logs out of a server that does not let go of the rest', async () => {
    const session = await connect();
    vcenter.react = ({ method }) => (method.startsWith('Destroy') ? 'hang' : undefined);
    const closing = session.close();
    await vi.waitFor(() => expect(vcenter.methods()).toEqual(['DestroyPropertyFilter']));
    await clock.advance(1000);
    await closing;
    expect(vcenter.methods()).toEqual(['DestroyPropertyFilter', 'Logout']);
    expect(vcenter.sessions.size).toBe(0);
  });

  it('uses the names that the server gives its objects', async () => {
    await connect();
    await (await connect(endpoint({ name: 'again' }))).poll(signal);
    for (const { method, body } of vcenter.calls)
      expect(body).toMatch(
        new RegExp(`<${method} xmlns="urn:vim25"><_this type="\\w+">(pc-7|perf-7|vm-7|sm-7|ServiceInstance)<`),
      );
  });

  it('says what is wrong with the login, without the password', async () => {
    const refusal = endpoint({ password: 'secret-word' }).connect(signal);
    await expect(refusal).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/^vc1: .*InvalidLogin.*check username and password/),
    });
    await refusal.catch((error) => expect(JSON.stringify(error) + String(error.stack)).not.toContain('secret-word'));
    expect(vcenter.methods()).toEqual(['RetrieveServiceContent', 'Login']);
  });

  it.each(['CurrentTime', 'RetrievePropertiesEx', 'CreateContainerView', 'CreateFilter', 'WaitForUpdatesEx'])(
    'logs out when %s fails',
    async (method) => {
      vcenter.react = (call) => (call.method === method ? { status: 500, xml: fault('NoPermission') } : undefined);
      await expect(endpoint().connect(signal)).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringContaining('Read-only'),
      });
      expect(vcenter.sessions.size).toBe(0);
      expect(vcenter.loggedIn).toBe(1);
    },
  );

  it('logs out when it is ended half way', async () => {
    const stop = new AbortController();
    vcenter.react = ({ method }) => (method === 'CreateFilter' ? 'hang' : undefined);
    const connecting = endpoint().connect(stop.signal);
    await vi.waitFor(() => expect(vcenter.methods()).toContain('CreateFilter'));
    stop.abort();
    await expect(connecting).rejects.toThrow();
    expect(vcenter.sessions.size).toBe(0);
  });

  it('tells once of counters that the server does not have', async () => {
    const { 'net.errorsTx.summation': _, ...counters } = COUNTERS;
    vcenter.counters = counters as typeof COUNTERS;
    const one = endpoint();
    await (await connect(one)).close();
    await connect(one);
    expect(reported('part.failed').map(({ part, reason }) => [part, reason])).toEqual([
      ['net.errorsTx.summation', 'absent'],
    ]);
  });

  it.each<[string, { status: number; xml: string; type?: string }, object]>([
    ['a page', { status: 200, xml: '<html><body>Welcome</body></html>' }, { code: 'protocol' }],
    [
      'nothing there',
      { status: 404, xml: 'no', type: 'text/plain' },
      { code: 'unsupported', message: expect.stringContaining('check the url') },
    ],
    ['a proxy', { status: 503, xml: '<h1>busy', type: 'text/html' }, { code: 'lost' }],
    [
      'a bomb',
      { status: 200, xml: '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>' },
      { code: 'protocol', message: expect.stringContaining('DTD') },
    ],
  ])('finds %s', async (_, reaction, error) => {
    vcenter.react = () => reaction;
    await expect(endpoint().connect(signal)).rejects.toMatchObject(error);
  });

  it('reads no answer without end', async () => {
    vcenter.react = ({ method }) =>
      method === 'RetrievePropertiesEx' ? { status: 200, xml: `<a>${'<b>x</b>'.repeat(10_000_000)}` } : undefined;
    await expect(endpoint().connect(signal)).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringContaining('more than 67108864 bytes'),
    });
    expect(vcenter.sessions.size).toBe(0);
  });
});

describe('a poll', () => {
  it('is one call for changes and one for samples', async () => {
    holds(vms(3) + hostUpdate(1));
    const session = await connect(endpoint({ backfill: '1m' }));
    const seen = await session.poll(signal);
    expect(vcenter.methods()).toEqual(['WaitForUpdatesEx', 'QueryPerf']);
    expect(seen).toMatchObject({ calls: 2, partial: null, bootedAt: null });
    expect(seen.instances.map(({ identity }) => identity?.name)).toEqual(['web-1', 'web-2', 'web-3']);
    expect(named(seen, 'web-2')).toMatchObject({
      uuid: Buffer.from(uuidText(2).replaceAll('-', ''), 'hex'),
      epoch: 'vc1/vm-2/1767225600000000',
      startedAt: START,
      deletedAt: null,
      state: 'RUNNING',
      disks: [{ id: 'scsi0:0', epoch: null }],
      nics: [{ id: '00:50:56:aa:00:02', epoch: null }],
      identity: {
        host: 'esx1',
        nics: [{ name: 'Network adapter 1', network: 'net-a' }],
        disks: [{ path: '[ds1] vm/disk.vmdk' }],
      },
    });
    expect(steps(named(seen, 'web-2'))).toEqual([-3, -2, -1, 0]);
    expect(named(seen, 'web-2').rows.at(-1)).toMatchObject({
      interval: GRID,
      cpuTime: BigInt((START / GRID) % 1000) * 1_000_000n,
    });
    expect(seen.hosts).toMatchObject([{ state: 'RUNNING', identity: { name: 'esx1' }, disks: [], nics: [] }]);
    expect(
      reported('endpoint.call')
        .slice(-2)
        .map(({ call }) => call),
    ).toEqual(['WaitForUpdatesEx', 'QueryPerf']);
  });

  it('of 300 VMs and 4 hosts is three, the first included, with an hour to catch up', async () => {
    const hosts = [1, 2, 3, 4].map(hostUpdate).join('');
    holds(vms(100), vms(100, 101), vms(100, 201) + hosts);
    const session = await connect(endpoint({ concurrency: 1 }));
    const first = await session.poll(signal);
    expect(first.calls).toBe(3);
    expect(first.instances).toHaveLength(300);
    expect(first.instances.every(({ rows }) => rows.length === 181 || rows.length === 180)).toBe(true);
    await clock.advance(20_000);
    const second = await session.poll(signal);
    expect(second.calls).toBe(3);
    expect(second.instances.every(({ rows }) => rows.length === 1)).toBe(true);
    expect(sizes()).toEqual([250, 54, 250, 54]);
    expect(reported('rows.read').map(({ rows, backfilled }) => [rows, backfilled])).toEqual([
      [304 * 180, 304 * 179],
      [304, 0],
    ]);
  });

  it('takes every sample once, whatever the interval', async () => {
    holds(vms(1));
    const session = await connect(endpoint({ backfill: '20s' }));
    const seen: number[] = [];
    for (const seconds of [0, 10, 10, 10, 10, 10, 45, 3, 200, 1]) {
      await clock.advance(seconds * 1000);
      seen.push(...steps(named(await session.poll(signal), 'web-1')));
    }
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, n) => n - 1));
    expect(seen.at(-1)).toBe(14);
    const starts = vcenter.calls.flatMap(({ queries }) => queries.map(({ startTime }) => startTime));
    expect(starts.at(-1)).toBe(START + 14 * GRID);
  });

  it('goes on where the last one ended, over another session too', async () => {
    holds(vms(1));
    const one = endpoint({ backfill: '20s' });
    await (await connect(one)).poll(signal);
    for (const session of sessions) await session.close();
    await clock.advance(600_000);
    holds(vms(1));
    const session = await connect(one);
    expect(steps(named(await session.poll(signal), 'web-1'))).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
  });

  it('that is given up moves nothing', async () => {
    holds(vms(1));
    const session = await connect(endpoint({ backfill: '20s' }));
    const stop = new AbortController();
    vcenter.react = ({ method }) => (method === 'QueryPerf' ? 'hang' : undefined);
    const given = session.poll(stop.signal);
    await vi.waitFor(() => expect(vcenter.methods()).toContain('QueryPerf'));
    stop.abort();
    await expect(given).rejects.toThrow();
    vcenter.react = () => undefined;
    expect(steps(named(await session.poll(signal), 'web-1'))).toEqual([-1, 0]);
  });

  it('asks nothing of the future, whatever the clocks say', async () => {
    vcenter.now = () => clock.now() - 3_600_000_000;
    holds(vms(1));
    const session = await connect(endpoint({ backfill: '20s' }));
    await session.poll(signal);
    await session.poll(signal);
    for (const { startTime } of vcenter.calls.flatMap(({ queries }) => queries))
      expect(Number.isNaN(startTime) || startTime < vcenter.now()).toBe(true);
    expect(reported('endpoint.skew')[0]?.skewUs).toBe(-3_600_000_000);
  });

  it('looks at the clock with every tenth', async () => {
    const session = await connect();
    for (let n = 0; n < 20; n++) await session.poll(signal);
    expect(vcenter.methods().filter((method) => method === 'CurrentTime')).toHaveLength(2);
  });

  it('is none without VMs, and has one call', async () => {
    const session = await connect();
    expect(await session.poll(signal)).toMatchObject({ calls: 1, instances: [], hosts: [], partial: null });
  });
});

describe('the inventory', () => {
  it('follows what enters, changes and leaves', async () => {
    holds(vms(2));
    const session = await connect();
    vcenter.updates = [
      updateSet(
        '2',
        vmUpdate(3) +
          leave(1) +
          `<objectSet><kind>modify</kind><obj type="VirtualMachine">vm-2</obj>${text('name', 'renamed')}</objectSet>`,
      ),
    ];
    const seen = await session.poll(signal);
    expect(seen.instances.map(({ identity }) => identity?.name)).toEqual(['renamed', 'web-3']);
    expect(named(seen, 'renamed').uuid).toEqual(Buffer.from(uuidText(2).replaceAll('-', ''), 'hex'));
    expect(vcenter.calls[0]?.body).toContain('<version>1</version>');
  });

  it('takes one that enters again as it is now', async () => {
    holds(vms(1));
    const session = await connect();
    vcenter.updates = [updateSet('2', vmUpdate(1, { name: 'again' }))];
    expect((await session.poll(signal)).instances.map(({ identity }) => identity?.name)).toEqual(['again']);
  });

  it('lists what is off without rows, once its last samples have come', async () => {
    holds(vms(1));
    const session = await connect(endpoint({ backfill: '20s' }));
    await session.poll(signal);
    await clock.advance(20_000);
    vcenter.updates = [updateSet('2', vmUpdate(1, { kind: 'modify', power: 'poweredOff' }))];
    const last = named(await session.poll(signal), 'web-1');
    expect([last.state, steps(last)]).toEqual(['SHUTOFF', [1]]);
    await clock.advance(60_000);
    await session.poll(signal);
    const asked = sizes().length;
    const off = named(await session.poll(signal), 'web-1');
    expect([off.state, off.rows]).toEqual(['SHUTOFF', []]);
    expect(off.nics).toHaveLength(1);
    expect(sizes()).toHaveLength(asked);
  });

  it('asks nothing of what was never seen running', async () => {
    holds(vmUpdate(1, { power: 'poweredOff' }) + vmUpdate(2, { power: 'suspended' }));
    const seen = await (await connect()).poll(signal);
    expect(seen.instances.map(({ state, rows }) => [state, rows])).toEqual([
      ['SHUTOFF', []],
      ['SUSPENDED', []],
    ]);
    expect(seen.calls).toBe(1);
  });

  it('counts one that has the uuid of another, and says that one without is not listed', async () => {
    holds(vmUpdate(1, { power: 'poweredOff' }) + vmUpdate(2, { uuid: uuidText(1) }) + vmUpdate(3, { uuid: '' }));
    const seen = await (await connect()).poll(signal);
    expect(seen.instances.map(({ identity }) => identity?.name)).toEqual(['web-2']);
    expect(reported('reading.dropped')).toEqual([{ event: 'reading.dropped', reason: 'duplicate_uuid', count: 1 }]);
    expect(seen.partial).toMatch(/^1 of the VMs tell no uuid/);
  });

  it('is begun anew when the server has forgotten what it told', async () => {
    holds(vms(2));
    const session = await connect();
    let refused = false;
    vcenter.react = ({ method }) => {
      if (method !== 'WaitForUpdatesEx' || refused) return undefined;
      refused = true;
      return { status: 500, xml: fault('InvalidCollectorVersion') };
    };
    holds(vms(3));
    const seen = await session.poll(signal);
    expect(seen.instances).toHaveLength(3);
    expect(vcenter.methods()).toEqual([
      'WaitForUpdatesEx',
      'DestroyPropertyFilter',
      'DestroyView',
      'CreateContainerView',
      'CreateFilter',
      'WaitForUpdatesEx',
      'QueryPerf',
    ]);
    expect(vcenter.calls[5]?.body).toContain('<version></version>');
    expect(vcenter.loggedIn).toBe(1);
  });
});

describe('a session that has ended', () => {
  it('is renewed once, whoever notices, and the watch with it', async () => {
    holds(vms(300));
    const session = await connect();
    await session.poll(signal);
    vcenter.calls.length = 0;
    vcenter.sessions.clear();
    holds(vms(299));
    const seen = await session.poll(signal);
    expect(seen.instances).toHaveLength(299);
    expect(vcenter.loggedIn).toBe(2);
    expect(vcenter.sessions.size).toBe(1);
    expect(vcenter.methods().slice(0, 3)).toEqual(['WaitForUpdatesEx', 'Login', 'CreateContainerView']);
    expect(vcenter.calls.find(({ method }) => method === 'Login')?.cookie).toBeUndefined();
  });

  it('between two calls that are made at once costs one login', async () => {
    holds(vms(500));
    const session = await connect(endpoint({ backfill: '20s' }));
    let ended = false;
    vcenter.react = ({ method }) => {
      if (method === 'QueryPerf' && !ended) {
        ended = true;
        vcenter.sessions.clear();
      }
      return undefined;
    };
    const seen = await session.poll(signal);
    expect(seen.instances.every(({ rows }) => rows.length > 0)).toBe(true);
    expect(vcenter.loggedIn).toBe(2);
    holds(vms(500));
    expect((await session.poll(signal)).instances).toHaveLength(500);
    await session.close();
    expect(vcenter.sessions.size).toBe(0);
  });

  it('for a password that was changed is refused', async () => {
    const session = await connect();
    vcenter.sessions.clear();
    vcenter.react = ({ method }) => (method === 'Login' ? { status: 500, xml: fault('InvalidLogin') } : undefined);
    await expect(session.poll(signal)).rejects.toMatchObject({ code: 'refused' });
    expect(vcenter.methods()).toEqual(['WaitForUpdatesEx', 'Login']);
  });
});

describe('trouble with one VM', () => {
  const rowsOf = ({ instances }: Observation): number => instances.filter(({ rows }) => rows.length > 0).length;

  it('that is gone, and named, costs one more call', async () => {
    holds(vms(20));
    const session = await connect();
    vcenter.react = (call) =>
      asksFor(call, 'vm-7')
        ? { status: 500, xml: fault('ManagedObjectNotFound', '<obj type="VirtualMachine">vm-7</obj>') }
        : undefined;
    expect(rowsOf(await session.poll(signal))).toBe(19);
    expect(sizes()).toEqual([20, 19]);
    expect(parts()).toEqual(['vm-7 gone']);
    expect(rowsOf(await session.poll(signal))).toBe(0);
    expect(sizes()).toEqual([20, 19, 19]);
  });

  it.each<[string, string, string]>([
    ['unnamed', 'ManagedObjectNotFound', 'gone'],
    ['of another kind', 'InvalidArgument', 'refused'],
  ])('%s is found by halves, and left out for a minute', async (_, name, reason) => {
    holds(vms(16));
    const session = await connect(endpoint({ backfill: '20s' }));
    vcenter.react = (call) => (asksFor(call, 'vm-7') ? { status: 500, xml: fault(name) } : undefined);
    expect(rowsOf(await session.poll(signal))).toBe(15);
    expect(parts()).toEqual([`vm-7 ${reason}`]);
    expect(sizes()).toHaveLength(9);
    await clock.advance(20_000);
    expect(rowsOf(await session.poll(signal))).toBe(15);
    expect(sizes()).toHaveLength(10);
    vcenter.react = () => undefined;
    await clock.advance(60_000);
    const healed = await session.poll(signal);
    // What it did meanwhile is not lost.
    expect(named(healed, 'web-7').rows.length).toBe(6);
  });

  it('whose answer is nonsense costs nobody else', async () => {
    holds(vms(8));
    const session = await connect();
    vcenter.react = (call) => (asksFor(call, 'vm-3') ? { status: 200, xml: '<x>' } : undefined);
    expect(rowsOf(await session.poll(signal))).toBe(7);
    expect(parts()).toEqual(['vm-3 refused']);
  });
});

describe('a server that is asked for too much', () => {
  const most =
    (count: number, xml: string, status = 500) =>
    (call: Call) =>
      call.method === 'QueryPerf' && call.queries.length > count
        ? { status, xml, type: status === 500 ? 'text/xml' : 'text/html' }
        : undefined;

  it.each<[string, string, number]>([
    ['by its administrator', fault('RestrictedByAdministrator', '<details>vpxd.stats.maxQueryMetrics</details>'), 500],
    ['by its gateway', '<h1>Service Unavailable', 503],
  ])('%s is asked for less, and again for more step by step', async (_, xml, status) => {
    holds(vms(100));
    const session = await connect(
      endpoint({ backfill: '20s', batch: { entities: 100, metrics: 5000 }, concurrency: 1 }),
    );
    vcenter.react = most(30, xml, status);
    const first = await session.poll(signal);
    expect(first.instances.every(({ rows }) => rows.length === 2)).toBe(true);
    expect(sizes()).toEqual([100, 50, 25, 25, 50, 25, 25]);
    expect(parts()).toEqual([]);
    vcenter.react = () => undefined;
    const after: number[] = [];
    for (let n = 0; n < 20; n++) {
      vcenter.calls.length = 0;
      await session.poll(signal);
      after.push(Math.max(...sizes()));
    }
    expect(after.slice(0, 7)).toEqual([25, 25, 25, 25, 25, 25, 31]);
    expect(after.at(-1)).toBe(100);
  });

  it('refuses everyone: nothing is read, the poll fails', async () => {
    holds(vms(4));
    const session = await connect();
    vcenter.react = most(0, fault('RestrictedByAdministrator'));
    await expect(session.poll(signal)).rejects.toMatchObject({ code: 'refused' });
    expect(sizes().toSorted((a, b) => b - a)).toEqual([4, 2, 2, 1, 1, 1, 1]);
  });

  it('is slow: a call that takes too long is made in halves', async () => {
    holds(vms(10));
    const session = await connect(endpoint({ concurrency: 1 }));
    vcenter.react = (call) => (call.queries.length > 5 ? 'hang' : undefined);
    const polling = session.poll(signal);
    await vi.waitFor(() => expect(sizes()).toEqual([10]));
    await clock.advance(4_500);
    const seen = await polling;
    expect(seen.instances.every(({ rows }) => rows.length > 0)).toBe(true);
    expect(sizes()).toEqual([10, 5, 5]);
  });

  it('hangs for good: the poll ends by itself, and what was read is kept', async () => {
    holds(vms(4));
    const session = await connect(endpoint({ batch: { entities: 2, metrics: 5000 }, concurrency: 1 }));
    vcenter.react = (call) => (asksFor(call, 'vm-3') ? 'hang' : undefined);
    const polling = session.poll(signal);
    await vi.waitFor(() => expect(sizes()).toHaveLength(2));
    await clock.advance(4_500);
    await vi.waitFor(() => expect(sizes()).toHaveLength(3));
    await clock.advance(4_500);
    const seen = await polling;
    expect(seen.instances.map(({ rows }) => rows.length > 0)).toEqual([true, true, false, false]);
    expect(parts()).toContain('vm-3 timeout');
  });

  it('cuts the connection', async () => {
    holds(vms(4));
    const session = await connect();
    vcenter.react = (call) => (asksFor(call, 'vm-2') ? 'cut' : undefined);
    const seen = await session.poll(signal);
    expect(seen.instances.map(({ rows }) => rows.length > 0)).toEqual([true, false, true, true]);
    expect(parts()).toEqual(['vm-2 lost']);
  });
});
