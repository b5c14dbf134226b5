import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from './listener.ts';

/** A self-signed certificate, as hosts have it by default, of the first so many addresses of a pool; its files stay in the directory. */
export function selfSigned(directory: string, hosts = 4): Certificate & { readonly caFile: string } {
  const [caFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const names = Array.from({ length: hosts }, (_, i) => `IP:127.0.${(i + 1) >> 8}.${(i + 1) & 255}`);
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', keyFile, '-out', caFile];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', `subjectAltName=${names.join(',')}`];
  execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' });
  return { key: readFileSync(keyFile), cert: readFileSync(caFile), caFile };
}
