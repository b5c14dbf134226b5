import { describe, expect, test } from 'vitest';
import { plainReason, remedyFor } from '../../../pipeline/kafka/kafka-error.ts';

// Lines that librdkafka 2.12 logs, and what is made of them.
test.each([
  [
    '[thrd:127.0.0.1:19999/bootstrap]: 127.0.0.1:19999/bootstrap: Connect to ipv4#127.0.0.1:19999 failed: Connection refused (after 0ms in state CONNECT, 1 identical error(s) suppressed)',
    '127.0.0.1:19999: Connect to ipv4#127.0.0.1:19999 failed: Connection refused',
    'check kafka.brokers and that the brokers run',
  ],
  [
    "[thrd:nohost.invalid:19092/bootstrap]: nohost.invalid:19092/bootstrap: Failed to resolve 'nohost.invalid:19092': Name or service not known (after 0ms in state CONNECT)",
    "nohost.invalid:19092: Failed to resolve 'nohost.invalid:19092': Name or service not known",
    'check the host names in kafka.brokers',
  ],
  [
    '[thrd:sasl_ssl://localhost:19095/bootstrap]: sasl_ssl://localhost:19095/bootstrap: SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256 (after 335ms in state AUTH_REQ)',
    'sasl_ssl://localhost:19095: SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256',
    'check kafka.sasl: mechanism, username and password',
  ],
])('%s', (line, reason, remedy) => {
  expect(plainReason(line)).toBe(reason);
  expect(remedyFor(reason)).toBe(remedy);
});

describe('a reason nobody knows', () => {
  test('has no remedy', () => {
    expect(remedyFor('something new')).toBeUndefined();
  });
});
