import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeSnapshots } from '../../avro/codec.ts';
import { openRawTopic } from '../../pipeline/cli/raw-topic.ts';
import { ensureTopic } from '../../pipeline/kafka/admin.ts';
import { openCluster } from '../../pipeline/kafka/cluster.ts';
import { partitionOf } from '../../pipeline/kafka/murmur2.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import { configured, listening, unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { metricsOf, ready, startProgram } from '../system/child.ts';
import { startBrokers } from './brokers.ts';
import { createCollectorFleet } from './collectors-fleet.ts';
import type { Polled } from './poll-book.ts';

/** Of a broker of this file's own. */
const PORT = 19_992;
const BROKERS = `127.0.0.1:${PORT}`;
/** What the topic has, and what the configuration would make it with. */
const [THERE, CONFIGURED] = [4, 6];
const ENDPOINTS = 12;

/** Every slice of a topic, in the order of each partition. */
async function slicesIn(raw: string) {
  const cluster = await openCluster(
    configured({ brokers: [BROKERS], topics: { raw }, group: raw }),
    listening().context,
  );
  const topic = await openRawTopic(cluster);
  const found = [];
  await topic.open();
  for await (const messages of topic.messages())
    for (const { value, partition } of messages)
      for (const snapshot of decodeSnapshots(value)) found.push({ ...snapshot, partition });
  await topic.close();
  await cluster.close();
  return found;
}

/** What is polled while the broker is away, by a list and by a group: one outage for both. */
async function outage() {
  const directory = mkdtempSync(join(tmpdir(), 'hypermeter-start-'));
  const broker = await startBrokers({ directory: join(directory, 'kafka'), count: 1, port: PORT });
  const end = async (): Promise<void> => {
    for (const server of broker.nodes.values()) await server.end();
  };
  const raw = unique('away');
  const cluster = await openCluster(configured({ brokers: [BROKERS] }), listening().context);
  await ensureTopic(cluster, { name: raw, partitions: THERE, replication: 1 });
  await cluster.close();
  const name = unique('away');
  const fleet = createCollectorFleet({
    brokers: BROKERS,
    endpoints: ENDPOINTS,
    collectors: 2,
    intervalS: 2,
    name,
    spool: true,
  });
  onTestFinished(async () => {
    fleet.clear();
    await end();
    rmSync(directory, { recursive: true });
  });
  fleet.pipeline.start();
  for (const actor of fleet.collectors) actor.start();
  const seen = async (): Promise<number> => new Set((await fleet.polls()).map(({ hypervisor }) => hypervisor)).size;
  await expect.poll(() => seen().catch(() => 0), { timeout: 60_000, interval: 1000 }).toBe(ENDPOINTS);
  // Both have let the other have its part by then.
  await systemClock.sleep(4000);
  await end();
  const wentAt = systemClock.now();
  const [restarted] = fleet.collectors;
  restarted?.kill();
  restarted?.start();
  return { directory, raw, broker, fleet, wentAt };
}

