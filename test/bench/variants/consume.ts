import { openCluster } from '../../../pipeline/kafka/cluster.ts';
import { kafkaConfig } from '../../../pipeline/kafka/config.ts';
import { openConsumer } from '../../../pipeline/kafka/consumer.ts';
import { createChain, type Stage } from '../chain.ts';
import { answer, cpuNs, given } from '../measure.ts';
import { silent, type Topic } from '../topics.ts';

/** Reads topics one after the other through the chain. Costs are of those after the first `warmUp`. */
export interface ConsumeArgs {
  readonly brokers: string;
  readonly partitions: number;
  readonly topics: readonly Topic[];
  readonly warmUp: number;
  readonly stage: Stage;
}

export interface ConsumeAnswer {
  readonly cpuNs: number;
  readonly bytes: number;
  readonly readings: number;
  readonly windows: number;
  readonly maxRssMb: number;
}

const MOST_EMPTY_PULLS = 1000;

const { brokers, partitions, topics, warmUp, stage } = given<ConsumeArgs>();

async function consume(): Promise<ConsumeAnswer> {
  const config = kafkaConfig.parse({ brokers: brokers.split(','), group: `hypermeter.bench.${process.pid}` });
  const cluster = await openCluster(config, silent);
  const chain = createChain(stage);
  let spentNs = 0;
  let bytes = 0;
  let readings = 0;
  for (const [index, topic] of topics.entries()) {
    const consumer = await openConsumer(cluster, topic.name);
    const before = chain.seen.readings;
    const since = cpuNs();
    consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ partition, offset: 0 })));
    let left = topic.messages;
    for (let empty = 0; left > 0; ) {
      const messages = await consumer.pull();
      empty = messages.length === 0 ? empty + 1 : 0;
      if (empty > MOST_EMPTY_PULLS) throw new Error(`${left} messages of ${topic.name} are missing`);
      for (const { value, timestampUs } of messages) {
        left--;
        chain.take(value, timestampUs);
        if (index >= warmUp) bytes += value.length;
      }
    }
    if (index >= warmUp) {
      spentNs += cpuNs() - since;
      readings += chain.seen.readings - before;
    }
    await consumer.close();
  }
  await cluster.close();
  return {
    cpuNs: spentNs,
    bytes,
    readings,
    windows: chain.seen.windows,
    maxRssMb: process.resourceUsage().maxRSS / 1024,
  };
}

answer(await consume());
