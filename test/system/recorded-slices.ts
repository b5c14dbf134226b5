import { decodeSnapshots } from '../../avro/codec.ts';
import type { Snapshot } from '../../avro/snapshot.ts';
import { openTail } from '../../pipeline/cli/raw-tail.ts';
import { openCluster } from '../../pipeline/kafka/cluster.ts';
import { kafkaConfig } from '../../pipeline/kafka/config.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';

/** All slices that are in a raw topic by now. */
export async function recordedSlices(broker: string, raw: string): Promise<readonly Snapshot[]> {
  const config = kafkaConfig.parse({ brokers: [broker], topics: { raw }, group: `${raw}.reader` });
  const cluster = await openCluster(config, { clock: systemClock, report: () => undefined });
  try {
    const tail = await openTail(cluster, { since: 0 });
    try {
      const all: Snapshot[] = [];
      for await (const messages of tail.messages())
        for (const { value } of messages) all.push(...decodeSnapshots(value));
      return all;
    } finally {
      await tail.consumer.close();
    }
  } finally {
    await cluster.close();
  }
}
