import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';
import type { Client } from './client.ts';
import {
  EMPTY_ARGUMENTS,
  ERRORS,
  encodeEventRegistration,
  encodeInt,
  encodeNodeCpuQuery,
  encodeOpen,
  KEEPALIVE_FEATURE,
} from './procedures.ts';
import { decodeAuthList, decodeInt, decodeNodeCpuStats, decodeNodeCpus, decodeString, RemoteError } from './replies.ts';
import { isRemoteError, reply } from './reply.ts';

/** Lifecycle, reboot, device removed, device added, metadata changed: what may change a domain's XML. */
const EVENTS = [0, 1, 15, 19, 23];

/** What a connection tells once, at its start. */
export interface Host {
  readonly name: string | null;
  /** Microseconds; see `bootTime`. */
  readonly bootedAt: number | null;
  /** The daemon answers pings. */
  readonly keepsAlive: boolean;
  /** Ids of the registered event callbacks, as the daemon gave them and takes them back. */
  readonly callbacks: readonly Buffer[];
}

/**
 * Authenticates, opens the driver for reading only and asks what is asked once. The order is the daemon's: the list
 * of ways to authenticate first, keepalive before the open. Rejects with EndpointError.
 */
export async function login(
  client: Client,
  endpoint: string,
  driver: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Host> {
  try {
    await authenticate(client, endpoint, signal);
    const feature = client.call('CONNECT_SUPPORTS_FEATURE', encodeInt(KEEPALIVE_FEATURE), signal);
    const keepsAlive = await optional(reply(endpoint, feature, decodeInt), 0);
    await client.call('CONNECT_OPEN', encodeOpen(driver, true), signal);
    const hostname = client.call('CONNECT_GET_HOSTNAME', EMPTY_ARGUMENTS, signal);
    const name = await optional(reply(endpoint, hostname, decodeString), null);
    const bootedAt = await optional(bootTime(client, endpoint, clock, signal), null);
    const callbacks: Buffer[] = [];
    for (const event of EVENTS) {
      const registered = client.call(
        'CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY',
        encodeEventRegistration(event),
        signal,
      );
      const callback = await optional(registered, null); // without it the slow refresh finds the change
      if (callback) callbacks.push(callback);
    }
    return { name, bootedAt, keepsAlive: keepsAlive === 1, callbacks };
  } catch (error) {
    throw error instanceof RemoteError ? refusal(endpoint, driver, error) : error;
  }
}

async function authenticate(client: Client, endpoint: string, signal: AbortSignal): Promise<void> {
  const ways = await reply(endpoint, client.call('AUTH_LIST', EMPTY_ARGUMENTS, signal), decodeAuthList);
  if (ways.length === 0 || ways.includes('none')) return;
  if (ways.includes('polkit')) {
    await client.call('AUTH_POLKIT', EMPTY_ARGUMENTS, signal);
    return;
  }
  const remedy = 'use TLS client certificates (auth_tls = "none"), ssh or the read-only unix socket';
  throw new EndpointError(
    'refused',
    endpoint,
    `the daemon wants authentication by SASL, which is not spoken: ${remedy}`,
  );
}

/**
 * When the host booted, in microseconds, or null. libvirt does not tell; but the host's CPU times since boot (user,
 * kernel, idle, iowait; ns over all CPUs) divided by its CPUs are its uptime, but for stolen time (zero on real
 * hardware) and CPUs taken offline: seconds on real hardware, up to a percent of the uptime where it is virtual.
 */
async function bootTime(client: Client, endpoint: string, clock: Clock, signal: AbortSignal): Promise<number | null> {
  const cpus = await reply(endpoint, client.call('NODE_GET_INFO', EMPTY_ARGUMENTS, signal), decodeNodeCpus);
  const ask = (kinds: number) =>
    reply(endpoint, client.call('NODE_GET_CPU_STATS', encodeNodeCpuQuery(kinds), signal), decodeNodeCpuStats);
  const { times } = await ask((await ask(0)).kinds);
  const parts = ['kernel', 'user', 'idle', 'iowait'].map((kind) => times.get(kind));
  const totalNs = parts.reduce((sum, part) => (sum === undefined || part === undefined ? undefined : sum + part), 0n);
  if (totalNs === undefined || totalNs === 0n || cpus < 1) return null;
  return clock.now() - Number(totalNs / BigInt(cpus) / 1000n);
}

/** A question whose answer the connection can do without: what the daemon refuses is `instead`. */
async function optional<T>(answer: Promise<T>, instead: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RemoteError) return instead;
    throw error;
  }
}

function refusal(endpoint: string, driver: string, error: RemoteError): EndpointError {
  if (isRemoteError(error, ERRORS.noConnect) || isRemoteError(error, ERRORS.noSupport))
    return new EndpointError(
      'unsupported',
      endpoint,
      `the daemon has no driver for ${driver}: ${error.message}`,
      error,
    );
  return new EndpointError('refused', endpoint, `the daemon refuses ${driver}: ${error.message}`, error);
}
