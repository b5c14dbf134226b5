import { explained as explainedAs, type Remedy } from '../../amqp/explain.ts';

/** What to do about a reason that is of the sink's own settings. */
const REMEDIES: readonly Remedy[] = [
  [/inequivalent arg 'durable' for (?:exchange|queue).* current is '(\w+)'/, 'set durable: $1'],
  [/inequivalent arg 'type' for exchange/, 'it must be of type topic: name another exchange'],
  [/inequivalent arg 'x-queue-type' .*current is the value '(\w+)'/, 'set queue.type: $1'],
  [/inequivalent arg 'x-queue-type' .*current is none/, 'set queue.type: classic'],
  [/inequivalent arg/, 'it was declared otherwise: set declare: check to take it as it is'],
  [/no (?:exchange|queue) /, 'create it, or set declare: create'],
  [/access to (?:exchange|queue|topic)/, 'grant the user configure, write and read permissions on exchange and queue'],
  [/message size/, 'lower batch.bytes, or raise max_message_size of the broker'],
  [/RESOURCE[_-]LOCKED/, 'the queue is exclusive to another connection: choose another topic'],
  [/message nacked/, 'its queue is full (x-max-length with reject-publish) or failing: consume it or raise its limit'],
  [/NO_ROUTE/, 'no queue is bound for it: set queue.declare: true or let the consumer bind one'],
];

/** What an error says, without the client's own words around, and what to do: `reason; remedy`. */
export const explained = (error: unknown): string => explainedAs(error, REMEDIES);
