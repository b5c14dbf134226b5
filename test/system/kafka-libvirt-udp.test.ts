import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Received } from '../../pipeline/sinks/received.ts';
import { listenUdp, type UdpListener } from '../../pipeline/sinks/udp/listener.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { type Child, metricsOf, ready, startProgram } from './child.ts';
import { type Guest, LIBVIRT, startBurner, virsh } from './guest.ts';

const SECRET = 'a secret of the test';
const WINDOW_S = 3;

/** A sample as it came by UDP. */
interface Meter {
  readonly counter_name: string;
  readonly counter_volume: number | bigint;
  readonly resource_id: string;
  readonly timestamp: string;
}

/** The program in one process between a real libvirt, a real Kafka and the test's socket. */
interface Rig {
  readonly child: Child;
  readonly received: readonly Received[];
  /** Samples of one meter of one resource, oldest window first. */
  samples(meter: string, resource: string): readonly Meter[];
}

let listener: UdpListener | undefined;
let guest: Guest | undefined;
afterEach(async () => {
  await listener?.close();
  guest?.remove();
  guest = undefined;
});

async function startRig(): Promise<Rig> {
  const received: Received[] = [];
  listener = await listenUdp(
    { host: '127.0.0.1', port: 0, secret: SECRET },
    (message) => received.push(message),
    ({ error }) => {
      throw error;
    },
  );
  const name = unique('libvirt');
  const path = join(tmpdir(), `${name}.yaml`);
  onTestFinished(() => rmSync(path));
  const words = {
    service: { id: 'system-test' },
    kafka: { brokers: ['127.0.0.1:19092'], topics: { raw: name, deadLetters: `${name}.dead` }, group: name },
    collector: { interval: '1s', linger: '20ms' },
    connectors: [{ name: 'kvm1', type: 'libvirt', uri: LIBVIRT }],
    pipeline: { windows: [{ size: `${WINDOW_S}s` }], reorder: '1s' },
    sinks: [{ type: 'udp', host: '127.0.0.1', port: listener.port, secret: SECRET }],
    ops: { listen: '127.0.0.1:0' },
  };
  writeFileSync(path, JSON.stringify(words));
  const child = startProgram(['run', '-c', path]);
  await ready(child);
  const samples = (meter: string, resource: string): readonly Meter[] =>
    received
      .map(({ message }) => message as unknown as Meter)
      .filter(({ counter_name, resource_id }) => counter_name === meter && resource_id === resource)
      .sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp));
  return { child, received, samples };
}

/** Waits until the meter of the resource has come for so many windows more. */
async function windowsMore({ samples }: Rig, resource: string, count: number, meter = 'cpu.delta'): Promise<void> {
  const before = samples(meter, resource).length;
  await expect
    .poll(() => samples(meter, resource).length, { timeout: 60_000, interval: 100 })
    .toBeGreaterThanOrEqual(before + count);
}

const volume = ({ counter_volume }: Meter): bigint => BigInt(counter_volume);
const sum = (meters: readonly Meter[]): bigint => meters.reduce((total, meter) => total + volume(meter), 0n);

/** Deltas are never negative and sum to the movement of a total that never falls. */
function expectBooksToBalance({ samples }: Rig, resource: string): void {
  const totals = samples('cpu', resource);
  const deltas = samples('cpu.delta', resource);
  expect(deltas.map(({ timestamp }) => timestamp)).toEqual(totals.map(({ timestamp }) => timestamp));
  expect(new Set(deltas.map(({ timestamp }) => timestamp)).size).toBe(deltas.length);
  for (const delta of deltas) expect(volume(delta)).toBeGreaterThanOrEqual(0n);
  expect(sum(deltas.slice(1))).toBe(volume(totals.at(-1) as Meter) - volume(totals[0] as Meter));
}

const here = (await available('kafka')) && (await available('libvirt'));

