import { describe, expect, test } from 'vitest';
import { assertFeatures, compressionFor } from '../../../pipeline/kafka/features.ts';
import { configured } from './fixtures.ts';

const FULL = ['ssl', 'zstd', 'lz4', 'sasl_plain', 'sasl_scram', 'sasl_gssapi', 'sasl_oauthbearer'];

describe('the features of the client', () => {
  test.each([
    [{}, FULL, 'zstd'],
    [{}, ['lz4'], 'lz4'],
    [{ compression: 'none' }, FULL, 'none'],
  ])('%j with %j compresses by %s', (words, features, compression) => {
    expect(compressionFor(configured(words), features)).toBe(compression);
  });

  test.each([
    [{ compression: 'zstd' }, 'zstd', 'libzstd-dev'],
    [{ sasl: { mechanism: 'GSSAPI' } }, 'sasl_gssapi', 'libsasl2-dev'],
    [{ tls: true }, 'ssl', 'libssl-dev'],
    [{ sasl: { mechanism: 'SCRAM-SHA-256', username: 'u', password: 'p' } }, 'sasl_scram', 'libssl-dev'],
  ])('%j without %s says to install %s', (words, feature, packages) => {
    const without = FULL.filter((one) => one !== feature);
    expect(() => assertFeatures(configured(words), without)).toThrow(
      new RegExp(`built without ${feature}: install ${packages}`),
    );
    expect(() => assertFeatures(configured(words), FULL)).not.toThrow();
  });

  test('nothing is missed that is not asked for', () => {
    expect(() => assertFeatures(configured({}), [])).not.toThrow();
  });
});
