import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { type Cluster, openCluster } from '../../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../../pipeline/kafka/consumer.ts';
import { KafkaError } from '../../../pipeline/kafka/kafka-error.ts';
import { openProducer } from '../../../pipeline/kafka/producer.ts';
import { available } from '../../services/service.ts';
import { configured, listening, owner, pullUntil, unique } from './fixtures.ts';

const services = process.env.SVC_RUN ?? `${process.env.TMPDIR ?? '/tmp'}/hypermeter-services`;
const certificates = process.env.TLS_DIR ?? `${services}/tls`;
const caFile = `${certificates}/ca.crt`;
const alice = (mechanism: string, password = 'alice-secret') => ({ mechanism, username: 'alice', password });
const { context } = listening();

const scratch = mkdtempSync(join(tmpdir(), 'kafka-security-'));
const passwordFile = join(scratch, 'password');
writeFileSync(passwordFile, 'alice-secret\n');
afterAll(() => rmSync(scratch, { recursive: true }));

async function roundTrip(cluster: Cluster): Promise<string | undefined> {
  const topic = cluster.config.topics.raw;
  await ensureTopic(cluster, { name: topic, partitions: 1, replication: 1 });
  const producer = await openProducer(cluster, topic);
  await producer.send([{ partition: 0, value: Buffer.from('in private') }]);
  await producer.close();
  const consumer = await openConsumer(cluster);
  consumer.join(owner().membership);
  const [message] = await pullUntil(consumer, (all) => all.length > 0);
  await consumer.close();
  return message?.value.toString();
}

async function failure(words: object): Promise<KafkaError> {
  const outcome = await openCluster(configured(words), { ...context, connectTimeoutMs: 2000 })
    .then((cluster) => ensureTopic(cluster, { name: 'never', partitions: 1, replication: 1 }))
    .catch((error: unknown) => error);
  if (!(outcome instanceof KafkaError)) throw new Error(`expected a KafkaError, got ${outcome}`);
  return outcome;
}

describe.skipIf(!(await available('kafka')))('a guarded Kafka cluster [kafka]', () => {
  test.each([
    [
      'TLS with a client certificate',
      19094,
      { tls: { caFile, certFile: `${certificates}/client.crt`, keyFile: `${certificates}/client.key` } },
    ],
    ['TLS without verification', 19094, { tls: { verify: false } }],
    ['SCRAM-SHA-256 in TLS', 19095, { tls: { caFile }, sasl: alice('SCRAM-SHA-256') }],
    [
      'SCRAM-SHA-512 without TLS, password from a file',
      19096,
      { sasl: { mechanism: 'SCRAM-SHA-512', username: 'alice', passwordFile } },
    ],
    ['PLAIN in TLS', 19095, { tls: { caFile }, sasl: alice('PLAIN') }],
  ])('lets in by %s', async (_, port, words) => {
    const topic = unique('guarded');
    const cluster = await openCluster(
      configured({ brokers: [`localhost:${port}`], group: topic, topics: { raw: topic }, ...words }),
      context,
    );
    expect(await roundTrip(cluster)).toBe('in private');
  });

  test.each([
    [
      'a wrong password',
      { brokers: ['localhost:19095'], tls: { caFile }, sasl: alice('SCRAM-SHA-256', 'not-the-password') },
      /cannot reach Kafka at localhost:19095: .*invalid credentials.*check kafka\.sasl/,
    ],
    [
      'an unknown CA',
      { brokers: ['localhost:19094'], tls: true },
      // librdkafka's words, or those of its TLS library.
      /cannot reach Kafka at localhost:19094: .*certificate (could not be verified|verify failed).*set kafka\.tls\.caFile/,
    ],
    [
      'TLS towards a listener without',
      { brokers: ['127.0.0.1:19092'], tls: { caFile } },
      // Which of the two librdkafka comes to know first differs.
      /cannot reach Kafka at 127\.0\.0\.1:19092: .*(remove kafka\.tls or use its TLS port|the listener may speak no TLS)/,
    ],
    [
      'no TLS towards a listener with it',
      { brokers: ['127.0.0.1:19094'] },
      /cannot reach Kafka at 127\.0\.0\.1:19094: .*the listener may expect TLS or SASL/,
    ],
    [
      'an address where nothing listens',
      { brokers: ['127.0.0.1:19999', '127.0.0.1:19998'] },
      /cannot reach Kafka at 127\.0\.0\.1:19999,127\.0\.0\.1:19998: .*127\.0\.0\.1:1999[89].*Connection refused; check kafka\.brokers/,
    ],
    [
      'a CA file that is not there',
      { brokers: ['localhost:19094'], tls: { caFile: '/nonexistent/ca.crt' } },
      /^kafka\.tls\.caFile: cannot read \/nonexistent\/ca\.crt: there is no such file; check the path$/,
    ],
  ])('says what to do about %s', async (_, words, message) => {
    const error = await failure(words);
    expect(error.message).toMatch(message);
    const everything = `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
    expect(everything).not.toMatch(/alice-secret|not-the-password/);
  });
});
