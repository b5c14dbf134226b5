import { execFileSync } from 'node:child_process';
import type { Subscription } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Instance } from '../../../avro/snapshot.ts';
import type { Endpoint, Observation, Poll, Session } from '../../../connectors/connector.ts';
import { nextDue, phaseOf } from '../../../connectors/phase.ts';
import { pollEndpoint } from '../../../connectors/polling.ts';
import { vsphere } from '../../../connectors/vsphere/vsphere.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { parseSettings } from '../../../pipeline/runtime/config/load.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { available } from '../../services/service.ts';
import { startVcsim, type Vcsim } from '../../services/vcsim.ts';

/** One of its own, for it is changed here; as start-vcsim.sh has it: 300 VMs on 4 hosts. */
const VMS = 300;
let vcsim: Vcsim;
const GOVC = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hypermeter/bin/govc`;

const govc = (...words: string[]): string =>
  execFileSync(GOVC, words, {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, GOVC_URL: `https://u:p@127.0.0.1:${vcsim.port}/sdk`, GOVC_INSECURE: '1' },
  });

let signal: AbortSignal;
let sessions: Session[] = [];
let events: InternalEvent[] = [];
beforeEach(() => {
  signal = AbortSignal.timeout(110_000);
});
afterEach(async () => {
  for (const session of sessions) await session.close();
  sessions = [];
  events = [];
});

function endpoint(address = `${vcsim.uri}?verify=false`, words: object = {}): Endpoint {
  const config = { ...parseSettings(vsphere.schema, vsphere.fromUri?.(new URL(address)) ?? {}), ...words };
  const report = (event: InternalEvent): void => {
    events.push(event);
  };
  const created = vsphere.create(config, { clock: systemClock, report });
  if (!('connect' in created)) throw new Error('vsphere is polled');
  return created;
}

async function connect(to: Endpoint = endpoint()): Promise<Session> {
  const session = await to.connect(signal);
  sessions.push(session);
  return session;
}

const named = ({ instances }: Observation, name: string): Instance => {
  const found = instances.find(({ identity }) => identity?.instanceName === name);
  if (!found) throw new Error(`${name} is not listed`);
  return found;
};

/**
 * Polls until it sees what is expected. For every single thing that happens to a VM vcsim looks at all of them anew,
 * which takes seconds, and may take the time of a poll; nothing of that is lost.
 */
const until = (session: Session, expectation: (seen: Observation) => void): Promise<void> =>
  vi.waitFor(async () => expectation(await session.poll(signal)), { timeout: 50_000, interval: 200 });

const there = await available('vcsim');

