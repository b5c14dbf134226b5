import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { channelBindings } from '../../../connectors/hyperv/channel-bindings.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hyperv-bindings-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** A certificate of openssl's, in DER. */
function certificate(...words: readonly string[]): Buffer {
  const [key, file] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const about = ['-x509', '-nodes', '-days', '1', '-subj', '/CN=hv1', '-keyout', key, '-out', file];
  execFileSync('openssl', ['req', ...about, ...words], { stdio: 'ignore' });
  return new X509Certificate(readFileSync(file)).raw;
}

const RSA = ['-newkey', 'rsa:2048'];
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
const PSS = [...RSA, '-sigopt', 'rsa_padding_mode:pss'];

describe('tls-server-end-point', () => {
  it.each([
    ['RSA with SHA-256', [...RSA, '-sha256'], 'sha256'],
    ['RSA with SHA-384', [...RSA, '-sha384'], 'sha384'],
    ['RSA with SHA-512', [...RSA, '-sha512'], 'sha512'],
    ['RSA with SHA-1, which is too weak', [...RSA, '-sha1'], 'sha256'],
    ['ECDSA with SHA-256', [...EC, '-sha256'], 'sha256'],
    ['ECDSA with SHA-384', [...EC, '-sha384'], 'sha384'],
    ['RSASSA-PSS with SHA-256', [...PSS, '-sha256'], 'sha256'],
    ['RSASSA-PSS with SHA-512', [...PSS, '-sha512'], 'sha512'],
  ])('%s', (_, words, hash) => {
    const der = certificate(...words);
    const data = Buffer.concat([Buffer.from('tls-server-end-point:'), createHash(hash).update(der).digest()]);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(data.length);
    const expected = createHash('md5')
      .update(Buffer.concat([Buffer.alloc(16), length, data]))
      .digest();
    expect(channelBindings(der)).toEqual(expected);
  });

  it('has none where the signature is over no hash, or for what is no certificate', () => {
    expect(channelBindings(certificate('-newkey', 'ed25519'))).toBeNull();
    const der = certificate(...EC);
    for (let length = 0; length < der.length; length += 7)
      expect(() => channelBindings(der.subarray(0, length))).not.toThrow();
    expect(channelBindings(Buffer.alloc(40, 0x30))).toBeNull();
  });
});
