import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Row } from '../../../avro/snapshot.ts';
import type { Observation } from '../../../connectors/connector.ts';
import { type BenchOptions, bench, ManualClock } from '../../fakes/libvirt-bench.ts';
import { fakeDomain } from '../../fakes/libvirtd-answers.ts';

const CPU = 'NODE_GET_CPU_STATS';
const MEMORY = 'NODE_GET_MEMORY_STATS';
const KIB = 1024n;

let signal: AbortSignal;
beforeEach(() => {
  signal = AbortSignal.timeout(20_000);
});

async function open(options: BenchOptions = {}) {
  const set = await bench({ ...options, config: { hosts: true, ...options.config } });
  onTestFinished(() => set.fake.close());
  const connect = async () => {
    const session = await set.endpoint.connect(signal);
    onTestFinished(() => session.close());
    return session;
  };
  const session = await connect();
  set.fake.calls.length = 0;
  return { ...set, connect, poll: () => session.poll(signal) };
}

const rowIn = ({ hosts }: Observation): Row | undefined => hosts[0]?.rows[0];
const extrasIn = (observation: Observation) =>
  Object.fromEntries((rowIn(observation)?.extras ?? []).map(({ name, value }) => [name, value]));

describe('the host', () => {
  it('is metered with two calls beside the one for its guests', async () => {
    const { fake, poll } = await open({ domains: [fakeDomain(1), { ...fakeDomain(2), id: -1, stats: {} }] });
    await poll();
    fake.calls.length = 0;
    const seen = await poll();
    expect(fake.calls.toSorted()).toEqual(['CONNECT_GET_ALL_DOMAIN_STATS', CPU, MEMORY]);
    expect(seen).toMatchObject({
      calls: 3,
      hosts: [{ state: 'RUNNING', epoch: 'kvm1/host', identity: { host: 'fake-host' } }],
    });
    expect(rowIn(seen)).toMatchObject({
      interval: null,
      cpuTime: 3_000_000_000n,
      vcpus: 4n,
      memory: 8_388_608n * KIB,
      memoryUsage: (8_388_608n - 1_048_576n - 524_288n - 2_097_152n) * KIB,
    });
    expect(extrasIn(seen)).toEqual({
      'compute.node.cpu.kernel.time': 1_000_000_000n,
      'compute.node.cpu.user.time': 2_000_000_000n,
      'compute.node.cpu.idle.time': 36_000_000_000n,
      'compute.node.cpu.iowait.time': 1_000_000_000n,
      'compute.node.memory.free': 1_048_576n * KIB,
      'compute.node.instances': 2n,
      'compute.node.instances.running': 1n,
    });
  });

  it('has the uuid that its name makes, whatever the connection', async () => {
    const { poll, connect } = await open();
    const [{ hosts: one }, { hosts: other }] = [await poll(), await (await connect()).poll(signal)];
    expect(one[0]?.uuid).toHaveLength(16);
    expect(one[0]?.uuid).toEqual(other[0]?.uuid);
    expect(one[0]?.startedAt).toBeGreaterThan(0);
  });

  it('is not asked for where it is not wanted', async () => {
    const { fake, poll } = await open({ config: { hosts: false } });
    expect(await poll()).toMatchObject({ hosts: [], calls: 1 });
    expect(fake.calls).toEqual(['CONNECT_GET_ALL_DOMAIN_STATS']);
  });
});

describe('a daemon that does not tell', () => {
  it.each([
    [3, 'unsupported'],
    [88, 'refused'],
  ])('of its CPUs (error %i) is told of once, and the rest goes on', async (code, reason) => {
    const { events, poll, connect } = await open({
      domains: [fakeDomain(1)],
      react: ({ procedure }) => (procedure === CPU ? { error: [code, 'not here'] } : undefined),
    });
    const seen = await poll();
    await (await connect()).poll(signal);
    expect(rowIn(seen)).toMatchObject({ cpuTime: null, memory: 8_388_608n * KIB });
    expect(seen.instances).toHaveLength(1);
    expect(events.filter(({ event }) => event === 'part.failed')).toMatchObject([{ part: "the host's CPUs", reason }]);
  });

  it('of anything has no row, and costs no call', async () => {
    const { poll } = await open({
      domains: [fakeDomain(1)],
      react: ({ procedure }) => (procedure.startsWith('NODE_') ? { error: [3, 'not here'] } : undefined),
    });
    await poll();
    expect(await poll()).toMatchObject({ calls: 1, bootedAt: null, hosts: [{ rows: [] }], instances: [{}] });
  });

  it('any more is asked no more', async () => {
    let refuses = false;
    const { fake, events, poll } = await open({
      react: ({ procedure }) => (refuses && procedure === MEMORY ? { error: [88, 'no more'] } : undefined),
    });
    refuses = true;
    expect(rowIn(await poll())).toMatchObject({ cpuTime: 3_000_000_000n, memory: null });
    await poll();
    expect(fake.count(MEMORY)).toBe(1);
    expect(events.filter(({ event }) => event === 'part.failed')).toMatchObject([{ reason: 'refused' }]);
  });

  it('in time has no row, and is not asked again until it has answered', async () => {
    const clock = new ManualClock();
    let hangs = false;
    const { fake, events, poll } = await open({
      clock,
      react: ({ procedure }) => (hangs && procedure.startsWith('NODE_') ? 'hang' : undefined),
    });
    hangs = true;
    const waiting = poll();
    while (fake.count(MEMORY) === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1100);
    expect((await waiting).hosts).toMatchObject([{ rows: [] }]);
    expect((await poll()).calls).toBe(1);
    expect(events.filter(({ event }) => event === 'part.failed')).toMatchObject([
      { reason: 'timeout' },
      { reason: 'timeout' },
    ]);
    hangs = false;
    fake.release();
    while (rowIn(await poll()) === undefined) await new Promise((resolve) => setImmediate(resolve));
  });
});
