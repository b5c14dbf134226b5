import { mkdtempSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeSnapshots } from '../../avro/codec.ts';
import { openCluster } from '../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../pipeline/kafka/consumer.ts';
import { FakeDns } from '../fakes/dns.ts';
import { FakeLibvirtd } from '../fakes/libvirtd.ts';
import { FakeOpenStack, USER } from '../fakes/openstack/openstack.ts';
import { configured, listening, unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { metricsOf, ready, startProgram } from './child.ts';

const BROKER = '127.0.0.1:19092';
const here = await available('kafka');

/** One libvirtd on loopback, counting who connects. */
async function aHost(): Promise<FakeLibvirtd> {
  const host = await FakeLibvirtd.start();
  onTestFinished(() => host.close());
  return host;
}

/** The polls in a raw topic by hypervisor: their sequence numbers in order of arrival, each once. */
async function sequencesIn(topic: string): Promise<ReadonlyMap<string, readonly number[]>> {
  const { context } = listening();
  const kafka = configured({ brokers: [BROKER], topics: { raw: topic }, group: unique('look') });
  const cluster = await openCluster(kafka, context);
  const consumer = await openConsumer(cluster);
  const found = new Map<string, number[]>();
  try {
    consumer.assign([{ partition: 0, offset: 0 }]);
    const ends = await consumer.ends();
    for (let next = 0; next < (ends.get(0) ?? 0); ) {
      for (const { offset, value } of await consumer.pull()) {
        next = offset + 1;
        for (const { source, poll } of decodeSnapshots(value)) {
          const own = found.get(source.hypervisor) ?? [];
          if (own.at(-1) !== poll.sequence) own.push(poll.sequence);
          found.set(source.hypervisor, own);
        }
      }
    }
    return found;
  } finally {
    await consumer.close();
    await cluster.close();
  }
}

const polls = (hypervisor: string): string => `hypermeter_polls_total{hypervisor="${hypervisor}",kind="libvirt"}`;
const countUp = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, n) => from + n);

