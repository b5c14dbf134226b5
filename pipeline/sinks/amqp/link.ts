import type { ChannelModel, ConfirmChannel } from 'amqplib';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { type AmqpConfig, queueOf } from './config.ts';

/** A message that is in no queue; the text says why and what to do. */
export class Undelivered extends Error {
  override readonly name = 'Undelivered';
}

/** One open connection with its channel, the topology declared. */
export interface Link {
  /**
   * Publishes the bodies, as many at once as may be in flight, and resolves when the broker has all of them in a queue.
   * Rejects with an Undelivered a DeadlineError or amqplib's error, once nothing is under way any more; what was not begun is left.
   */
  send(bodies: Iterable<Buffer>): Promise<void>;
  /** The broker's reason while it takes nothing, else null. */
  readonly blocked: string | null;
  /** Resolves when it is no longer blocked, or broken. */
  unblocked(): Promise<void>;
  readonly isBroken: boolean;
  /** Says goodbye, as far as the broker listens. */
  close(): Promise<void>;
}

/** Opens a channel, declares, and turns on confirmations. Rejects with amqplib's errors. */
export async function createLink(connection: ChannelModel, config: AmqpConfig, clock: Clock): Promise<Link> {
  const state = { fault: null as Error | null, isBroken: false, blocked: null as string | null };
  const waiting = new Set<() => void>();
  const resume = () => {
    for (const each of waiting) each();
    waiting.clear();
  };
  const breaks = (fault?: Error) => {
    state.fault ??= fault ?? null;
    state.isBroken = true;
    resume();
  };
  connection.on('error', breaks);
  connection.on('close', breaks);
  connection.on('blocked', (reason) => {
    state.blocked = String(reason);
  });
  connection.on('unblocked', () => {
    state.blocked = null;
    resume();
  });
  const channel = await connection.createConfirmChannel();
  channel.on('error', breaks);
  channel.on('close', () => breaks());
  await declare(channel, config);
  const outlet = createOutlet(channel, config, clock, () => (state.isBroken ? broken(state.fault) : null));

  return {
    send: outlet,
    get blocked() {
      return state.blocked;
    },
    get isBroken() {
      return state.isBroken;
    },
    unblocked: () =>
      new Promise((resolve) => {
        if (state.blocked === null || state.isBroken) resolve();
        else waiting.add(resolve);
      }),
    async close() {
      if (!state.isBroken) await connection.close();
    },
  };
}

/** As Ceilometer's publisher does it: exchange, queue of the routing key's name, binding. */
async function declare(channel: ConfirmChannel, config: AmqpConfig): Promise<void> {
  const { exchange, durable, queueType } = config;
  const queue = queueOf(config);
  if (config.declare === false) return;
  if (config.declare === 'passive') {
    await channel.checkExchange(exchange);
    await channel.checkQueue(queue);
    return;
  }
  await channel.assertExchange(exchange, 'topic', { durable, autoDelete: false });
  const type = queueType === 'quorum' ? { arguments: { 'x-queue-type': 'quorum' } } : {};
  await channel.assertQueue(queue, { durable, exclusive: false, autoDelete: false, ...type });
  await channel.bindQueue(queue, exchange, queue);
}

/** Publishes on a channel; `fault` is what broke it. */
function createOutlet(
  channel: ConfirmChannel,
  config: AmqpConfig,
  clock: Clock,
  fault: () => Error | null,
): Link['send'] {
  const { exchange, inFlight } = config;
  const queue = queueOf(config);
  const options = {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: {},
    deliveryMode: config.persistent ? 2 : 1,
    priority: 0,
    mandatory: true,
  };
  // The broker returns a message before it confirms it, and does not say which one of those under way it was.
  let returned: string | null = null;
  channel.on('return', ({ fields }: { readonly fields: object }) => {
    const { replyCode, replyText } = fields as { readonly replyCode?: number; readonly replyText?: string };
    returned = `${replyCode} ${replyText}`;
  });

  async function deliver(body: Buffer): Promise<void> {
    const confirmed = new Promise((resolve) => {
      channel.publish(exchange, queue, body, options, resolve);
    }).catch((error: unknown) => error);
    const refused = await within(clock, config.timeout / 1000, 'confirming', () => confirmed);
    const broke = fault();
    if (refused && broke) throw broke;
    if (refused)
      throw new Undelivered(`queue ${queue} refuses messages: it is full; consume from it or raise its limit`);
  }

  return async (bodies) => {
    returned = null;
    const queued = bodies[Symbol.iterator]();
    let isOver = false;
    const worker = async () => {
      try {
        for (let next = queued.next(); !isOver && !next.done; next = queued.next()) await deliver(next.value);
      } catch (error) {
        isOver = true;
        throw error;
      }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: inFlight }, worker));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    if (returned !== null)
      throw new Undelivered(
        `exchange ${exchange} returned a message (${returned}): no queue is bound to it for ${queue}; bind one, or set declare: true`,
      );
  };
}

const broken = (fault: Error | null): Error =>
  new Error('the connection dropped before all messages were confirmed', fault === null ? {} : { cause: fault });
