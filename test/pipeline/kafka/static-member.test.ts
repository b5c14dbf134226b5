import { describe, expect, test } from 'vitest';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { openCluster } from '../../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../../pipeline/kafka/consumer.ts';
import { available } from '../../services/service.ts';
import { configured, listening, owner, unique } from './fixtures.ts';

const { context } = listening();
const PARTITIONS = 4;

describe.skipIf(!(await available('kafka')))('a member of a group whose name stays [kafka]', () => {
  const raw = unique('static');
  const member = async (groupInstance?: string) => {
    const librdkafka = { 'session.timeout.ms': 30_000, 'heartbeat.interval.ms': 500 };
    const words = { brokers: ['127.0.0.1:19092'], topics: { raw }, group: raw, groupInstance, librdkafka };
    const cluster = await openCluster(configured(words), context);
    await ensureTopic(cluster, { name: raw, partitions: PARTITIONS, replication: 1 });
    const consumer = await openConsumer(cluster);
    const { membership, came, went } = owner();
    consumer.join(membership);
    return { consumer, came, went };
  };
  type Member = Awaited<ReturnType<typeof member>>;
  /** Pulls with all of them until the condition holds. */
  const pullWith = async (members: readonly Member[], enough: () => boolean) => {
    while (!enough()) await Promise.all(members.map(({ consumer }) => consumer.pull()));
  };

  test('is restarted, gets its partitions back, and nobody else loses or gets any', { timeout: 90_000 }, async () => {
    const [one, other] = [await member('one'), await member('other')];
    const shared = () => [one, other].every(({ consumer }) => consumer.owned().length === PARTITIONS / 2);
    await pullWith([one, other], shared);
    const had = [...one.consumer.owned()].sort();
    const before = other.came.flat();
    await one.consumer.close();

    const again = await member('one');
    await pullWith([again, other], () => again.consumer.owned().length > 0);
    expect([...again.consumer.owned()].sort()).toEqual(had);
    expect(other.came.flat()).toEqual(before);
    expect(other.went.flat()).not.toEqual(expect.arrayContaining([...other.consumer.owned()]));
    expect(other.consumer.owned()).toHaveLength(PARTITIONS / 2);
    await again.consumer.close();
    await other.consumer.close();
  });

  test('under a name that another takes is told so', { timeout: 90_000 }, async () => {
    const one = await member('twin');
    await pullWith([one], () => one.consumer.owned().length > 0);
    const twin = await member('twin');
    const pulling = async (): Promise<never> => {
      for (;;) await Promise.all([one.consumer.pull(), twin.consumer.pull()]);
    };
    // Under load the pull may fail before the library has said why.
    await expect(pulling()).rejects.toThrow(/instance|fenced|fatal/i);
    await twin.consumer.close();
    await one.consumer.close();
  });
});
