import type { KafkaConfig } from './config.ts';
import { KafkaError } from './kafka-error.ts';

type Compression = Exclude<KafkaConfig['compression'], undefined>;

/** What to install before the client is built, by the feature that is missing. */
const PACKAGES: Readonly<Record<string, string>> = {
  zstd: 'libzstd-dev',
  sasl_gssapi: 'libsasl2-dev',
  ssl: 'libssl-dev',
  sasl_scram: 'libssl-dev',
  sasl_oauthbearer: 'libssl-dev',
};

/** The compression to produce with: the configured one, else zstd where the client has it, else lz4. */
export const compressionFor = (config: KafkaConfig, features: readonly string[]): Compression =>
  config.compression ?? (features.includes('zstd') ? 'zstd' : 'lz4');

/** Throws a KafkaError naming every feature that the configuration asks for and this build of librdkafka lacks. */
export function assertFeatures(config: KafkaConfig, features: readonly string[]): void {
  const missing = neededBy(config).filter((feature) => !features.includes(feature));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((feature) => PACKAGES[feature] ?? feature))].join(', ');
  throw new KafkaError(
    `the Kafka client was built without ${missing.join(', ')}: install ${packages} and rebuild it (npm rebuild node-rdkafka), or configure kafka without`,
  );
}

function neededBy(config: KafkaConfig): readonly string[] {
  const needed: string[] = [];
  const compression = config.compression;
  if (compression !== undefined && compression !== 'none') needed.push(compression);
  if (config.tls !== false) needed.push('ssl');
  const mechanism = config.sasl?.mechanism;
  if (mechanism === 'GSSAPI') needed.push('sasl_gssapi');
  if (mechanism === 'PLAIN') needed.push('sasl_plain');
  if (mechanism === 'OAUTHBEARER') needed.push('sasl_oauthbearer');
  if (mechanism?.startsWith('SCRAM')) needed.push('sasl_scram');
  return needed;
}
