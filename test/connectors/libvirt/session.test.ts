import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Observation, Session } from '../../../connectors/connector.ts';
import { type BenchOptions, bench, ManualClock } from '../../fakes/libvirt-bench.ts';
import type { Call, FakeLibvirtd, Reaction } from '../../fakes/libvirtd.ts';
import { type FakeDomain, fakeDomain } from '../../fakes/libvirtd-answers.ts';

const STATS = 'CONNECT_GET_ALL_DOMAIN_STATS';
const XML = 'DOMAIN_GET_XML_DESC';
const LIFECYCLE = 318;
const DEVICE_ADDED = 354;
const METADATA = 379;

let signal: AbortSignal;
beforeEach(() => {
  signal = AbortSignal.timeout(20_000);
});

async function open(options: BenchOptions = {}) {
  const set = await bench(options);
  onTestFinished(() => set.fake.close());
  const session = await set.endpoint.connect(signal);
  onTestFinished(() => session.close());
  set.fake.calls.length = 0;
  return { ...set, session, poll: () => session.poll(signal) };
}

const byUuid = (observation: Observation) =>
  new Map(observation.instances.map((instance) => [Number(`0x${instance.uuid.toString('hex')}`), instance]));

describe('connecting', () => {
  async function refusedBy(options: BenchOptions) {
    const { fake, endpoint } = await bench(options);
    onTestFinished(() => fake.close());
    const error: unknown = await endpoint.connect(signal).catch((reason: unknown) => reason);
    await vi.waitFor(() => expect(fake.connections).toBe(0));
    return { fake, error };
  }
  const refusing =
    (procedure: string, reaction: Reaction) =>
    (call: Call): Reaction | undefined =>
      call.procedure === procedure ? reaction : undefined;

  it('authenticates, asks for keepalive, opens for reading only, and registers for events, in this order', async () => {
    const seen: Call[] = [];
    const { fake, endpoint } = await bench({
      react: (call) => {
        seen.push(call);
        return undefined;
      },
    });
    onTestFinished(() => fake.close());
    const session = await endpoint.connect(signal);
    await session.close();
    expect(fake.calls.slice(0, 4)).toEqual([
      'AUTH_LIST',
      'CONNECT_SUPPORTS_FEATURE',
      'CONNECT_OPEN',
      'CONNECT_GET_HOSTNAME',
    ]);
    expect(fake.count('CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY')).toBe(5);
    expect(seen[2]?.payload.readUInt32BE((seen[2]?.payload.length ?? 0) - 4)).toBe(1);
    expect(seen[2]?.payload.toString()).toContain('qemu:///system');
  });

  it('names SASL when the daemon wants nothing else', async () => {
    const { error } = await refusedBy({ auth: [1] });
    expect(error).toMatchObject({ code: 'refused', message: expect.stringContaining('SASL') });
  });

  it('does as polkit says', async () => {
    const { fake, error } = await refusedBy({
      auth: [1, 2],
      react: refusing('AUTH_POLKIT', { error: [45, 'authentication failed'] }),
    });
    expect(error).toMatchObject({ code: 'refused', message: expect.stringContaining('authentication failed') });
    expect(fake.calls).toEqual(['AUTH_LIST', 'AUTH_POLKIT', 'CONNECT_CLOSE']);
  });

  it.each<[number, string]>([
    [5, 'unsupported'],
    [88, 'refused'],
  ])('error %i to the open is %s', async (code, expected) => {
    const { error } = await refusedBy({ react: refusing('CONNECT_OPEN', { error: [code, 'so says the daemon'] }) });
    expect(error).toMatchObject({ code: expected, message: expect.stringContaining('so says the daemon') });
  });

  it('is lost when the daemon hangs up', async () => {
    expect((await refusedBy({ react: refusing('CONNECT_OPEN', 'disconnect') })).error).toMatchObject({ code: 'lost' });
  });

  it('gives up when the signal says so', async () => {
    signal = AbortSignal.timeout(50);
    expect((await refusedBy({ react: refusing('AUTH_LIST', 'hang') })).error).toMatchObject({ code: 'timeout' });
  });

  it('does without keepalive, host name, uptime and events', async () => {
    const asked = [
      'CONNECT_SUPPORTS_FEATURE',
      'CONNECT_GET_HOSTNAME',
      'NODE_GET_CPU_STATS',
      'CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY',
    ];
    const { poll } = await open({
      domains: [fakeDomain(1)],
      react: ({ procedure }) => (asked.includes(procedure) ? { error: [3, 'not supported'] } : undefined),
    });
    const observation = await poll();
    expect(observation).toMatchObject({ bootedAt: null });
    expect(observation.instances[0]?.identity).toMatchObject({ instanceName: 'instance-00000001', host: null });
  });
});

