import { type Cluster, openCluster } from '../kafka/cluster.ts';
import type { KafkaConfig } from '../kafka/config.ts';
import type { Clock } from '../runtime/clock.ts';
import { CommandFailure, EXIT } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** What to do instead, where there is no other way. */
export const OTHER_CONFIG = 'give the configuration of a cluster with -c';

/**
 * Connects to the cluster of a configuration for a command that only reads, and closes it whatever happens. There is no
 * log: what Kafka's client has to say goes to standard error. `instead`: what to do where there is no broker to ask.
 * Rejects with a KafkaError, or a CommandFailure where the broker is embedded in another process.
 */
export async function withCluster<T>(
  kafka: KafkaConfig,
  instead: string,
  { stderr }: Terminal,
  clock: Clock,
  body: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  if (kafka.brokers === 'embedded')
    throw new CommandFailure(
      EXIT.usage,
      `error: an embedded broker lives in another process: name its address with --set 'kafka.brokers=[127.0.0.1:PORT]', which its log tells at the start, or ${instead}`,
    );
  const cluster = await openCluster(kafka, {
    clock,
    report: (event) => {
      if (event.event === 'kafka.trouble') stderr.write(`${event.error.message}\n`);
    },
  });
  try {
    return await body(cluster);
  } finally {
    await cluster.close();
  }
}
