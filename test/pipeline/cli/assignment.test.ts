import rdkafka from 'node-rdkafka';
import { describe, expect, it, onTestFinished } from 'vitest';
import { groupConfig } from '../../../connectors/assignment/config.ts';
import type { Listing, Ownership, Share } from '../../../connectors/assignment/ownership.ts';
import { dealEndpoint, ownershipOf } from '../../../pipeline/cli/assignment.ts';
import { schema } from '../../../pipeline/cli/composition.ts';
import { type Cluster, openCluster } from '../../../pipeline/kafka/cluster.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { parseSettings } from '../../../pipeline/runtime/config/load.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { available } from '../../services/service.ts';
import { unique } from '../kafka/fixtures.ts';

const BROKER = '127.0.0.1:19092';
const ENDPOINTS = Array.from({ length: 40 }, (_, number) => `kvm${number}`);
/** librdkafka's heartbeat.interval.ms, and a little more. */
const HEARTBEAT_MS = 3500;
const SLOW = { timeout: 40_000, interval: 50 };

interface Member {
  readonly ownership: Ownership;
  readonly events: readonly InternalEvent[];
  /** Every share that it was given, the first one being none. */
  readonly shares: readonly Share[];
  has(): readonly string[];
  told(event: InternalEvent['event']): readonly InternalEvent[];
}

/** A member of a group on a real broker; it stops at the end of the test. */
async function member(
  group: {
    readonly topic: string;
    readonly partitions: number;
    readonly instance?: string;
    readonly sessionTimeout?: string;
  },
  list: readonly string[] = ENDPOINTS,
): Promise<Member> {
  const words = { sessionTimeout: '6s', ...group, name: group.topic };
  const kafka = { brokers: [BROKER], librdkafka: { 'topic.metadata.refresh.interval.ms': 1000 } };
  const config = parseSettings(schema, {
    service: { id: group.instance ?? 'c' },
    kafka,
    collector: { group: words },
  });
  const events: InternalEvent[] = [];
  const shares: Share[] = [];
  const report = (event: InternalEvent): void => void events.push(event);
  const context = { clock: systemClock, report };
  const cluster: Cluster = await openCluster(config.kafka, context);
  const listing: Listing = { endpoints: list, isWhole: true };
  const ownership = ownershipOf(config, context, {
    cluster: () => cluster,
    listing: () => listing,
    notebook: null,
    isThere: () => true,
  });
  onTestFinished(async () => {
    await ownership.stop();
    await cluster.close();
  }, 30_000);
  await ownership.start({ hold: async (share) => void shares.push(share) });
  return {
    ownership,
    events,
    shares,
    has: () => list.filter((endpoint) => shares.at(-1)?.has(endpoint) === true),
    told: (name) => events.filter(({ event }) => event === name),
  };
}

/** All are somebody's, and each is one's alone. */
const expectDealt = (...members: readonly Member[]): Promise<void> =>
  expect.poll(() => members.flatMap((one) => one.has()).sort(), SLOW).toEqual(ENDPOINTS.toSorted());

function addPartitions(topic: string, total: number): Promise<void> {
  const admin = rdkafka.AdminClient.create({ 'metadata.broker.list': BROKER });
  return new Promise<void>((resolve, reject) =>
    admin.createPartitions(topic, total, 10_000, (error) => (error ? reject(error) : resolve())),
  ).finally(() => admin.disconnect());
}

describe.skipIf(!(await available('kafka')))('a group of collectors [kafka]', () => {
  it('with collector.group.instance moves nothing when a member is restarted', { timeout: 90_000 }, async () => {
    const group = { topic: unique('static'), partitions: 8, sessionTimeout: '20s' };
    const stays = await member({ ...group, instance: 'stays' });
    const before = await member({ ...group, instance: 'restarts' });
    const held = (one: Member) => one.told('coordination.held').at(-1);
    const four = { event: 'coordination.held', partitions: 4 };
    await expect.poll(() => [held(stays), held(before)], SLOW).toEqual([four, four]);
    await expectDealt(stays, before);
    const [own, others, times] = [before.has(), stays.has(), stays.shares.length];
    const generation = before.shares.at(-1)?.generationOf(own[0] as string) ?? 0;
    await before.ownership.stop();
    // The others' next word with the broker, in which they would hear that it had left.
    await systemClock.sleep(HEARTBEAT_MS);

    const after = await member({ ...group, instance: 'restarts' });
    await expect.poll(() => after.has(), SLOW).toEqual(own);
    expect(stays.has()).toEqual(others);
    // Whatever it was given meanwhile, as when it had to join anew, was the same.
    for (const share of stays.shares.slice(times))
      expect(
        ENDPOINTS.filter((endpoint) => share.has(endpoint)),
        stays.events.map(({ event }) => event).join(' '),
      ).toEqual(others);
    // Its former self let go, and said until when it polled: nothing that fell due meanwhile is missed.
    expect(after.shares.at(-1)?.generationOf(own[0] as string)).toBeGreaterThan(generation);
    expect(after.shares.at(-1)?.servedUntil(own[0] as string)).toBeGreaterThan(0);
    expect(after.told('coordination.claimed')).toContainEqual(
      expect.objectContaining({ former: 'restarts', released: true }),
    );
  });

  it('deals anew where partitions were added, and names both numbers', { timeout: 90_000 }, async () => {
    const group = { topic: unique('grown'), partitions: 4 };
    const [one, two] = [await member(group), await member(group)];
    await expectDealt(one, two);
    await addPartitions(group.topic, 8);
    await expect
      .poll(() => [...one.told('coordination.failed'), ...two.told('coordination.failed')], SLOW)
      .toContainEqual(
        expect.objectContaining({
          error: expect.objectContaining({
            message: expect.stringContaining('the coordination topic has 8 partitions now, and had 4: joining anew'),
          }),
        }),
      );
    // Who has an endpoint claims the partition of eight that it is dealt to now.
    const claimed = (each: Member) =>
      new Set(each.told('coordination.claimed').flatMap((event) => ('partition' in event ? [event.partition] : [])));
    await expect.poll(() => new Set([...claimed(one), ...claimed(two)]).size, SLOW).toBe(8);
    await expectDealt(one, two);
    for (const each of [one, two])
      for (const endpoint of each.has()) expect(claimed(each)).toContain(dealEndpoint(endpoint, 8));
    // Whoever is configured with more is told that there are fewer.
    const three = await member({ ...group, partitions: groupConfig.parse({}).partitions });
    expect(three.told('coordination.partitions')).toEqual([
      { event: 'coordination.partitions', topic: group.topic, configured: 64, found: 8 },
    ]);
  });

  it('of two releases with different lists names what only the former one polled', { timeout: 60_000 }, async () => {
    const group = { topic: unique('lists'), partitions: 4 };
    const old = await member(group);
    await expectDealt(old);
    const next = await member(group, ENDPOINTS.slice(2));
    await old.ownership.stop();
    await expect.poll(() => next.has(), SLOW).toEqual(ENDPOINTS.slice(2));
    const missing = (): readonly string[] =>
      next.told('coordination.differs').flatMap((event) => ('missing' in event ? event.missing : []));
    await expect.poll(() => [...missing()].sort(), SLOW).toEqual(['kvm0', 'kvm1']);
  });
});