describe('a poll', () => {
  it('takes one call for any number of domains, and one more for each that is new', async () => {
    const domains = Array.from({ length: 40 }, (_, i) => fakeDomain(i + 1));
    const { fake, poll, events } = await open({ domains });
    const first = await poll();
    expect(first).toMatchObject({ calls: 41, partial: null, hosts: [] });
    expect((await poll()).calls).toBe(1);
    fake.domains = [...domains, fakeDomain(41)];
    expect((await poll()).calls).toBe(2);
    expect((await poll()).calls).toBe(1);
    expect(fake.count(STATS)).toBe(4);
    const reported = events.filter((event) => event.event === 'endpoint.call' && event.call === STATS);
    expect(reported).toHaveLength(4);
    expect(reported[0]).toMatchObject({ hypervisor: 'kvm1', kind: 'libvirt' });
  });

  it('knows each instance, its epoch and its nics by MAC from the first time on', async () => {
    const { poll } = await open({ domains: [fakeDomain(1), fakeDomain(2)] });
    const [first, second] = [await poll(), await poll()];
    expect(first.instances.map(({ nics }) => nics)).toEqual(second.instances.map(({ nics }) => nics));
    expect(byUuid(first).get(2)).toMatchObject({
      epoch: 'kvm1/2',
      nics: [{ id: 'fa:16:3e:00:00:02' }],
      identity: { instanceName: 'instance-00000002', host: 'fake-host' },
      rows: [{ cpuTime: 2_000_000n, nics: [{ rxBytes: 1000n }] }],
    });
  });

  it('reads in the middle of its call', async () => {
    const { poll } = await open({ domains: [fakeDomain(1)] });
    const { startedAt, endedAt, instances } = await poll();
    const observedAt = instances[0]?.rows[0]?.observedAt ?? 0;
    expect(observedAt).toBeGreaterThanOrEqual(startedAt);
    expect(observedAt).toBeLessThanOrEqual(endedAt);
    expect(Number.isInteger(observedAt)).toBe(true);
  });

  it('lists a domain that is off, without rows', async () => {
    const { poll } = await open({ domains: [{ ...fakeDomain(1, { 'state.state': ['int', 5] }), id: -1 }] });
    expect((await poll()).instances).toMatchObject([{ state: 'SHUTOFF', epoch: null, rows: [] }]);
  });

  it('counts what it cannot read, and reads the rest', async () => {
    const { poll, malformed } = await open({
      domains: [fakeDomain(1, { 'cpu.time': ['string', 'much'], 'new.thing': ['llong', -1n] }), fakeDomain(2)],
    });
    const instances = byUuid(await poll());
    expect(instances.get(1)?.rows).toMatchObject([{ cpuTime: null, disks: [{ readBytes: 4096n }] }]);
    expect(instances.get(2)?.rows).toMatchObject([{ cpuTime: 2_000_000n }]);
    expect(malformed()).toBe(1);
  });

  it('a reply that cannot be read fails the poll, not the session', async () => {
    let broken = true;
    const { session, poll } = await open({
      domains: [fakeDomain(1)],
      react: ({ procedure }) => (procedure === STATS && broken ? { payload: Buffer.alloc(6, 1) } : undefined),
    });
    await expect(poll()).rejects.toMatchObject({ code: 'protocol', endpoint: 'kvm1' });
    broken = false;
    expect((await session.poll(signal)).instances).toHaveLength(1);
  });

  it('is refused in the words of the daemon', async () => {
    const { poll } = await open({
      react: ({ procedure }) => (procedure === STATS ? { error: [88, 'access denied by polkit'] } : undefined),
    });
    await expect(poll()).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('polkit') });
  });

  it('is lost with the connection, and the session says so', async () => {
    const { session, poll } = await open({
      react: ({ procedure }) => (procedure === STATS ? 'disconnect' : undefined),
    });
    await expect(poll()).rejects.toMatchObject({ code: 'lost' });
    expect(await session.closed).toMatchObject({ code: 'lost' });
  });
});

