import { createRequire } from 'node:module';
import type Rdkafka from 'node-rdkafka';
import { KafkaError } from './kafka-error.ts';

const load = createRequire(import.meta.url);

/**
 * The native Kafka client, loaded when it is first needed: commands without Kafka start faster, and work where it was not
 * built. Throws a KafkaError that says what to install.
 */
export function rdkafka(): typeof Rdkafka {
  try {
    return load('node-rdkafka') as typeof Rdkafka;
  } catch (error) {
    const [reason = ''] = String(error instanceof Error ? error.message : error).split('\n');
    throw new KafkaError(`the Kafka client cannot be loaded: ${reason}; ${BUILD}`, { cause: error });
  }
}

const BUILD =
  'install python3 make g++ libssl-dev zlib1g-dev libzstd-dev libsasl2-dev (as Debian calls them), then run: npm rebuild node-rdkafka';
