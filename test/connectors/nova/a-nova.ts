import type { Subscription } from 'rxjs';
import type { Announcement, Connector, Poll } from '../../../connectors/connector.ts';
import { novaSchema } from '../../../connectors/nova/config.ts';
import { nova } from '../../../connectors/nova/nova.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import type { Rabbit } from '../../pipeline/sinks/amqp/a-rabbit.ts';
import { enveloped } from './samples.ts';

/** A connector that is not subscribed to yet, and what it reports. */
export function aNova(settings: object, intervalMs = 60_000) {
  const events: InternalEvent[] = [];
  const announced: Announcement[] = [];
  const connector = nova.create(novaSchema.parse({ name: 'cloud', type: 'nova', ...settings }), {
    clock: systemClock,
    report: (event) => void events.push(event),
    announce: (announcement) => void announced.push(announcement),
    pace: { intervalMs, ready: () => true },
  }) as Connector;
  const outcomes = () => events.flatMap((event) => ('outcome' in event ? [event.outcome] : []));
  const lost = () => events.flatMap((event) => (event.event === 'endpoint.lost' ? [event.error.message] : []));
  const connected = () => events.filter(({ event }) => event === 'endpoint.connected').length;
  return { connector, events, announced, outcomes, lost, connected };
}

/** A connector that listens; `settle` says of each poll whether it was delivered, undefined: not yet. */
export function listening(settings: object, settle: (poll: Poll) => boolean | undefined = () => true) {
  const made = aNova(settings);
  const polls: Poll[] = [];
  const subscription: Subscription = made.connector.snapshots.subscribe((poll) => {
    polls.push(poll);
    const delivered = settle(poll);
    if (delivered !== undefined) queueMicrotask(() => poll.settled?.(delivered));
  });
  return { ...made, polls, stop: () => subscription.unsubscribe() };
}

/** Nova's exchange and the queue that oslo.messaging's publisher makes for whoever reads it, as Ceilometer does. */
export async function novaExchange({ channel }: Rabbit, exchange = 'nova'): Promise<void> {
  await channel.assertExchange(exchange, 'topic', { durable: false, autoDelete: false });
  for (const key of ['notifications.info', 'versioned_notifications.info']) {
    await channel.assertQueue(key, { durable: false });
    await channel.bindQueue(key, exchange, key);
  }
}

export function notify(
  { channel }: Rabbit,
  notification: object,
  key = 'versioned_notifications.info',
  exchange = 'nova',
): void {
  channel.publish(exchange, key, enveloped(notification as Record<string, unknown>), {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    deliveryMode: 2,
  });
}
