import { expect, test } from 'vitest';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { openCluster } from '../../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../../pipeline/kafka/consumer.ts';
import { openProducer } from '../../../pipeline/kafka/producer.ts';
import { configured, listening, owner, pullUntil } from './fixtures.ts';

test('with the broker gone for good, closing still ends, gives back what is owned and tells what was not sent', async () => {
  const { context } = listening();
  const cluster = await openCluster(configured({}), context);
  const topic = cluster.config.topics.raw;
  await ensureTopic(cluster, { name: topic, partitions: 4, replication: 1 });
  const producer = await openProducer(cluster, topic);
  const consumer = await openConsumer(cluster);
  const { went, membership } = owner();
  consumer.join(membership);
  await producer.send([{ partition: 0, value: Buffer.from('x') }]);
  await pullUntil(consumer, (all) => all.length > 0);

  await cluster.close();
  const message = { partition: 1, value: Buffer.from('never') };
  const sent = producer.send([message]).catch((error: unknown) => error);
  const before = context.clock.monotonic();
  await Promise.all([consumer.close(2000), producer.close(1000)]);
  await consumer.close();
  expect(context.clock.monotonic() - before).toBeLessThan(10_000_000);
  expect(went).toEqual([[0, 1, 2, 3]]);
  expect(await sent).toMatchObject({ name: 'DeliveryError', undelivered: [message], refused: [] });
  expect(await consumer.pull()).toEqual([]);
});