describe('migration', () => {
  const paused = { 'state.state': ['int', 3], 'state.reason': ['int', 2] } as const;

  it('leaves out the copy that waits on the destination until it runs', async () => {
    const { fake, poll } = await open({ domains: [fakeDomain(1), fakeDomain(2, paused)] });
    expect([...byUuid(await poll()).keys()]).toEqual([1]);
    fake.domains = [fakeDomain(1), fakeDomain(2)];
    expect([...byUuid(await poll()).keys()]).toEqual([1, 2]);
  });

  it('keeps the original that stands still on the source', async () => {
    const { fake, poll } = await open({ domains: [fakeDomain(1)] });
    await poll();
    fake.domains = [fakeDomain(1, paused)];
    expect((await poll()).instances).toMatchObject([{ state: 'PAUSED', rows: [{ cpuTime: 1_000_000n }] }]);
  });
});

describe('changes', () => {
  it('are told as they come, as long as the session lives', async () => {
    const { fake, session, poll } = await open({ domains: [fakeDomain(1), fakeDomain(2)] });
    const heard: string[] = [];
    session.changes?.subscribe(({ uuid, what }) => heard.push(`${uuid?.toString('hex').slice(-1)} ${what}`));
    fake.emit(LIFECYCLE, fakeDomain(1));
    fake.emit(LIFECYCLE, fakeDomain(2), 5, 1);
    fake.emit(METADATA, fakeDomain(2));
    fake.emit(DEVICE_ADDED, fakeDomain(1));
    // A reply comes after the events that were sent before it.
    await poll();
    expect(heard).toEqual(['1 started', '2 stopped', '1 changed']);
  });
});

