import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A key and its certificate as PEM, and the files that they are in. */
export interface SelfSigned {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly keyFile: string;
  readonly caFile: string;
}

interface Wanted {
  /** The subject's common name, and that of the files. */
  readonly name?: string;
  /** How many addresses it is for, from 127.0.0.1 on; for localhost as well. */
  readonly hosts?: number;
  readonly digest?: string;
}

/** A self-signed certificate, in files of the directory. */
export function selfSigned(
  directory: string,
  { name = '127.0.0.1', hosts = 1, digest = 'sha256' }: Wanted = {},
): SelfSigned {
  const [keyFile, caFile] = [join(directory, `${name}.key`), join(directory, `${name}.pem`)];
  const addresses = Array.from({ length: hosts }, (_, i) => `IP:127.0.${(i + 1) >> 8}.${(i + 1) & 255}`);
  const names = ['DNS:localhost', ...addresses].join(',');
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', `-${digest}`];
  const about = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`, '-keyout', keyFile, '-out', caFile];
  execFileSync('openssl', ['req', ...kind, ...about], { stdio: 'ignore' });
  return { key: readFileSync(keyFile), cert: readFileSync(caFile), keyFile, caFile };
}
