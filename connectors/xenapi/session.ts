import { Subject } from 'rxjs';
import { type Change, EndpointError, type Session } from '../connector.ts';
import { changesBetween } from './changes.ts';
import { Client } from './client.ts';
import type { Coordinator } from './coordinator.ts';
import { Feed } from './feed.ts';
import { HostReader } from './host-reader.ts';
import { uuidBytes } from './instance.ts';
import type { Guest } from './inventory.ts';
import { findCoordinator, type LoginOptions, tlsFor } from './login.ts';
import { Poller, type PollerOptions } from './poller.ts';
import { isXapiError } from './protocol.ts';

/** Longer than XAPI may hold an `event.from`. */
const FEED_TIMEOUT_MS = 45_000;

export type SessionOptions = LoginOptions & PollerOptions;

/**
 * Logs in to a pool, reads its inventory once and follows it from then on. Rejects with EndpointError or the signal's
 * reason, logged out.
 */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  const coordinator = await findCoordinator(options, signal);
  let feedClient: Client | undefined;
  try {
    feedClient = await openFeedClient(coordinator, options);
    const changes = new Subject<Change>();
    const feed = await beginFeed(coordinator, feedClient, options, changes, signal);
    return { ...sessionOf(coordinator, feedClient, feed, options), changes };
  } catch (error) {
    await feedClient?.close();
    await coordinator.close();
    throw explain(error, options.endpoint);
  }
}

const openFeedClient = ({ client: { origin } }: Coordinator, options: SessionOptions): Promise<Client> => {
  const { clock, report, record, endpoint } = options;
  const tls = tlsFor(origin, options);
  return Client.open({ clock, report, record, endpoint, origin, tls, timeoutMs: FEED_TIMEOUT_MS });
};

async function beginFeed(
  coordinator: Coordinator,
  client: Client,
  options: SessionOptions,
  changes: Subject<Change>,
  signal: AbortSignal,
): Promise<Feed> {
  const { clock, report, endpoint, memory } = options;
  let guests: readonly Guest[] | null = null;
  const feed = new Feed({
    clock,
    report,
    endpoint,
    coordinator,
    client,
    onSync: (inventory) => {
      memory.sync(inventory, clock.monotonic(), clock.now());
      const before = guests ?? inventory.guests();
      guests = inventory.guests();
      for (const { uuid, what } of changesBetween(before, guests))
        changes.next({ uuid: uuidBytes(memory.ids.get(uuid) ?? uuid), what });
    },
  });
  await feed.begin(signal);
  signal.throwIfAborted();
  return feed;
}

function sessionOf(coordinator: Coordinator, feedClient: Client, feed: Feed, options: SessionOptions): Session {
  const reader = new HostReader(options, coordinator);
  const poller = new Poller(options, feed, reader);
  let settle: (reason: Error | undefined) => void = () => undefined;
  const closed = new Promise<Error | undefined>((resolve) => {
    settle = resolve;
  });
  feed.follow(settle);
  const end = async (): Promise<void> => {
    await feed.stop();
    await Promise.all([feedClient.close(), reader.close()]);
    await coordinator.close();
    settle(undefined);
  };
  let ending: Promise<void> | undefined;
  const close = (): Promise<void> => {
    ending ??= end();
    return ending;
  };
  return { poll: (signal, occasion) => poller.poll(signal, occasion), closed, close };
}

function explain(error: unknown, endpoint: string): unknown {
  if (!isXapiError(error, error instanceof Error ? error.message : '')) return error;
  return new EndpointError('refused', endpoint, `the pool refuses to be read: ${error.message}`, error);
}