describe('identities', () => {
  const renamed = (domain: FakeDomain, name: string): FakeDomain => ({
    ...domain,
    xml: domain.xml?.replace(/<name>.*<\/name>/, `<name>${name}</name>`) ?? '',
  });
  const settle = async (fake: FakeLibvirtd, session: Session, domain: FakeDomain): Promise<void> => {
    fake.emit(LIFECYCLE, domain);
    // A reply comes after the event that was sent before it.
    await session.poll(signal);
  };

  it('are read again after an event, once', async () => {
    const { fake, session, poll } = await open({ domains: [fakeDomain(1), fakeDomain(2)] });
    await poll();
    fake.domains = [renamed(fakeDomain(1), 'other'), fakeDomain(2)];
    await settle(fake, session, fakeDomain(1));
    expect(byUuid(await poll()).get(1)?.identity?.instanceName).toBe('other');
    expect(fake.count(XML)).toBe(3);
    expect((await poll()).calls).toBe(1);
  });

  it('are read again in the same poll when an interface is new', async () => {
    const { fake, poll } = await open({ domains: [fakeDomain(1)] });
    await poll();
    const mac = 'fa:16:3e:00:00:99';
    const nic = `<interface type='bridge'><mac address='${mac}'/><target dev='tap99'/></interface></devices>`;
    const plugged = fakeDomain(1, { 'net.1.name': ['string', 'tap99'], 'net.1.rx.bytes': ['ullong', 7n] });
    fake.domains = [{ ...plugged, xml: plugged.xml?.replace('</devices>', nic) ?? '' }];
    const observation = await poll();
    expect(observation.calls).toBe(2);
    expect(observation.instances[0]?.nics.map(({ id }) => id)).toEqual(['fa:16:3e:00:00:01', mac]);
    expect((await poll()).calls).toBe(1);
  });

  it('are read again when the domain was started anew', async () => {
    const { fake, poll } = await open({ domains: [fakeDomain(1)] });
    await poll();
    fake.domains = [{ ...fakeDomain(1), id: 9 }];
    expect(await poll()).toMatchObject({ calls: 2, instances: [{ epoch: 'kvm1/9' }] });
  });

  it('a domain that vanished meanwhile has none and no nics; the others are as ever', async () => {
    const { xml: _, ...vanished } = fakeDomain(1);
    const { poll } = await open({ domains: [vanished, fakeDomain(2)] });
    const instances = byUuid(await poll());
    expect(instances.get(1)).toMatchObject({ identity: null, nics: [], rows: [{ cpuTime: 1_000_000n, nics: [] }] });
    expect(instances.get(2)).toMatchObject({ nics: [{ id: 'fa:16:3e:00:00:02' }] });
    expect((await poll()).calls).toBe(1);
  });

  it('malformed XML leaves the names that are known without it, and is counted', async () => {
    const { poll, malformed } = await open({ domains: [{ ...fakeDomain(1), xml: '<domain><name>x' }] });
    expect((await poll()).instances).toMatchObject([
      { nics: [], identity: { name: null, instanceName: 'instance-00000001', host: 'fake-host' } },
    ]);
    expect(malformed()).toBe(1);
  });

  it('one that does not come in time does not hold up the poll, and is not asked for twice', async () => {
    let hang = true;
    const clock = new ManualClock();
    const { fake, poll } = await open({
      clock,
      domains: [fakeDomain(1)],
      react: ({ procedure }) => (procedure === XML && hang ? 'hang' : undefined),
    });
    const first = poll();
    await vi.waitFor(() => expect(fake.count(XML)).toBe(1));
    clock.advance(1000);
    expect((await first).instances).toMatchObject([{ identity: null, nics: [], rows: [{ cpuTime: 1_000_000n }] }]);
    expect((await poll()).calls).toBe(1);
    hang = false;
    fake.release();
    await vi.waitFor(async () => expect((await poll()).instances[0]?.nics).toHaveLength(1));
    expect(fake.count(XML)).toBe(2);
  });

  it('a flood of events costs a few calls a poll', async () => {
    const domains = Array.from({ length: 60 }, (_, i) => fakeDomain(i + 1));
    const { fake, poll } = await open({ domains });
    await poll();
    for (const domain of domains) for (let n = 0; n < 10; n++) fake.emit(LIFECYCLE, domain);
    await poll();
    const costs = [];
    for (let n = 0; n < 4; n++) costs.push((await poll()).calls);
    expect(Math.max(...costs)).toBeLessThanOrEqual(21);
    expect(fake.count(XML)).toBe(120);
    expect(costs.at(-1)).toBe(1);
  });

  it('are read again every 15 minutes, 20 a poll', async () => {
    const clock = new ManualClock();
    const { poll } = await open({ clock, domains: Array.from({ length: 50 }, (_, i) => fakeDomain(i + 1)) });
    await poll();
    clock.advance(15 * 60_000 - 1);
    expect((await poll()).calls).toBe(1);
    clock.advance(2);
    const costs = [];
    for (let n = 0; n < 4; n++) costs.push((await poll()).calls);
    expect(costs).toEqual([21, 21, 11, 1]);
  });

  it('never has more than five calls in flight', async () => {
    let most = 0;
    let inFlight = 0;
    const { fake, session } = await open({
      domains: Array.from({ length: 30 }, (_, i) => fakeDomain(i + 1)),
      react: ({ procedure }) => {
        if (procedure !== XML) return undefined;
        most = Math.max(most, ++inFlight);
        return 'hang';
      },
    });
    const poll = session.poll(signal);
    for (let answered = 0; answered < 30; answered += 5) {
      await vi.waitFor(() => expect(fake.count(XML)).toBe(answered + 5));
      inFlight = 0;
      fake.release();
    }
    expect((await poll).instances.every(({ identity }) => identity !== null)).toBe(true);
    expect(most).toBe(5);
  });
});
