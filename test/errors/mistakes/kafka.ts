import { CHECK, type Mistake, type Place, type Section } from '../mistake.ts';

const CA =
  'set kafka.tls.caFile to the CA that signed the brokers’ certificate; if it is, that has expired or names another host';

/** `kafka:` with what follows; a check of it fails. */
const kafka = (
  title: string,
  words: string | ((place: Place) => string | Promise<string>),
  at: string,
  why: string,
  remedy: string,
): Mistake => ({
  title,
  needs: ['kafka'],
  yaml: async (place) => `kafka: ${typeof words === 'string' ? words : await words(place)}`,
  words: CHECK,
  code: 69,
  told: `✗ kafka ${at}: cannot reach Kafka at ${at}: ${why}; ${remedy}`,
  where: `Kafka at ${at}`,
  remedy,
});

export const KAFKA: Section = {
  title: 'Kafka',
  about: 'As `hypermeter check` tells it; a program that starts says the same, and ends with 69.',
  mistakes: [
    kafka(
      'Nobody listens there',
      '{ brokers: ["127.0.0.1:1"] }',
      '127.0.0.1:1',
      '127.0.0.1:1: Connect to ipv4#127.0.0.1:1 failed: Connection refused',
      'check kafka.brokers and that the brokers run',
    ),
    kafka(
      'A host that is none',
      '{ brokers: ["kafka1.invalid:9092"] }',
      'kafka1.invalid:9092',
      "kafka1.invalid:9092: Failed to resolve 'kafka1.invalid:9092': …",
      'check the host names in kafka.brokers',
    ),
    kafka(
      'TLS to a port without',
      '{ brokers: ["127.0.0.1:19092"], tls: true }',
      '127.0.0.1:19092',
      'ssl://127.0.0.1:19092: SSL handshake failed: Disconnected: …connecting to a PLAINTEXT broker listener?',
      'the listener speaks no TLS: remove kafka.tls or use its TLS port',
    ),
    kafka(
      'No TLS to a port with it',
      '{ brokers: ["127.0.0.1:19094"] }',
      '127.0.0.1:19094',
      '127.0.0.1:19094: Disconnected: …',
      'the listener may expect TLS or SASL: check kafka.tls and kafka.sasl',
    ),
    kafka(
      'A CA that is not known',
      '{ brokers: ["localhost:19094"], tls: true }',
      'localhost:19094',
      'ssl://localhost:19094: …certificate verify failed…',
      CA,
    ),
    kafka(
      'A certificate that has expired',
      async ({ tls, tlsServer }) =>
        `{ brokers: ["localhost:${await tlsServer('expired')}"], tls: { caFile: ${tls}/ca.crt } }`,
      'localhost:PORT',
      'ssl://localhost:PORT: …certificate verify failed…',
      CA,
    ),
    kafka(
      'A certificate for another name',
      async ({ tls, tlsServer }) =>
        `{ brokers: ["localhost:${await tlsServer('another name')}"], tls: { caFile: ${tls}/ca.crt } }`,
      'localhost:PORT',
      'ssl://localhost:PORT: …certificate verify failed…',
      CA,
    ),
    {
      ...kafka(
        'A file of a certificate that is not there',
        '{ brokers: ["localhost:19094"], tls: { caFile: /nowhere/ca.pem } }',
        'localhost:19094',
        '',
        'check the path',
      ),
      told: '✗ kafka localhost:19094: kafka.tls.caFile: cannot read /nowhere/ca.pem: there is no such file; check the path',
      where: 'kafka.tls.caFile: cannot read /nowhere/ca.pem',
    },
    kafka(
      'A wrong password',
      ({ tls }) =>
        `{ brokers: ["localhost:19095"], tls: { caFile: ${tls}/ca.crt }, sasl: { mechanism: SCRAM-SHA-256, username: alice, password: hunter2 } }`,
      'localhost:19095',
      'sasl_ssl://localhost:19095: SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256',
      'check kafka.sasl: mechanism, username and password',
    ),
    kafka(
      'No SASL where it is wanted',
      '{ brokers: ["127.0.0.1:19096"] }',
      '127.0.0.1:19096',
      '127.0.0.1:19096: Disconnected: …',
      'the listener may expect TLS or SASL: check kafka.tls and kafka.sasl',
    ),
    kafka(
      'SASL where it is not taken',
      '{ brokers: ["127.0.0.1:19092"], sasl: { mechanism: PLAIN, username: alice, password: hunter2 } }',
      '127.0.0.1:19092',
      "sasl_plaintext://127.0.0.1:19092: SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: broker's supported mechanisms: ",
      'the listener takes no SASL: remove kafka.sasl or use its SASL port',
    ),
    kafka(
      'A mechanism that the brokers do not offer',
      '{ brokers: ["127.0.0.1:19096"], sasl: { mechanism: OAUTHBEARER, password: abc } }',
      '127.0.0.1:19096',
      "sasl_plaintext://127.0.0.1:19096: SASL OAUTHBEARER mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: …",
      'the brokers do not offer kafka.sasl.mechanism',
    ),
    kafka(
      'The port of a controller',
      '{ brokers: ["127.0.0.1:19093"] }',
      '127.0.0.1:19093',
      '…',
      'it is no listener for clients, a controller perhaps: check the port in kafka.brokers',
    ),
  ],
};
