import { Registry } from 'prom-client';
import { EMPTY_IDENTITY, STATES } from '../../../avro/snapshot.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { createSource } from '../../../pipeline/model/progress.ts';
import { createInstance } from '../../../pipeline/model/state.ts';
import { createPage, type Page, type PageOptions } from '../../../pipeline/page/page.ts';
import { type Clock, systemClock } from '../../../pipeline/runtime/clock.ts';
import { EndpointBook } from '../../../pipeline/runtime/endpoint-book.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { type OpsServer, startOps } from '../../../pipeline/runtime/ops.ts';
import { SpoolBook, statusPage } from '../../../pipeline/runtime/status.ts';
import { rulesOf } from '../model/polls.ts';
import { plotted, sampleOf } from './samples.ts';

export const MINUTE_US = 60e6;
/** The uuid of VM n. */
export const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

export const RULES = rulesOf();

/** A page on a port of its own, and what is needed to make things happen to it. */
export interface Scene {
  readonly page: Page;
  readonly address: string;
  readonly ops: OpsServer;
  readonly now: () => number;
  tell(...events: readonly InternalEvent[]): void;
  close(): Promise<void>;
}

export interface SceneOptions {
  readonly reasons?: readonly string[];
  readonly clock?: Clock;
  readonly port?: number;
}

/** Serves a page as the program does, with endpoints and instances that a test makes up. */
export async function startScene(
  { sinks = [], ...options }: Partial<PageOptions> & { readonly sinks?: readonly string[] } = {},
  { reasons = [], clock = systemClock, port = 0 }: SceneOptions = {},
): Promise<Scene> {
  const page = createPage({
    role: 'run',
    service: 'dev',
    host: 'here',
    collects: true,
    meters: true,
    sizes: [MINUTE_US],
    plotted,
    config: 'service:\n  id: dev\n',
    isLoopback: true,
    ...options,
  });
  const endpoints = new EndpointBook();
  const spool = new SpoolBook();
  const sources = {
    version: '0.1.0',
    reasons: () => reasons,
    endpoints: () => endpoints.list(),
    spool: () => spool.status(),
  };
  page.begin({ ...sources, clock });
  page.expect(sinks);
  const ops = await startOps({
    listen: { host: '127.0.0.1', port },
    registry: new Registry(),
    reasons: sources.reasons,
    routes: { '/status.json': () => statusPage(sources), ...page.routes },
  });
  return {
    page,
    ops,
    address: `http://127.0.0.1:${ops.port}/`,
    now: clock.now,
    tell: (...events) => {
      for (const event of events) {
        endpoints.hear(event, clock.now());
        spool.hear(event);
        page.hear(event, clock.now());
      }
    },
    close: async () => {
      page.close();
      await ops.close();
    },
  };
}

/** A poll of a host that was answered just now. */
export const polled = (hypervisor: string, at: number, instances = 30): InternalEvent => ({
  event: 'poll.done',
  hypervisor,
  kind: 'libvirt',
  durationUs: 20_000 + 7_000 * (hypervisor.length % 5),
  jitterUs: 1500 + 311 * (instances % 9),
  calls: 1,
  instances,
  partial: false,
  at,
  spreadUs: 900,
  early: false,
});

export const hostName = (n: number): string => `kvm-${String(n).padStart(4, '0')}`;

/** A fleet of hosts of which a few do not answer. */
export function fleetOf(scene: Scene, hosts: number): void {
  for (let n = 0; n < hosts; n++) {
    const at = scene.now() - (n % 10) * 1e6;
    scene.tell(polled(hostName(n), at, 10 + (n % 40)));
  }
  for (let n = 17; n < hosts; n += 331) scene.tell(refused(hostName(n)));
  scene.tell({ event: 'roster.changed', polled: hosts, listed: hosts });
}

export const refused = (hypervisor: string): InternalEvent => ({
  event: 'endpoint.lost',
  hypervisor,
  kind: 'libvirt',
  error: Object.assign(new Error(`${hypervisor}: connect ECONNREFUSED 10.0.3.17:16514`), { code: 'refused' }),
  retryMs: 8000,
});

/** Partitions with VMs of these names on hosts, all of them running. */
export function partitionsOf(scene: Scene, names: readonly string[], partitions = 4) {
  const owned = Array.from({ length: partitions }, (_, index) => ({ index, partition: createPartition(RULES) }));
  const now = scene.now();
  for (const { partition } of owned) {
    partition.progress.watermark = now - 12e6;
    const source = createSource('libvirt/kvm-0001');
    Object.assign(source, { pollAt: now - 2e6, heardAt: now - 1e6, interval: 10e6 });
    partition.progress.sources.set(source.id, source);
  }
  names.forEach((name, n) => {
    const key = uuid(n).replaceAll('-', '');
    const instance = createInstance(key, [], false);
    instance.identity = { ...EMPTY_IDENTITY, name, host: hostName(n % 7) };
    instance.state = STATES.indexOf('RUNNING');
    owned[n % partitions]?.partition.instances.set(key, instance);
  });
  scene.page.watch(() => owned);
  return owned;
}

