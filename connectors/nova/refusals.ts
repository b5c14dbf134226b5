import { explained, type Remedy, reasonOf } from '../../pipeline/amqp/explain.ts';
import type { Server } from '../../pipeline/amqp/url.ts';
import { EndpointError, type EndpointErrorCode } from '../connector.ts';

/** What to do about what the broker says to our queue. */
const REMEDIES: readonly Remedy[] = [
  [
    /no exchange '([^']*)'/,
    'nova makes it when it first notifies, so it is tried again: set driver = messagingv2 in [oslo_messaging_notifications] of nova.conf, and check exchange and virtual host',
  ],
  [
    /inequivalent arg '[^']*' for queue '([^']*)'/,
    'the queue is there with other arguments: set queueType, queueSize and queueExpires to what they were, or remove it (rabbitmqctl delete_queue $1), or choose another queue',
  ],
  [/no queue '([^']*)'/, 'the queue $1 was removed; it is made again'],
  [
    /access to exchange '(?:amq\.default)?' /,
    'grant the user write permission on amq.default, which dead letters go through',
  ],
  [/access to exchange '([^']*)'/, 'grant the user read permission on the exchange $1'],
  [/access to topic/, "grant the user read permission on the exchange's topics (rabbitmqctl set_topic_permissions)"],
  [/access to queue '([^']*)'/, 'grant the user configure, write and read permissions on the queue $1'],
  [/RESOURCE[_-]LOCKED/, 'the queue is exclusive to another connection: choose another queue'],
  [/acknowledgement .*timed out/, 'Kafka has not taken what was read: see the errors of the collector'],
];

const CODES: readonly (readonly [RegExp, EndpointErrorCode])[] = [
  [/no exchange/, 'unreachable'],
  [/inequivalent|access to|ACCESS[_-]REFUSED|RESOURCE[_-]LOCKED|closed at once/, 'refused'],
  [/did not end within|took longer|ETIMEDOUT/, 'timeout'],
];

const remedied = (error: unknown): string => explained(error, REMEDIES);

/** What the broker or the network said, as an error that says what to do. */
export function refusal(endpoint: string, server: Server, error: unknown): EndpointError {
  if (error instanceof EndpointError) return error;
  const reason = reasonOf(error);
  const code = CODES.find(([pattern]) => pattern.test(reason))?.[1] ?? 'unreachable';
  const { host, port, vhost } = server;
  return new EndpointError(code, endpoint, `${host}:${port}, virtual host ${vhost}: ${remedied(error)}`, error);
}

export const lost = (endpoint: string, error: unknown): EndpointError =>
  error instanceof EndpointError ? error : new EndpointError('lost', endpoint, remedied(error), error);
