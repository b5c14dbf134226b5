import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { openCluster } from '../../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../../pipeline/kafka/consumer.ts';
import { openProducer } from '../../../pipeline/kafka/producer.ts';
import { available } from '../../services/service.ts';
import { configured, listening, owner, pullUntil } from './fixtures.ts';

/** A broker of this file's own, as the shared one serves others: its first port. */
const PORT = 19292;
const directory = mkdtempSync(join(tmpdir(), 'kafka-restart-'));
const script = new URL('../../services/start-kafka.sh', import.meta.url).pathname;
const start = () =>
  execFileSync(script, {
    env: { ...process.env, KAFKA_DIR: directory, KAFKA_PORT: String(PORT), KAFKA_HEAP: '256m' },
    stdio: 'ignore',
    timeout: 100_000,
  });
const pid = () => Number(readFileSync(join(directory, 'pid'), 'utf8'));
const { events, context } = listening();

function alive(process_: number): boolean {
  try {
    return process.kill(process_, 0);
  } catch {
    return false;
  }
}

async function kill(): Promise<void> {
  const broker = pid();
  process.kill(broker, 'SIGKILL');
  while (alive(broker)) await context.clock.sleep(20);
}

describe.skipIf(!(await available('kafka')))('a broker that dies [kafka]', () => {
  beforeAll(start);
  afterAll(async () => {
    await kill();
    rmSync(directory, { recursive: true });
  });

  test('and comes back costs the producer nothing and the consumer a pause', async () => {
    const cluster = await openCluster(configured({ brokers: [`127.0.0.1:${PORT}`] }), context);
    const topic = cluster.config.topics.raw;
    await ensureTopic(cluster, { name: topic, partitions: 4, replication: 1 });
    const producer = await openProducer(cluster, topic);
    const consumer = await openConsumer(cluster);
    consumer.join(owner().membership);
    let sent = 0;
    const send = () => producer.send([{ partition: sent % 4, value: Buffer.from(String(sent++)) }]);

    for (let message = 0; message < 100; message++) await send();
    const before = await pullUntil(consumer, (all) => all.length >= 100);
    await kill();
    const during = Array.from({ length: 100 }, send);
    start();
    await Promise.all(during);
    for (let message = 0; message < 100; message++) await send();
    const after = await pullUntil(consumer, (all) => before.length + all.length >= 300);

    const numbers = [...before, ...after].map(({ value }) => Number(value.toString()));
    expect(numbers.sort((a, b) => a - b)).toEqual([...Array(300).keys()]);
    expect(
      events.some((event) => event.event === 'kafka.trouble' && /127\.0\.0\.1:19292/.test(event.error.message)),
    ).toBe(true);
    await consumer.close();
    await producer.close();
  }, 60_000);
});
