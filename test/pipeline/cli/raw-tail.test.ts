import { readdirSync, readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { openTail } from '../../../pipeline/cli/raw-tail.ts';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { openCluster } from '../../../pipeline/kafka/cluster.ts';
import { available } from '../../services/service.ts';
import { configured, listening, unique } from '../kafka/fixtures.ts';

/** librdkafka's threads of this process: each client that is open has some. */
const threads = (): number =>
  readdirSync('/proc/self/task').filter((id) => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').startsWith('rdk:');
    } catch {
      // It has ended.
      return false;
    }
  }).length;

it.skipIf(!(await available('kafka')))(
  'a tail that cannot be opened leaves no consumer behind [kafka]',
  { timeout: 60_000 },
  async () => {
    const raw = unique('tail');
    const { context } = listening();
    const cluster = await openCluster(configured({ brokers: ['127.0.0.1:19092'], topics: { raw } }), context);
    onTestFinished(() => cluster.close());
    await ensureTopic(cluster, { name: raw, partitions: 1, replication: 1 });
    await expect.poll(threads, { timeout: 20_000 }).toBe(0);
    // There is no such partition.
    await expect(openTail(cluster, { since: 0, only: () => [7] })).rejects.toThrow(raw);
    await expect.poll(threads, { timeout: 20_000 }).toBe(0);
  },
);
