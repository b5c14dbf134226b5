import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';
import type { Client } from './client.ts';
import { EVENT_IDS } from './events.ts';
import { type Node, readNode } from './node.ts';
import {
  EMPTY_ARGUMENTS,
  ERRORS,
  encodeEventRegistration,
  encodeInt,
  encodeOpen,
  KEEPALIVE_FEATURE,
} from './procedures.ts';
import { decodeAuthList, decodeInt, decodeString, RemoteError } from './replies.ts';
import { isRemoteError, reply } from './reply.ts';

/** What a connection tells once, at its start. */
export interface Host {
  readonly name: string | null;
  readonly node: Node;
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
    const node = await readNode(client, endpoint, clock, signal);
    const callbacks: Buffer[] = [];
    for (const event of EVENT_IDS) {
      const registered = client.call(
        'CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY',
        encodeEventRegistration(event),
        signal,
      );
      const callback = await optional(registered, null); // without it the slow refresh finds the change
      if (callback) callbacks.push(callback);
    }
    return { name, node, keepsAlive: keepsAlive === 1, callbacks };
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
      `the daemon has no driver for ${driver}: ${error.message}; check the beginning of the uri (qemu, lxc, xen), or install the driver`,
      error,
    );
  return new EndpointError('refused', endpoint, `the daemon refuses ${driver}: ${error.message}`, error);
}