describe.skipIf(!there)('a simulated vCenter [vcsim]', () => {
  beforeAll(async () => {
    vcsim = await startVcsim(['-cluster', '1', '-host', '4', '-standalone-host', '0', '-vm', String(VMS)]);
  });
  afterAll(() => vcsim.kill());

  it(`${VMS} VMs are three calls a poll, the first with its hour included`, async () => {
    const session = await connect();
    const first = await session.poll(signal);
    expect(first).toMatchObject({ calls: 3, partial: null });
    expect(first.instances.length).toBeGreaterThanOrEqual(VMS);
    expect(first.hosts).toHaveLength(4);
    const [instance] = first.instances.filter(({ state }) => state === 'RUNNING');
    expect(instance?.rows.length).toBeGreaterThanOrEqual(179);
    const second = await session.poll(signal);
    expect(second.calls).toBe(3);
    expect(events.filter(({ event }) => event === 'part.failed')).toEqual([]);
  });

  it('a VM has its processors, memory, disk and nic, under the names of vcsim', async () => {
    const seen = await (await connect()).poll(signal);
    const vm = named(seen, 'DC0_C0_RP0_VM7');
    const uuid = govc('object.collect', '-s', 'vm/DC0_C0_RP0_VM7', 'config.instanceUuid').trim();
    expect(vm.uuid.toString('hex')).toBe(uuid.replaceAll('-', ''));
    expect(vm.nics).toMatchObject([{ id: expect.stringMatching(/^00:0c:29(:[0-9a-f]{2}){3}$/) }]);
    expect(vm.disks).toEqual([{ id: 'scsi0:0', epoch: null }]);
    expect(vm.identity).toMatchObject({ host: expect.stringMatching(/^DC0_C0_H\d$/), osType: 'otherGuest' });
    expect(vm.rows.at(-1)).toMatchObject({
      interval: 20_000_000,
      vcpus: 1n,
      memory: 32n << 20n,
      cpuTime: expect.any(BigInt),
      memoryUsage: expect.any(BigInt),
      disks: [{ capacity: 10n << 30n, writeBytes: expect.any(BigInt) }],
      nics: [{ rxBytes: expect.any(BigInt), txPackets: expect.any(BigInt) }],
    });
    const times = vm.rows.map(({ observedAt }) => observedAt);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it("nova's uuid, another name, power off and on arrive with the next poll", async () => {
    const name = 'DC0_C0_RP0_VM11';
    const uuid = '11111111-2222-4333-8444-555555555555';
    const session = await connect();
    const before = named(await session.poll(signal), name);
    const hex = uuid.replaceAll('-', '');
    try {
      govc('vm.change', '-vm', name, '-e', `nvp.vm-uuid=${uuid}`);
      await until(session, (seen) => expect(named(seen, name).uuid.toString('hex')).toBe(hex));
      govc('vm.power', '-off', '-force', name);
      await until(session, (seen) => expect(named(seen, name).state).toBe('SHUTOFF'));
      govc('vm.power', '-on', name);
      await until(session, (seen) => expect(named(seen, name).state).toBe('RUNNING'));
      govc('object.rename', `vm/${name}`, 'renamed');
      await until(session, (seen) => expect(named(seen, 'renamed').uuid.toString('hex')).toBe(hex));
    } finally {
      if (govc('find', 'vm', '-name', 'renamed') !== '') govc('object.rename', 'vm/renamed', name);
      govc('vm.change', '-vm', name, '-e', 'nvp.vm-uuid=');
    }
    await until(session, (seen) => expect(named(seen, name).uuid).toEqual(before.uuid));
  });

  it('a VM that is made and destroyed comes and goes', async () => {
    const session = await connect();
    const passing = `passing-${process.pid}`;
    // Others make and destroy VMs of their own there.
    const listed = ({ instances }: Observation) => instances.filter(({ identity }) => identity?.name === passing);
    govc('vm.create', '-on=true', '-net=VM Network', passing);
    await until(session, (seen) => expect(listed(seen)).toHaveLength(1));
    govc('vm.destroy', passing);
    await until(session, (seen) => expect(listed(seen)).toHaveLength(0));
  });

  it('no session stays behind, nor is a second one made when one has ended', async () => {
    const list = (): string[] =>
      govc('session.ls')
        .split('\n')
        .filter((line) => line.includes('hypermeter'));
    const idle = list().length;
    const session = await connect();
    await session.poll(signal);
    const [key = ''] = list().map((line) => line.split(/\s+/)[0] ?? '');
    expect(list()).toHaveLength(idle + 1);
    govc('session.rm', key);
    await until(session, (seen) => expect(seen.instances.length).toBeGreaterThanOrEqual(VMS));
    expect(list()).toHaveLength(idle + 1);
    await session.close();
    expect(list()).toHaveLength(idle);
  });

  it('a wrong password, and a certificate of nobody, are refused', async () => {
    const wrong = endpoint(`${vcsim.uri.replace(':p@', ':wrong@')}?verify=false`).connect(signal);
    await expect(wrong).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('InvalidLogin') });
    const unknown = endpoint(vcsim.uri).connect(signal);
    await expect(unknown).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('thumbprint') });
  });

  it('its certificate can be pinned', async () => {
    const pin = execFileSync(
      'sh',
      [
        '-c',
        `openssl s_client -connect 127.0.0.1:${vcsim.port} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256`,
      ],
      { encoding: 'utf8' },
    );
    const thumbprint = /=([0-9A-F:]+)/.exec(pin)?.[1] ?? '';
    const session = await connect(endpoint(`${vcsim.uri}?thumbprint=${thumbprint}`));
    expect((await session.poll(signal)).calls).toBe(3);
  });

  it('small calls are as good', async () => {
    const session = await connect(
      endpoint(undefined, { batch: { entities: 20, metrics: 5000 }, backfill: 60_000_000 }),
    );
    const seen = await session.poll(signal);
    const running = seen.instances.filter(({ state }) => state === 'RUNNING').length;
    expect(seen.calls).toBe(1 + Math.ceil(running / 20));
    expect(seen.instances.filter(({ rows }) => rows.length > 0).length).toBeGreaterThanOrEqual(VMS);
  });
});

const INTERVAL_MS = 60_000;

/** A name whose polls are due no sooner than in 20 s: what is polled before that is polled for a reason. */
function quietName(): string {
  for (let n = 0; ; n++) {
    const now = systemClock.now();
    const due = nextDue(now, INTERVAL_MS * 1000, phaseOf(`vc-${n}`, INTERVAL_MS * 1000));
    if (due - now > 20_000_000) return `vc-${n}`;
  }
}