/** A working pipeline: what it has read, dropped and published by now. */
export function pipelineOf(scene: Scene, sinks: readonly string[]): void {
  const read = { event: 'message.read', partition: 0, slices: 40, readings: 9600, bytes: 90_000 } as const;
  for (let i = 0; i < 50; i++) scene.tell(read);
  for (let partition = 0; partition < 4; partition++)
    scene.tell(
      { event: 'lag', partition, messages: partition },
      { event: 'residual', partition, amount: 0n },
      { event: 'state.kept', partition, durationUs: 3200, bytes: 40_000, instances: 900, waiting: 0 },
    );
  scene.tell(
    { event: 'reading.dropped', reason: 'duplicate', count: 1312 },
    { event: 'reading.dropped', reason: 'late', count: 4 },
    { event: 'counter', kind: 'first', count: 41_203 },
    { event: 'counter', kind: 'reset', count: 96 },
    { event: 'counter', kind: 'wrap', count: 3 },
    { event: 'windows.emitted', size: MINUTE_US, windows: 402_113, samples: 1_206_339 },
  );
  for (const sink of sinks)
    scene.tell(
      { event: 'published', sink, samples: 1_206_000, durationUs: 41_000 },
      { event: 'sink.waiting', sink, samples: 339 },
    );
}

/** Most hosts, Kafka, the state store and the sink are away. */
export function brokenOf(scene: Scene): void {
  fleetOf(scene, 60);
  for (let n = 0; n < 60; n++) if (n % 7 !== 0) scene.tell(refused(hostName(n)));
  partitionsOf(scene, ['web-0', 'web-1', 'web-2', 'web-3', 'db-4']);
  const gone = 'ceilometer: amqp://meter:secret@rabbit:5672 refuses: ECONNREFUSED';
  scene.tell(
    { event: 'published', sink: 'ceilometer', samples: 1200, durationUs: 3000 },
    { event: 'sink.waiting', sink: 'ceilometer', samples: 90_123 },
    { event: 'sample.dropped', sink: 'ceilometer', reason: 'outbox_full', count: 2311 },
    { event: 'publish.failed', sink: 'ceilometer', error: new Error(gone), retryMs: 1000 },
    { event: 'lag', partition: 0, messages: 120_331 },
    { event: 'residual', partition: 0, amount: -17n },
    { event: 'message.dead', partition: 0, offset: 3, reason: 'schema' },
    {
      event: 'kafka.trouble',
      client: 'consumer',
      error: new Error('3/3 brokers are down; check kafka.brokers and the network'),
    },
    { event: 'spool.looked', slices: 4312, bytes: 12_345_678, ageUs: 340e6 },
    { event: 'state.away', error: new Error('redis://redis:6379 does not answer: ECONNREFUSED') },
  );
}

/** What a VM did in its latest windows: it was rebooted in one and moved to another host in one. */
export function livesOf(scene: Scene, n: number, name: string, windows = 30, size = MINUTE_US): void {
  const last = Math.floor(scene.now() / size) - 1;
  for (let i = windows - 1; i >= 0; i--) {
    const k = windows - 1 - i;
    const flags = k === 9 ? ['reset'] : k === 20 ? ['reset'] : [];
    const coverage = k === 9 ? 0.42 : k === 10 ? 0.83 : k === 20 ? 0.97 : 1;
    const host = hostName(k < 20 ? 1 : 4);
    const off = k === 9 ? 0.4 : 1;
    const wave = (phase: number, depth: number) =>
      off * (1 + depth * Math.sin(k / 3 + phase) + 0.12 * Math.sin(k * 2.7));
    const about = { name, uuid: uuid(n), host, end: (last - i + 1) * size, size, flags, coverage };
    scene.page.take([
      sampleOf('cpu_util', 34 * wave(0, 0.5), about),
      sampleOf('memory', 4096, { ...about, coverage: null }),
      sampleOf('memory.usage', 2600 + 300 * wave(1, 0.4), { ...about, coverage: null }),
      sampleOf('memory.resident', 3300 + 120 * wave(2, 0.3), { ...about, coverage: null }),
      sampleOf('disk.device.read.bytes.rate', 4.1e6 * wave(1.4, 0.7), { ...about, disk: 'vda' }),
      sampleOf('disk.device.write.bytes.rate', 2.2e6 * wave(2.2, 0.5), { ...about, disk: 'vda' }),
      sampleOf('disk.device.read.requests.rate', 220 * wave(1.4, 0.7), { ...about, disk: 'vda' }),
      sampleOf('disk.device.write.requests.rate', 140 * wave(2.2, 0.5), { ...about, disk: 'vda' }),
      sampleOf('network.incoming.bytes.rate', 1.4e6 * wave(0.5, 0.6), { ...about, nic: 'tap0' }),
      sampleOf('network.outgoing.bytes.rate', 3.8e6 * wave(0.9, 0.6), { ...about, nic: 'tap0' }),
      sampleOf('network.incoming.packets.rate', 1200 * wave(0.5, 0.6), { ...about, nic: 'tap0' }),
      sampleOf('network.outgoing.packets.rate', 2900 * wave(0.9, 0.6), { ...about, nic: 'tap0' }),
    ]);
  }
}
