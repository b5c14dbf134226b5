import { readFile } from 'node:fs/promises';
import { whyUnreadable } from '../runtime/unreadable.ts';
import type { KafkaConfig } from './config.ts';
import { KafkaError } from './kafka-error.ts';

/** Properties of librdkafka by name. */
export type Settings = Readonly<Record<string, string | number | boolean>>;

/** How to reach the brokers, without saying which: everything that producers and consumers share. */
export interface ClientSettings {
  readonly settings: Settings;
  /** The OAUTHBEARER token, handed to each client before it connects; else null. */
  readonly token: string | null;
}

/** Turns the `kafka:` section into librdkafka's words, reading secrets from their files. */
export async function clientSettings(config: KafkaConfig): Promise<ClientSettings> {
  const secret = await saslSecret(config);
  const token = config.sasl?.mechanism === 'OAUTHBEARER' ? (secret ?? null) : null;
  const settings = {
    'client.id': 'hypermeter',
    'socket.keepalive.enable': true,
    // Without it a connection that a firewall forgot is found only after minutes.
    'socket.timeout.ms': 30_000,
    'reconnect.backoff.max.ms': 5000,
    ...config.librdkafka,
    'security.protocol': protocol(config),
    ...(await tlsSettings(config.tls)),
    ...(config.sasl && {
      'sasl.mechanisms': config.sasl.mechanism,
      ...(config.sasl.username !== undefined && { 'sasl.username': config.sasl.username }),
      ...(secret !== undefined && token === null && { 'sasl.password': secret }),
    }),
  };
  return { settings, token };
}

function protocol(config: KafkaConfig): string {
  if (config.sasl) return config.tls === false ? 'sasl_plaintext' : 'sasl_ssl';
  return config.tls === false ? 'plaintext' : 'ssl';
}

async function tlsSettings(tls: KafkaConfig['tls']): Promise<Settings> {
  if (typeof tls === 'boolean') return {};
  return {
    ...(tls.caFile !== undefined && { 'ssl.ca.location': await readable(tls.caFile, 'kafka.tls.caFile') }),
    ...(tls.certFile !== undefined && {
      'ssl.certificate.location': await readable(tls.certFile, 'kafka.tls.certFile'),
    }),
    ...(tls.keyFile !== undefined && { 'ssl.key.location': await readable(tls.keyFile, 'kafka.tls.keyFile') }),
    ...(tls.keyPasswordFile !== undefined && {
      'ssl.key.password': await readSecret(tls.keyPasswordFile, 'kafka.tls.keyPasswordFile'),
    }),
    ...(!tls.verify && {
      'enable.ssl.certificate.verification': false,
      'ssl.endpoint.identification.algorithm': 'none',
    }),
  };
}

async function saslSecret(config: KafkaConfig): Promise<string | undefined> {
  const sasl = config.sasl;
  return sasl?.passwordFile === undefined
    ? sasl?.password
    : await readSecret(sasl.passwordFile, 'kafka.sasl.passwordFile');
}

/** librdkafka reads the file itself, and would say no more than that it could not. */
async function readable(file: string, word: string): Promise<string> {
  await readSecret(file, word);
  return file;
}

async function readSecret(file: string, word: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new KafkaError(`${word}: cannot read ${file}: ${whyUnreadable(cause)}`, { cause });
  }
}
