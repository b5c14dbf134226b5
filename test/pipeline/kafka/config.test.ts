import { describe, expect, test } from 'vitest';
import { kafkaConfig } from '../../../pipeline/kafka/config.ts';

const faults = (words: object) =>
  (kafkaConfig.safeParse(words).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('the kafka section', () => {
  test('needs no word', () => {
    expect(kafkaConfig.parse({})).toEqual({
      brokers: 'embedded',
      topics: { raw: 'hypermeter.raw', deadLetters: 'hypermeter.dead' },
      group: 'hypermeter',
      partitions: 12,
      replication: 1,
      tls: false,
      librdkafka: {},
    });
  });

  test('keeps what is given', () => {
    const words = {
      brokers: ['kafka1:9092', '[fd00::1]:9092'],
      topics: { raw: 'site.raw' },
      tls: { caFile: 'ca.pem', certFile: 'c.pem', keyFile: 'k.pem' },
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'u', passwordFile: 'p' },
      librdkafka: { 'session.timeout.ms': 60000 },
      compression: 'lz4',
    };
    expect(kafkaConfig.parse(words)).toMatchObject({
      ...words,
      topics: { raw: 'site.raw', deadLetters: 'hypermeter.dead' },
      tls: { verify: true },
    });
  });

  test.each([
    ['a broker without port', { brokers: ['kafka1'] }],
    ['a port out of range', { brokers: ['kafka1:65536'] }],
    ['a broker with a scheme', { brokers: ['kafka://kafka1:9092'] }],
    ['no brokers', { brokers: [] }],
    ['an unknown word', { broker: 'embedded' }],
    ['a topic Kafka would refuse', { topics: { raw: 'no spaces' } }],
    ['no partitions', { partitions: 0 }],
    ['an unknown mechanism', { sasl: { mechanism: 'MD5', username: 'u', password: 'p' } }],
  ])('refuses %s', (_, words) => {
    expect(kafkaConfig.safeParse(words).success).toBe(false);
  });

  test.each([
    [{ tls: { certFile: 'c.pem' } }, 'tls: certFile and keyFile belong together'],
    [{ sasl: { mechanism: 'PLAIN', username: 'u' } }, 'sasl: PLAIN needs password or passwordFile'],
    [{ sasl: { mechanism: 'PLAIN', password: 'p' } }, 'sasl.username: PLAIN needs a username'],
    [
      { sasl: { mechanism: 'PLAIN', username: 'u', password: 'p', passwordFile: 'f' } },
      'sasl: password and passwordFile exclude each other',
    ],
    [
      { librdkafka: { 'enable.auto.commit': true } },
      'librdkafka.enable.auto.commit: cannot be set here: offsets are committed only once their meters are delivered; remove it',
    ],
    [
      { librdkafka: { 'enable.idempotence': false } },
      'librdkafka.enable.idempotence: cannot be set here: without it a retry could double or reorder raw data; remove it',
    ],
    [
      { librdkafka: { 'bootstrap.servers': 'x' } },
      'librdkafka.bootstrap.servers: cannot be set here: use kafka.brokers; remove it',
    ],
  ])('says what is wrong with %j', (words, fault) => {
    expect(faults(words)).toEqual([fault]);
  });

  test.each([{ mechanism: 'GSSAPI' }, { mechanism: 'OAUTHBEARER', password: 'token' }])(
    'asks nothing more of %j',
    (sasl) => {
      expect(faults({ sasl })).toEqual([]);
    },
  );
});
