import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const run = process.env.SVC_RUN ?? join(tmpdir(), 'hypermeter-services');

/** Where the certificates of the test servers are. */
export const tlsDirectory = process.env.TLS_DIR ?? join(run, 'tls');

/** What Redis' own client says. */
export const redisCli = (...words: readonly string[]): string =>
  execFileSync('redis-cli', ['-p', '16379', ...words], { encoding: 'utf8', timeout: 30_000 }).trim();
