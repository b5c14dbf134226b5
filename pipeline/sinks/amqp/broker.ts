import type { Server } from '../../amqp/url.ts';
import type { Clock } from '../../runtime/clock.ts';
import { orAborted, within } from '../../runtime/deadline.ts';
import { SinkError } from '../sink.ts';
import type { Link } from './client.ts';
import { explained } from './explain.ts';

export interface BrokerOptions {
  readonly sink: string;
  readonly servers: readonly Server[];
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly open: (server: Server) => Promise<Link>;
}

/** Whichever of the servers answers. */
export interface Broker {
  /** The present connection, or a new one: every server is tried once, first the one after the last. Rejects with a SinkError. */
  link(signal: AbortSignal): Promise<Link>;
  /** Safe to call twice. */
  close(): Promise<void>;
}

export function createBroker(options: BrokerOptions): Broker {
  const { sink, servers, clock, connectTimeoutMs, open } = options;
  let current: Link | null = null;
  let opening: Promise<Link> | null = null;
  let next = 0;
  let closed = false;

  /** A connection that comes too late is let go. */
  function openInTime(server: Server): Promise<Link> {
    const link = open(server);
    return within(clock, connectTimeoutMs, 'connecting', () => link).catch((error: unknown) => {
      link.then(
        (late) => late.close(),
        () => undefined,
      );
      throw error;
    });
  }

  async function openAny(): Promise<Link> {
    const failures: string[] = [];
    let cause: unknown;
    for (let tried = 0; tried < servers.length; tried++) {
      const server = servers[next++ % servers.length];
      if (server === undefined || closed) break;
      try {
        const link = await openInTime(server);
        next--;
        // Kept here, since who asked for it may have given up.
        current = link;
        if (!closed) return link;
        await link.close();
      } catch (error) {
        cause = error;
        failures.push(`${server.host}:${server.port}, virtual host ${server.vhost}: ${explained(error)}`);
      }
    }
    throw new SinkError(sink, failures.length === 0 ? 'it is closed' : `no broker: ${failures.join('. ')}`, cause);
  }

  return {
    async link(signal) {
      signal.throwIfAborted();
      if (current !== null && !current.lost) return current;
      if (current !== null) next++;
      current = null;
      opening ??= openAny().finally(() => {
        opening = null;
      });
      return await orAborted(opening, signal);
    },
    async close() {
      closed = true;
      // What is being opened closes itself.
      await opening?.catch(() => undefined);
      await current?.close();
    },
  };
}
