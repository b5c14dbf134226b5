import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const REALM = 'EXAMPLE.ORG';

/** MIT's Kerberos on loopback, with a realm of its own that dies with it. */
export interface Kdc {
  /** For whatever is to use it: KRB5_CONFIG and the like. */
  readonly env: Readonly<Record<string, string>>;
  /** A file in the realm's folder. */
  path(name: string): string;
  /** Adds a principal with a random key, which goes to a keytab. */
  add(principal: string, keytab: string, ...words: readonly string[]): void;
  /** Tickets of a keytab's first principal, in a file. */
  kinit(principal: string, keytab: string, ccache: string, ...words: readonly string[]): void;
  /** Ends it; its realm stays until `close`. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export async function startKdc(): Promise<Kdc> {
  const dir = mkdtempSync(join(tmpdir(), 'hypermeter-kdc-'));
  const path = (name: string): string => join(dir, name);
  const port = await freePort();
  mkdirSync(path('db'));
  writeFileSync(path('krb5.conf'), krb5Conf(port));
  writeFileSync(path('kdc.conf'), kdcConf(port, path('db')));
  const env = { KRB5_CONFIG: path('krb5.conf'), KRB5_KDC_PROFILE: path('kdc.conf') };
  const run = (command: string, ...words: readonly string[]): void => {
    execFileSync(command, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  run('kdb5_util', '-r', REALM, 'create', '-s', '-P', 'master');
  const kdc = spawn('krb5kdc', ['-n', '-r', REALM], { env: { ...process.env, ...env }, stdio: 'ignore' });
  await ready(run, path('probe'));
  const stop = async (): Promise<void> => {
    if (kdc.exitCode !== null || kdc.signalCode !== null) return;
    kdc.kill();
    await once(kdc, 'exit');
  };
  return {
    env,
    path,
    add: (principal, keytab, ...words) => {
      run('kadmin.local', '-r', REALM, 'addprinc', '-randkey', ...words, principal);
      run('kadmin.local', '-r', REALM, 'ktadd', '-k', keytab, principal);
    },
    kinit: (principal, keytab, ccache, ...words) => run('kinit', '-k', '-t', keytab, '-c', ccache, ...words, principal),
    stop,
    close: async () => {
      await stop();
      rmSync(dir, { recursive: true });
    },
  };
}

/** It answers when somebody gets a ticket. */
async function ready(run: (command: string, ...words: string[]) => void, stem: string): Promise<void> {
  run('kadmin.local', '-r', REALM, 'addprinc', '-randkey', 'probe');
  run('kadmin.local', '-r', REALM, 'ktadd', '-k', `${stem}.keytab`, 'probe');
  for (let tries = 1; ; tries++) {
    try {
      run('kinit', '-k', '-t', `${stem}.keytab`, '-c', `${stem}.ccache`, 'probe');
      return;
    } catch (error) {
      if (tries === 50) throw error;
      await delay(100);
    }
  }
}

const krb5Conf = (port: number): string => `[libdefaults]
  default_realm = ${REALM}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  ${REALM} = {
    kdc = 127.0.0.1:${port}
  }
[domain_realm]
  localhost = ${REALM}
`;

const kdcConf = (port: number, folder: string): string => `[kdcdefaults]
  kdc_listen = 127.0.0.1:${port}
  kdc_tcp_listen = 127.0.0.1:${port}
[realms]
  ${REALM} = {
    database_name = ${folder}/principal
    key_stash_file = ${folder}/stash
    acl_file = ${folder}/kadm5.acl
    max_life = 10h
    supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal aes256-cts-hmac-sha384-192:normal
  }
[logging]
  kdc = FILE:${folder}/kdc.log
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
