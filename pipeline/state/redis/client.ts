import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { redactUrls } from '../../runtime/config/redact.ts';
import { whyUnreadable } from '../../runtime/unreadable.ts';
import type { RedisConfig } from './config.ts';
import { RedisError } from './error.ts';
import { SCRIPT_KEYS, SCRIPTS } from './scripts.ts';

/** Calls a script: its keys, then its arguments. */
export type Script = (...keysAndArguments: readonly (string | number | Buffer)[]) => Promise<unknown>;

/** A connection to one server, to the master that sentinels name, or to a cluster, with the scripts as commands. */
export type Client = (Redis | Cluster) & { readonly [name in keyof typeof SCRIPTS]: Script };

/** Longer than a large checkpoint takes. */
const SILENT_MS = 15_000;
const CONNECT_MS = 5000;

/**
 * Makes a client that is not connected yet. Nothing queues in it: a command fails at once while there is no server, and
 * is tried again by whoever gave it. A connection on which nothing is answered for `silentMs` is left. `onError` is told
 * of everything that goes wrong with the connection.
 */
export async function createClient(
  config: RedisConfig,
  onError: (error: Error) => void,
  silentMs = SILENT_MS,
): Promise<Client> {
  const options = await optionsOf(config, silentMs);
  const client = clientOf(config, options);
  client.on('error', onError);
  for (const [name, lua] of Object.entries(SCRIPTS)) {
    client.defineCommand(name, { lua, numberOfKeys: SCRIPT_KEYS[name as keyof typeof SCRIPTS] });
  }
  return client as Client;
}

/** How messages name the server, without secrets. */
export const nameOf = ({ url, sentinel, cluster }: RedisConfig): string =>
  url === undefined ? (cluster ?? sentinel?.nodes ?? []).join(', ') : redactUrls(url);

function clientOf(config: RedisConfig, options: Options): Redis | Cluster {
  if (config.url !== undefined) return new Redis(config.url, options);
  if (config.sentinel !== undefined) {
    const { master, nodes } = config.sentinel;
    const tls = options.tls === undefined ? {} : { sentinelTLS: options.tls, enableTLSForSentinelMode: true };
    return new Redis({
      ...options,
      ...tls,
      name: master,
      sentinels: nodes.map(hostOf),
      sentinelRetryStrategy: backoff,
    });
  }
  const clusterOptions = {
    redisOptions: options,
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: backoff,
    slotsRefreshTimeout: CONNECT_MS,
    // Certificates name hosts; a cluster tells addresses.
    dnsLookup: (host: string, done: (error: null, address: string) => void) => done(null, host),
  } satisfies ClusterOptions;
  return new Cluster((config.cluster ?? []).map(hostOf), clusterOptions);
}

type Options = Awaited<ReturnType<typeof optionsOf>>;

async function optionsOf({ username, password, tls, url }: RedisConfig, silentMs: number) {
  const encrypted = tls !== false || url?.startsWith('rediss:');
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    // A page of a hash asked for again on another connection would be another page.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // The one ends a command; the other the connection, which TCP alone would hold on to for a quarter of an hour.
    commandTimeout: silentMs,
    socketTimeout: silentMs,
    // The address may lead to another server by now.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    connectTimeout: CONNECT_MS,
    retryStrategy: backoff,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(encrypted && { tls: await tlsOf(tls) }),
  } satisfies RedisOptions;
}

async function tlsOf(tls: RedisConfig['tls']): Promise<ConnectionOptions> {
  if (typeof tls === 'boolean') return {};
  const { caFile, certFile, keyFile, serverName, verify } = tls;
  return {
    rejectUnauthorized: verify,
    ...(serverName !== undefined && { servername: serverName }),
    ...(caFile !== undefined && { ca: await read(caFile, 'caFile') }),
    ...(certFile !== undefined && { cert: await read(certFile, 'certFile') }),
    ...(keyFile !== undefined && { key: await read(keyFile, 'keyFile') }),
  };
}

async function read(file: string, word: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new RedisError(`state.tls.${word}: cannot read ${file}: ${whyUnreadable(cause)}`, { cause });
  }
}

/** Milliseconds before the next attempt to connect. */
const backoff = (attempt: number): number => Math.min(25 * 2 ** Math.min(attempt, 10), 5000);

function hostOf(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}
