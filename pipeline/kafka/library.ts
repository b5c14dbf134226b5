import { rdkafka } from './native.ts';

/** The Kafka library that this program runs on: its version and what it was built with. Loads the native binding. */
export async function librdkafka(): Promise<{ readonly version: string; readonly features: readonly string[] }> {
  const { librdkafkaVersion, features } = rdkafka();
  return { version: librdkafkaVersion, features };
}
