import {
  type ChannelModel,
  type ConfirmChannel,
  type ConnectionOptions,
  cutConnection,
  openConnection,
} from '../../amqp/connection.ts';
import type { Server } from '../../amqp/url.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LATE, orLate } from '../../runtime/deadline.ts';
import { uniqueIdIn } from '../oslo/envelope.ts';

/** Where messages go, what is declared for them, and how they are marked. */
export interface Route {
  readonly exchange: string;
  /** Also the name of the queue. */
  readonly key: string;
  readonly durable: boolean;
  readonly declare: 'create' | 'check';
  readonly queue: { readonly type: 'classic' | 'quorum'; readonly declare: boolean };
  readonly persistent: boolean;
}

export interface LinkOptions extends ConnectionOptions {
  readonly clock: Clock;
  readonly route: Route;
}

/** A connection with one channel on which the broker confirms. It does not come back once it is lost. */
export interface Link {
  readonly lost: boolean;
  /** Why the broker accepts nothing at present (an alarm of memory or disk), or null. */
  readonly blocked: string | null;
  /** Resolves when the broker has the message in a queue; rejects with what broker or network said. */
  publish(uniqueId: string, body: Buffer): Promise<void>;
  /** Lets go at once; whatever is unconfirmed rejects with the reason. */
  abandon(reason: Error): void;
  /** Says goodbye first. Safe to call twice. */
  close(): Promise<void>;
}

const CLOSE_MS = 5000;

/** Connects, logs in and declares; rejects with what went wrong there. */
export async function openLink(server: Server, options: LinkOptions): Promise<Link> {
  const model = await openConnection(server, options);
  const link = new AmqpLink(model, options);
  try {
    await link.prepare();
    return link;
  } catch (error) {
    link.abandon(error as Error);
    throw error;
  }
}

class AmqpLink implements Link {
  lost = false;
  blocked: string | null = null;
  readonly #model: ChannelModel;
  readonly #options: LinkOptions;
  #channel: ConfirmChannel | null = null;
  #reason: Error | null = null;
  /** Messages that came back, by their unique ids: the broker returns one before it confirms it. */
  readonly #returned = new Map<string, string>();

  constructor(model: ChannelModel, options: LinkOptions) {
    this.#model = model;
    this.#options = options;
    model.on('error', (error) => this.#lose(error));
    model.on('close', (error) => this.#lose(error ?? null));
    model.on('blocked', (reason) => {
      this.blocked = reason;
    });
    model.on('unblocked', () => {
      this.blocked = null;
    });
  }

  /** Opens the channel and declares as Ceilometer's publisher does. */
  async prepare(): Promise<void> {
    const channel = await this.#model.createConfirmChannel();
    channel.on('error', (error) => this.#lose(error));
    channel.on('close', () => this.abandon(new Error('the channel was closed')));
    channel.on('return', ({ content, fields }) => {
      const id = uniqueIdIn(content);
      if (id !== undefined) this.#returned.set(id, String((fields as { replyText?: unknown }).replyText));
    });
    await declare(channel, this.#options.route);
    this.#channel = channel;
  }

  publish(uniqueId: string, body: Buffer): Promise<void> {
    const { exchange, key, persistent } = this.#options.route;
    return new Promise((resolve, reject) => {
      if (this.lost || this.#channel === null) throw this.#reason ?? new Error('the connection is lost');
      const settle = (error: unknown) => {
        const returned = this.#returned.get(uniqueId);
        this.#returned.delete(uniqueId);
        if (error) reject(this.#reason ?? error);
        else if (returned !== undefined) reject(new Error(`the message came back: ${returned}`));
        else resolve();
      };
      // Exactly the properties of oslo.messaging; empty headers are a table of their own there.
      const properties = {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        headers: {},
        deliveryMode: persistent ? 2 : 1,
        priority: 0,
        mandatory: true,
      };
      // When a connection ends, its channels are told before anyone is told the reason.
      this.#channel.publish(exchange, key, body, properties, (error) => queueMicrotask(() => settle(error)));
    });
  }

  abandon(reason: Error): void {
    if (this.lost && this.#reason !== null) return;
    this.#lose(reason);
    cutConnection(this.#model, reason);
  }

  async close(): Promise<void> {
    if (this.lost) return;
    this.lost = true;
    const goodbye = this.#model.close().catch((error: unknown) => this.abandon(error as Error));
    const outcome = await orLate(this.#options.clock, CLOSE_MS, goodbye, () => undefined);
    if (outcome === LATE) this.abandon(new Error('the broker did not let go'));
  }

  #lose(reason: Error | null): void {
    this.lost = true;
    this.#reason ??= reason;
  }
}

async function declare(channel: ConfirmChannel, route: Route): Promise<void> {
  const { exchange, key, durable, queue } = route;
  if (route.declare === 'check') {
    await channel.checkExchange(exchange);
    if (queue.declare) await channel.checkQueue(key);
    return;
  }
  await channel.assertExchange(exchange, 'topic', { durable, autoDelete: false });
  if (!queue.declare) return;
  // A classic queue is declared without its type, as oslo.messaging does.
  const kind = queue.type === 'quorum' ? { arguments: { 'x-queue-type': 'quorum' } } : {};
  await channel.assertQueue(key, { durable, exclusive: false, autoDelete: false, ...kind });
  await channel.bindQueue(key, exchange, key);
}
