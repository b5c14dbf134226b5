import { describe, expect, test } from 'vitest';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { openCluster } from '../../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../../pipeline/kafka/consumer.ts';
import { available } from '../../services/service.ts';
import { configured, listening, owner, unique } from './fixtures.ts';

const { context, events } = listening();
const PARTITIONS = 4;
/** Far less than the 45 s in which a member that died without leaving is missed. */
const WITHIN_MS = 20_000;

describe.skipIf(!(await available('kafka')))('a member that stops while it joins its group [kafka]', () => {
  const raw = unique('leaving');
  const member = async () => {
    const librdkafka = { 'session.timeout.ms': 45_000, 'heartbeat.interval.ms': 1000 };
    const words = { brokers: ['127.0.0.1:19092'], topics: { raw }, group: raw, librdkafka };
    const cluster = await openCluster(configured(words), context);
    await ensureTopic(cluster, { name: raw, partitions: PARTITIONS, replication: 1 });
    const consumer = await openConsumer(cluster);
    const { membership } = owner();
    consumer.join(membership);
    return consumer;
  };
  type Member = Awaited<ReturnType<typeof member>>;
  const pullFor = async (members: readonly Member[], ms: number, enough = () => false) => {
    const end = Date.now() + ms;
    while (Date.now() < end && !enough()) await Promise.all(members.map((consumer) => consumer.pull()));
  };

  test('leaves it at whatever moment, so that the others go on', { timeout: 240_000 }, async () => {
    const one = await member();
    const isAlone = () => one.owned().length === PARTITIONS;
    await pullFor([one], WITHIN_MS, isAlone);
    expect(one.owned()).toHaveLength(PARTITIONS);
    for (const afterMs of [0, 300, 700, 1200, 2000, 3000]) {
      const other = await member();
      await pullFor([one, other], afterMs);
      const closing = other.close();
      await Promise.all([closing, pullFor([one], 500)]);
      await pullFor([one], WITHIN_MS, isAlone);
      expect(one.owned(), `after ${afterMs} ms`).toHaveLength(PARTITIONS);
    }
    // Nobody is waited for who has gone.
    const last = await member();
    await pullFor([one, last], WITHIN_MS, () => last.owned().length > 0);
    expect(last.owned()).not.toHaveLength(0);
    await Promise.all([last.close(), pullFor([one], 500)]);
    await one.close();
    expect(events).toEqual([]);
  });
});
