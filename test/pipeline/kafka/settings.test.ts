import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { clientSettings } from '../../../pipeline/kafka/settings.ts';
import { configured } from './fixtures.ts';

const scratch = mkdtempSync(join(tmpdir(), 'kafka-settings-'));
const secretFile = join(scratch, 'secret');
writeFileSync(secretFile, ' s3cret with spaces \n');
const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) => join(scratch, name)) as [string, string, string];
for (const file of [ca, cert, key]) writeFileSync(file, 'PEM');
afterAll(() => rmSync(scratch, { recursive: true }));

describe('the words become librdkafka properties', () => {
  test.each([
    [{}, { 'security.protocol': 'plaintext' }],
    [{ tls: true }, { 'security.protocol': 'ssl' }],
    [
      { sasl: { mechanism: 'PLAIN', username: 'u', password: 'p' } },
      { 'security.protocol': 'sasl_plaintext', 'sasl.mechanisms': 'PLAIN', 'sasl.username': 'u', 'sasl.password': 'p' },
    ],
    [
      { tls: { caFile: ca, certFile: cert, keyFile: key }, sasl: { mechanism: 'GSSAPI' } },
      {
        'security.protocol': 'sasl_ssl',
        'ssl.ca.location': ca,
        'ssl.certificate.location': cert,
        'ssl.key.location': key,
        'sasl.mechanisms': 'GSSAPI',
      },
    ],
    [{ tls: { verify: false } }, { 'enable.ssl.certificate.verification': false }],
    [{ librdkafka: { 'socket.timeout.ms': 5, 'client.id': 'x' } }, { 'socket.timeout.ms': 5, 'client.id': 'x' }],
  ])('%j', async (words, properties) => {
    expect((await clientSettings(configured(words))).settings).toMatchObject(properties);
  });

  test('certificates are verified unless that is switched off', async () => {
    const { settings } = await clientSettings(configured({ tls: { caFile: ca } }));
    expect(settings).not.toHaveProperty('enable.ssl.certificate.verification');
    expect(settings).not.toHaveProperty('ssl.endpoint.identification.algorithm');
  });

  test('a secret comes from its file, but for the line end as it is', async () => {
    const sasl = { mechanism: 'PLAIN', username: 'u', passwordFile: secretFile };
    const tls = { certFile: cert, keyFile: key, keyPasswordFile: secretFile };
    expect((await clientSettings(configured({ sasl, tls }))).settings).toMatchObject({
      'sasl.password': ' s3cret with spaces ',
      'ssl.key.password': ' s3cret with spaces ',
    });
  });

  test('a token is not a password', async () => {
    const { settings, token } = await clientSettings(configured({ sasl: { mechanism: 'OAUTHBEARER', password: 't' } }));
    expect(token).toBe('t');
    expect(settings).not.toHaveProperty('sasl.password');
  });

  test('a file that cannot be read is named, with its word', async () => {
    await expect(clientSettings(configured({ tls: { caFile: join(scratch, 'absent') } }))).rejects.toThrow(
      `kafka.tls.caFile: cannot read ${join(scratch, 'absent')}: there is no such file`,
    );
    const sasl = { mechanism: 'PLAIN', username: 'u', passwordFile: join(scratch, 'absent') };
    await expect(clientSettings(configured({ sasl }))).rejects.toThrow(
      `kafka.sasl.passwordFile: cannot read ${join(scratch, 'absent')}: there is no such file; check the path`,
    );
  });
});
