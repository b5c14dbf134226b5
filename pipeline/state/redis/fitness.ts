import { Cluster } from 'ioredis';
import type { Report } from '../../runtime/events.ts';
import type { Client } from './client.ts';
import { RedisError } from './error.ts';

const LEAST_VERSION = [6, 2] as const;

/**
 * Does the server keep what it is given? Rejects with a RedisError that says what to set where it is too old or throws
 * keys away when it is full; reports where it would lose what it was given, or may not be asked.
 */
export async function checkFitness(client: Client, server: string, report: Report): Promise<void> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client];
  for (const node of nodes) {
    const version = /redis_version:(\S+)/.exec(await node.info('server'))?.[1] ?? '0';
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major < LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor < LEAST_VERSION[1]))
      throw new RedisError(`Redis at ${server} is version ${version}; ${LEAST_VERSION.join('.')} or newer is needed`);
    const settings = await settingsOf(node);
    if (settings === null) {
      report({ event: 'state.doubt', doubt: 'unchecked' });
      continue;
    }
    if (settings.get('maxmemory') !== '0' && settings.get('maxmemory-policy') !== 'noeviction')
      throw new RedisError(
        `Redis at ${server} throws keys away when it is full (maxmemory-policy ${settings.get('maxmemory-policy')}): CONFIG SET maxmemory-policy noeviction`,
      );
    if (settings.get('appendonly') !== 'yes') report({ event: 'state.doubt', doubt: 'no_append_only_file' });
  }
}

/** Null where the user may not ask. */
async function settingsOf(node: Pick<Client, 'config'>): Promise<ReadonlyMap<string, string> | null> {
  try {
    const settings = new Map<string, string>();
    for (const name of ['maxmemory', 'maxmemory-policy', 'appendonly']) {
      const [key, value] = (await node.config('GET', name)) as [string?, string?];
      if (key !== undefined && value !== undefined) settings.set(key, value);
    }
    return settings;
  } catch (error) {
    if (error instanceof Error && /NOPERM|unknown command|unknown subcommand/i.test(error.message)) return null;
    throw error;
  }
}