describe.skipIf(!here)('hypervisors that come and go while the collector runs [kafka]', () => {
  it('are polled from files: added, removed, changed; the others go on as if nothing were', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hypermeter-discovery-'));
    const [one, two, three, moved] = [await aHost(), await aHost(), await aHost(), await aHost()];
    const entry = (name: string, { port }: FakeLibvirtd) =>
      `- { name: ${name}, type: libvirt, uri: "qemu+tcp://127.0.0.1:${port}/system" }\n`;
    const put = async (text: string): Promise<void> => {
      await writeFile(join(folder, 'next'), text);
      await rename(join(folder, 'next'), join(folder, 'endpoints.yaml'));
    };
    await put(entry('kvm1', one) + entry('kvm2', two));
    const topic = unique('discovery');
    await writeFile(
      join(folder, 'config.yml'),
      `kafka: { brokers: ["${BROKER}"], topics: { raw: ${topic} }, partitions: 1 }
collector: { interval: 1s }
discovery: [{ type: file, paths: ["${folder}/*.yaml"], refresh: 2s }]
ops: { listen: "127.0.0.1:0" }
`,
    );
    const collector = startProgram(['collect', '-c', join(folder, 'config.yml')]);
    await ready(collector);
    const metric = async (name: string): Promise<number> => (await metricsOf(collector)).get(name) ?? 0;
    await expect.poll(() => metric(polls('kvm1')), { timeout: 10_000 }).toBeGreaterThan(1);
    await expect.poll(() => metric(polls('kvm2')), { timeout: 10_000 }).toBeGreaterThan(1);

    // Added: polled within the refresh and an interval.
    await put(entry('kvm1', one) + entry('kvm2', two) + entry('kvm3', three));
    await expect.poll(() => metric(polls('kvm3')), { timeout: 4000 }).toBeGreaterThan(0);

    // A broken file changes nothing, and is told with its place.
    await put('- { name: kvm1\n');
    await expect.poll(() => collector.stderr(), { timeout: 4000 }).toMatch(/endpoints\.yaml:\d+:\d+.*stays in effect/);
    expect(await metric('hypermeter_discovery_rejected{source="file",kind="file",reason="unreadable"}')).toBe(1);
    expect(await metric('hypermeter_discovery_entries{source="file",kind="file"}')).toBe(3);

    // One is removed, one is elsewhere now: the former is let go of, the latter begun again.
    await put(entry('kvm2', two) + entry('kvm3', moved));
    await expect.poll(() => one.connections + three.connections, { timeout: 5000 }).toBe(0);
    await expect.poll(() => moved.connections, { timeout: 5000 }).toBe(1);
    const before = await metric(polls('kvm1'));
    const since = await metric(polls('kvm2'));
    await expect.poll(() => metric(polls('kvm2')), { timeout: 10_000 }).toBeGreaterThan(since + 2);
    expect(await metric(polls('kvm1'))).toBe(before);
    expect(await metric('hypermeter_endpoint_connections_total{hypervisor="kvm2",kind="libvirt"}')).toBe(1);
    expect(await metric('hypermeter_polls_skipped_total{hypervisor="kvm2",kind="libvirt"}')).toBe(0);
    collector.kill('SIGTERM');
    expect(await collector.exit).toEqual({ code: 0, signal: null });

    const sequences = await sequencesIn(topic);
    for (const name of ['kvm1', 'kvm2', 'kvm3']) {
      const own = sequences.get(name) ?? [];
      expect([name, own]).toEqual([name, countUp(0, own.length)]);
    }
    // Three polls since then; before, their phases let the one be a poll ahead of the other.
    expect((sequences.get('kvm2') ?? []).length).toBeGreaterThan((sequences.get('kvm1') ?? []).length + 1);
    await rm(folder, { recursive: true });
  }, 90_000);

  it('are found in DNS and in nova at once, and kept while those are away', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hypermeter-discovery-'));
    const [one, two, three] = [await aHost(), await aHost(), await aHost()];
    const dns = await new FakeDns().up();
    onTestFinished(() => dns.down());
    const cloud = new FakeOpenStack();
    onTestFinished(() => cloud.down());
    const record = ({ port }: FakeLibvirtd) => ({ priority: 0, weight: 0, port, target: '127.0.0.1' });
    const host = ({ port }: FakeLibvirtd) => ({ hostname: `127.0.0.1:${port}`, ip: '127.0.0.1' });
    dns.zone.set('_libvirt._tcp.example.org', [record(one)]);
    await cloud.up([host(two), { hostname: 'esx', type: 'VMware vCenter Server' }]);
    await writeFile(
      join(folder, 'config.yml'),
      `kafka: { brokers: ["${BROKER}"], topics: { raw: ${unique('discovery')} }, partitions: 1 }
collector: { interval: 1s }
discovery:
  - type: dns
    name: _libvirt._tcp.example.org
    servers: ["${dns.address}"]
    refresh: 1s
    timeout: 400ms
    entry: { type: libvirt, name: "dns-{port}", uri: "qemu+tcp://{target}:{port}/system" }
  - type: nova
    authUrl: ${cloud.authUrl}
    username: ${USER.username}
    password: \${NOVA_PASSWORD}
    project: admin
    refresh: 1s
    exclude: esx
    entry: { type: libvirt, name: "nova-{host}", uri: "qemu+tcp://{hostname}/system" }
ops: { listen: "127.0.0.1:0" }
`,
    );
    const collector = startProgram(['collect', '-c', join(folder, 'config.yml')], { NOVA_PASSWORD: USER.password });
    await ready(collector);
    const metric = async (name: string): Promise<number> => (await metricsOf(collector)).get(name) ?? 0;
    await expect.poll(() => metric(polls(`dns-${one.port}`)), { timeout: 10_000 }).toBeGreaterThan(0);
    await expect.poll(() => metric(polls(`nova-127.0.0.1:${two.port}`)), { timeout: 10_000 }).toBeGreaterThan(0);

    // Both name the third now: it is polled once.
    dns.zone.set('_libvirt._tcp.example.org', [record(one), record(three)]);
    cloud.set([host(two), host(three)]);
    await expect.poll(() => metric(polls(`dns-${three.port}`)), { timeout: 10_000 }).toBeGreaterThan(0);
    await expect
      .poll(() => collector.stderr(), { timeout: 10_000 })
      .toContain(`nova-127.0.0.1:${three.port} has the address of dns-${three.port}, which is kept`);
    expect(three.connections).toBe(1);

    // Sources that fail, and one that says nothing all of a sudden, take nobody away at first.
    dns.zone.set('_libvirt._tcp.example.org', 'servfail');
    cloud.instead = () => ({ status: 503, body: 'away' });
    const failures = 'hypermeter_discovery_failures_total{source="nova",kind="nova",reason="lost"}';
    await expect.poll(() => metric(failures), { timeout: 10_000 }).toBeGreaterThan(1);
    const polled = await metric(polls(`nova-127.0.0.1:${two.port}`));
    await expect
      .poll(() => metric(polls(`nova-127.0.0.1:${two.port}`)), { timeout: 10_000 })
      .toBeGreaterThan(polled + 1);
    expect([one.connections, two.connections, three.connections]).toEqual([1, 1, 1]);

    // Back again, and without the second for good.
    cloud.instead = undefined;
    cloud.set([host(three)]);
    await expect.poll(() => two.connections, { timeout: 10_000 }).toBe(0);
    expect(await metric('hypermeter_endpoints_polled')).toBe(2);
    collector.kill('SIGTERM');
    expect(await collector.exit).toEqual({ code: 0, signal: null });
    await rm(folder, { recursive: true });
  }, 90_000);
});
