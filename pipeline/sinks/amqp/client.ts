import type { Clock } from '../../runtime/clock.ts';
import { DeadlineError, orAborted, within } from '../../runtime/deadline.ts';
import { SinkError } from '../sink.ts';
import { type Address, type Host, hostText } from './address.ts';
import type { AmqpConfig } from './config.ts';
import { type Encryption, encryptionOf, openConnection } from './connect.ts';
import { explained } from './error.ts';
import { createLink, type Link, Undelivered } from './link.ts';

/** A broker, or one of several, connected when needed. */
export interface Client {
  /** Connects, to the next host after the one before, unless it is connected. Rejects with a SinkError. */
  open(signal: AbortSignal): Promise<void>;
  /** Resolves when every message is confirmed and none was returned. Rejects with a SinkError; some may have arrived. */
  publish(bodies: Iterable<Buffer>, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly sink: string;
  readonly config: AmqpConfig;
  readonly address: Address;
  readonly connectionName: string;
  readonly clock: Clock;
}

/** A link and what breaks its socket. */
interface Held {
  readonly link: Link;
  readonly host: Host;
  readonly socket: AbortController;
}

const GOODBYE_MS = 1000;

export function createClient({ sink, config, address, connectionName, clock }: ClientOptions): Client {
  const timeoutMs = config.timeout / 1000;
  let held: Held | null = null;
  let encryption: Encryption | undefined;
  let turn = 0;

  async function connected(signal: AbortSignal): Promise<Held> {
    if (held && !held.link.isBroken) return held;
    letGo();
    const failures: string[] = [];
    for (let tried = 0; tried < address.hosts.length; tried++) {
      const host = address.hosts[turn++ % address.hosts.length] as Host;
      try {
        held = await connectTo(host, signal);
        return held;
      } catch (error) {
        if (signal.aborted || error instanceof SinkError) throw error;
        failures.push(`${hostText(host)}: ${explained(error)}`);
        if (failures.length === address.hosts.length) throw new SinkError(sink, failures.join('; '), error);
      }
    }
    throw new SinkError(sink, 'url names no host');
  }

  async function connectTo(host: Host, outer: AbortSignal): Promise<Held> {
    encryption ??= await encryptionOf(sink, config.tls, address.isEncrypted);
    const opening = {
      vhost: address.vhost,
      encryption,
      heartbeatUs: config.heartbeat,
      timeoutUs: config.timeout,
      connectionName,
    };
    const socket = new AbortController();
    const open = async (): Promise<Held> => {
      const connection = await openConnection(host, opening, socket.signal);
      return { link: await createLink(connection, config, clock), host, socket };
    };
    try {
      return await within(clock, timeoutMs, 'connecting', open, outer);
    } catch (error) {
      socket.abort();
      throw error;
    }
  }

  function letGo(): void {
    held?.socket.abort();
    held = null;
  }

  async function send({ link, host }: Held, bodies: Iterable<Buffer>, outer: AbortSignal): Promise<void> {
    try {
      await within(clock, timeoutMs, 'unblocking', () => link.unblocked(), outer);
      await orAborted(link.send(bodies), outer);
    } catch (error) {
      // What is under way on a blocked connection arrives once the broker takes it: another would bring it twice.
      if (link.blocked === null && !(error instanceof Undelivered)) letGo();
      if (outer.aborted) throw error;
      throw new SinkError(sink, `${hostText(host)}: ${whyNot(link, error)}`, error);
    }
  }

  function whyNot({ blocked }: Link, error: unknown): string {
    if (error instanceof Undelivered) return error.message;
    if (blocked !== null)
      return `the broker has blocked publishers (${blocked}): free its memory or disk, or let consumers catch up`;
    if (error instanceof DeadlineError)
      return `no confirmation within ${timeoutMs / 1000} s: check the broker and the network, or raise timeout`;
    const { message, cause } = error as Error;
    return cause === undefined ? `${message}: check the broker and the network` : `${message}: ${explained(cause)}`;
  }

  return {
    async open(signal) {
      await connected(signal);
    },
    async publish(bodies, signal) {
      await send(await connected(signal), bodies, signal);
    },
    async close() {
      if (held) {
        const { link } = held;
        await within(clock, GOODBYE_MS, 'closing', () => link.close()).catch(() => undefined);
      }
      letGo();
    },
  };
}