describe.skipIf(!(await available('kafka')))('collectors that start while Kafka is away [kafka]', () => {
  it('poll a list, or what they held of a group; all of it comes, in order and as the topic is cut', {
    timeout: 300_000,
  }, async ({ annotate }) => {
    const { directory, raw, broker, fleet, wentAt } = await outage();
    const config = {
      service: { id: 'away' },
      kafka: { brokers: [BROKERS], topics: { raw }, partitions: CONFIGURED },
      collector: { interval: '1s', linger: '20ms', spool: { directory: join(directory, 'spool'), after: '1s' } },
      connectors: [{ type: 'simulator', name: 'sim', hosts: 2, instances: 16, faults: 'none' }],
      ops: { listen: '127.0.0.1:0' },
    };
    const file = join(directory, 'collector.yaml');
    writeFileSync(file, JSON.stringify(config));
    const child = startProgram(['collect', '-c', file]);
    await ready(child, 60_000);
    const figure = async (name: string): Promise<number> =>
      [...(await metricsOf(child))]
        .filter(([key]) => key.split('{', 1)[0] === `hypermeter_${name}`)
        .reduce((sum, [, value]) => sum + value, 0);
    await expect.poll(() => figure('spool_slices'), { timeout: 60_000 }).toBeGreaterThan(CONFIGURED * 6);
    const backAt = systemClock.now();
    await broker.again();
    await expect.poll(() => figure('spool_slices'), { timeout: 60_000 }).toBe(0);
    const polls = await figure('polls_total');
    expect(await figure('polls_skipped_total')).toBe(0);
    child.kill('SIGTERM');
    expect(await child.exit, child.stderr()).toEqual({ code: 0, signal: null });
    expectWhole(await slicesIn(raw), polls);

    // The group has dealt anew by then.
    await systemClock.sleep(10_000);
    for (const actor of fleet.collectors) await actor.stop();
    await systemClock.sleep(2000);
    const shares = sharesOf(await fleet.polls(), fleet.collectors[0]?.name ?? '', wentAt, backAt);
    expect(shares.resumed.length).toBeGreaterThan(0);
    for (const endpoint of shares.resumed) expect(shares.heldBefore, endpoint).toContain(endpoint);
    expect([...shares.resumed, ...shares.others].sort()).toEqual(shares.all);
    expect(await fleet.audited()).toMatchObject({ code: 0, residual: 0, lost: 0, wrong: 0 });
    expect([...fleet.collectors, fleet.pipeline].flatMap(({ unasked }) => unasked())).toEqual([]);
    await annotate(`of ${ENDPOINTS} endpoints ${shares.resumed.length} were polled by the one that was started again`);
  });
});

/** Every poll from the first on is there, of everyone, in order and cut as the topic is. */
function expectWhole(slices: Awaited<ReturnType<typeof slicesIn>>, polls: number): void {
  const order = new Map<string, number[]>();
  const uuids = new Map<string, Set<string>>();
  for (const { source, poll, partition, instances } of slices) {
    expect(poll).toMatchObject({ slice: partition, slices: THERE });
    const key = `${source.hypervisor} ${partition}`;
    order.set(key, [...(order.get(key) ?? []), poll.sequence]);
    const listed = uuids.get(`${source.hypervisor} ${poll.sequence}`) ?? new Set();
    uuids.set(`${source.hypervisor} ${poll.sequence}`, listed);
    for (const { uuid } of instances) {
      expect(partitionOf(uuid, THERE)).toBe(partition);
      listed.add(uuid.toString('hex'));
    }
  }
  expect(order.size).toBe(2 * THERE);
  // Parts of a slice share the number of their poll; none is before an earlier one, and none is left out.
  for (const [key, numbers] of order) {
    expect(numbers, key).toEqual([...numbers].sort((a, b) => a - b));
    expect([...new Set(numbers)], key).toEqual([...Array((numbers.at(-1) ?? 0) + 1).keys()]);
  }
  expect(uuids.size).toBeGreaterThanOrEqual(polls);
  for (const [key, listed] of uuids) expect(listed.size, key).toBe(8);
}

/** Who polled what between two times; `heldBefore`: what `resumed` had polled before them. */
function sharesOf(polls: readonly Polled[], who: string, from: number, to: number) {
  const by = (is: (poll: Polled) => boolean): readonly string[] =>
    [...new Set(polls.filter(is).map(({ hypervisor }) => hypervisor))].sort();
  const away = ({ startedAt }: Polled): boolean => startedAt > from && startedAt < to;
  return {
    heldBefore: by((poll) => poll.collector === who && poll.startedAt < from),
    resumed: by((poll) => away(poll) && poll.collector === who),
    others: by((poll) => away(poll) && poll.collector !== who),
    all: by(() => true),
  };
}