describe.skipIf(!there)('what happens to VMs of a vCenter that is polled every minute [vcsim]', () => {
  const NAME = 'DC0_C0_RP0_VM3';
  let subscriptions: Subscription[] = [];
  beforeAll(async () => {
    vcsim = await startVcsim(['-cluster', '1', '-host', '2', '-standalone-host', '0', '-vm', '8']);
  });
  afterAll(() => vcsim.kill());
  afterEach(() => {
    for (const subscription of subscriptions) subscription.unsubscribe();
    subscriptions = [];
  });

  async function follow(words: object = {}) {
    const polls: Poll[] = [];
    const to = endpoint(undefined, { name: quietName(), backfill: 60_000_000, ...words });
    const context = { clock: systemClock, report: (event: InternalEvent) => void events.push(event) };
    subscriptions.push(
      pollEndpoint(to, { intervalMs: INTERVAL_MS }, context).snapshots.subscribe((poll) => polls.push(poll)),
    );
    const waiting = (): boolean =>
      events.filter((event) => event.event === 'endpoint.call' && event.call === 'WaitForUpdatesEx').length > 2;
    await vi.waitFor(() => expect(words === NONE || waiting()).toBe(true), { timeout: 20_000 });
    const reasons = (): string[] => events.flatMap((event) => (event.event === 'poll.early' ? [event.reason] : []));
    const sees = async (is: (poll: Poll) => boolean): Promise<number> => {
      const since = systemClock.now();
      const poll = await vi.waitFor(
        () => {
          const found = polls.find(is);
          if (!found) throw new Error(`not seen in ${polls.length} polls`);
          return found;
        },
        { timeout: 15_000, interval: 20 },
      );
      return poll.endedAt - since;
    };
    return { polls, reasons, sees };
  }
  const NONE = { events: false };

  it('powered off and on', async () => {
    const off = await follow();
    govc('vm.power', '-off', '-force', NAME);
    expect(await off.sees((poll) => named(poll, NAME).state === 'SHUTOFF')).toBeLessThan(2_000_000);
    expect(off.reasons()).toEqual(['stopped']);
    events = [];
    const on = await follow();
    govc('vm.power', '-on', NAME);
    expect(await on.sees((poll) => named(poll, NAME).state === 'RUNNING')).toBeLessThan(2_000_000);
    expect(on.reasons()).toEqual(['started']);
  });

  it('moved to another host', async () => {
    const { sees, reasons } = await follow();
    const before = govc('object.collect', '-s', `vm/${NAME}`, 'runtime.host').trim();
    const hosts = govc('find', '-i', '-type', 'h', '/DC0').trim().split('\n');
    const at = hosts.indexOf(before);
    const names = govc('find', '-type', 'h', '/DC0').trim().split('\n');
    const target = names[1 - at] ?? '';
    govc('vm.migrate', '-host', target, NAME);
    const is = (poll: Poll): boolean => target.endsWith(`/${named(poll, NAME).identity?.host}`);
    expect(await sees(is)).toBeLessThan(2_000_000);
    expect(reasons()).toEqual(['changed']);
  });

  it('given a nic', async () => {
    const { sees, polls } = await follow();
    govc('vm.network.add', '-vm', NAME, '-net', 'VM Network');
    expect(await sees((poll) => named(poll, NAME).nics.length === 2)).toBeLessThan(2_000_000);
    expect(polls.length).toBeLessThanOrEqual(2);
  });

  it('made and destroyed', async () => {
    const name = `lookout-${process.pid}`;
    const is =
      (there: boolean) =>
      ({ instances }: Poll): boolean =>
        instances.some(({ identity, state }) => identity?.instanceName === name && state === 'RUNNING') === there;
    const made = await follow();
    govc('vm.create', '-on=true', '-net=VM Network', name);
    expect(await made.sees(is(true))).toBeLessThan(2_000_000);
    events = [];
    const destroyed = await follow();
    govc('vm.power', '-off', '-force', name);
    govc('vm.destroy', name);
    expect(await destroyed.sees(is(false))).toBeLessThan(2_000_000);
    expect(destroyed.reasons()[0]).toBe('stopped');
  });

  it('with events switched off nothing is polled before its time', async () => {
    const { polls } = await follow(NONE);
    await vi.waitFor(() => expect(events.map(({ event }) => event)).toContain('endpoint.connected'));
    govc('vm.power', '-off', '-force', NAME);
    govc('vm.power', '-on', NAME);
    await systemClock.sleep(2000);
    expect(polls).toEqual([]);
  });

  it('no session stays behind, though a call waits', async () => {
    await follow();
    const ours = (): number =>
      govc('session.ls')
        .split('\n')
        .filter((line) => line.includes('hypermeter')).length;
    expect(ours()).toBeGreaterThanOrEqual(1);
    for (const subscription of subscriptions) subscription.unsubscribe();
    await vi.waitFor(() => expect(ours()).toBe(0), { timeout: 10_000, interval: 200 });
  });
});