describe.skipIf(!here)('libvirt through Kafka to UDP [kafka] [libvirt]', () => {
  it('meters a guest that burns its cpu as libvirt itself does', { timeout: 120_000 }, async () => {
    guest = startBurner('svc-burner', '00000000-0000-4000-8000-0000000b0001');
    const { uuid } = guest;
    const earliest = guest.cpuTime();
    const rig = await startRig();
    await windowsMore(rig, uuid, 1);
    const from = { at: Date.now(), cpu: guest.cpuTime() };
    await windowsMore(rig, uuid, 4);
    const to = { at: Date.now(), cpu: guest.cpuTime() };

    expect(rig.received.map(({ signature }) => signature)).toEqual(rig.received.map(() => 'valid'));
    const totals = rig.samples('cpu', uuid);
    for (const total of totals) {
      expect(volume(total)).toBeGreaterThanOrEqual(earliest);
      expect(volume(total)).toBeLessThanOrEqual(to.cpu);
    }
    expectBooksToBalance(rig, uuid);
    // How much of a core it gets is the machine's affair; what is metered of it is not.
    const share = (Number(to.cpu - from.cpu) / 1e6 / (to.at - from.at)) * 100;
    const whole = rig.samples('cpu_util', uuid).slice(1);
    const mean = whole.reduce((total, sample) => total + Number(sample.counter_volume), 0) / whole.length;
    expect(share).toBeGreaterThan(5);
    expect(mean).toBeGreaterThan(share * 0.7);
    expect(mean).toBeLessThan(Math.min(share * 1.4, 115));

    // A poll is one call, and another one where a slow machine let it run out of its time.
    const metrics = await metricsOf(rig.child);
    const kvm1 = 'hypervisor="kvm1",kind="libvirt"';
    const polls = metrics.get(`hypermeter_polls_total{${kvm1}}`) ?? 0;
    const calls = metrics.get(`hypermeter_endpoint_calls_total{${kvm1},call="CONNECT_GET_ALL_DOMAIN_STATS"}`);
    expect(calls).toBeGreaterThan(10);
    expect(calls).toBeGreaterThanOrEqual(polls);
    expect(calls).toBeLessThanOrEqual(1.2 * polls);
    rig.child.kill('SIGTERM');
    expect(await rig.child.exit, rig.child.stderr()).toEqual({ code: 0, signal: null });
  });

  it('takes a reset for what it is: nothing negative, no spike', { timeout: 120_000 }, async () => {
    guest = startBurner('svc-burner', '00000000-0000-4000-8000-0000000b0002');
    const { uuid } = guest;
    const rig = await startRig();
    await windowsMore(rig, uuid, 2);
    virsh('reset', guest.name);
    await windowsMore(rig, uuid, 3);
    expectBooksToBalance(rig, uuid);
    // Of one vCPU, and of the emulator's own threads.
    for (const { counter_volume } of rig.samples('cpu_util', uuid)) expect(Number(counter_volume)).toBeLessThan(200);
  });

  it('counts a guest that is stopped and started from zero, and its total goes on', { timeout: 120_000 }, async () => {
    guest = startBurner('svc-burner', '00000000-0000-4000-8000-0000000b0003');
    const { uuid } = guest;
    const rig = await startRig();
    await windowsMore(rig, uuid, 2);
    const before = guest.cpuTime();
    virsh('destroy', guest.name);
    virsh('start', guest.name);
    await windowsMore(rig, uuid, 4);
    expectBooksToBalance(rig, uuid);
    const after = guest.cpuTime();
    const last = volume(rig.samples('cpu', uuid).at(-1) as Meter);
    // Both lives are in it; of the first one, what was used after its last poll is not.
    expect(last).toBeGreaterThan(after / 4n + (before * 3n) / 4n);
    expect(last).toBeLessThanOrEqual(before + after + 2_000_000_000n);
    // Either a poll saw it off, or the next one found another life of it.
    const metrics = await metricsOf(rig.child);
    const met = ['absent', 'reset'].map((kind) => metrics.get(`hypermeter_counter_events_total{kind="${kind}"}`) ?? 0);
    expect(Math.max(...met)).toBeGreaterThan(0);
  });
});
