import {
  type Channel,
  type ChannelModel,
  type ConnectionOptions,
  type ConsumeMessage,
  cutConnection,
  openConnection,
} from '../../pipeline/amqp/connection.ts';
import type { Server } from '../../pipeline/amqp/url.ts';
import type { Clock } from '../../pipeline/runtime/clock.ts';
import { LATE, orLate } from '../../pipeline/runtime/deadline.ts';

/** The queue, and what is bound to it. */
export interface QueueOptions {
  /** Nova's, which is never declared: one of another kind would keep nova from starting. */
  readonly exchange: string;
  readonly keys: readonly string[];
  readonly queue: string;
  readonly type: 'classic' | 'quorum';
  readonly bytes: number;
  readonly expiresMs: number;
  readonly prefetch: number;
}

export interface LinkOptions extends ConnectionOptions, QueueOptions {
  readonly clock: Clock;
}

/** A message until it is acknowledged or refused, either of which does nothing once its connection is lost. */
export interface Delivery {
  readonly body: Buffer;
  /** It is done with. */
  ack(): void;
  /** It is for nobody: to the dead letters. */
  bury(): void;
  /** It comes again. */
  giveBack(): void;
}

/** A connection with the queue in place. It does not come back once it is lost. */
export interface Link {
  readonly messages: number;
  readonly consumers: number;
  /** Settles when it is over: with why, or undefined after `close`. */
  readonly closed: Promise<Error | undefined>;
  /** Begins to hand out messages, so many at once. Like all that the broker is to answer, it ends the link if it does not in time. */
  consume(take: (delivery: Delivery) => void): Promise<void>;
  /** Hands out no more; what is out may still be acknowledged. */
  pause(): Promise<void>;
  /** Binds the queue once more: an exchange that was made anew has lost its bindings. */
  bind(): Promise<void>;
  /** Safe to call twice. */
  close(): Promise<void>;
}

const CLOSE_MS = 5000;
/** For people to look at: newest kept. */
const DEAD_BYTES = 16 * 1024 * 1024;

/**
 * Connects, looks that the exchange is there and declares the queues. Rejects with what went wrong there. One consumer
 * is served at a time, so that what is of one instance stays in order; another one takes over when it goes away. The
 * signal ends the connection that is not ready yet: a broker may accept it and never answer what it is asked.
 */
export async function openLink(server: Server, options: LinkOptions, signal: AbortSignal): Promise<Link> {
  const model = await openConnection(server, options);
  const link = new NovaLink(model, options);
  const cut = (): void => cutConnection(model, signal.reason as Error);
  signal.addEventListener('abort', cut, { once: true });
  try {
    signal.throwIfAborted();
    await link.prepare();
    return link;
  } catch (error) {
    cutConnection(model, error as Error);
    throw link.reason ?? error;
  } finally {
    signal.removeEventListener('abort', cut);
  }
}

class NovaLink implements Link {
  messages = 0;
  consumers = 0;
  readonly closed: Promise<Error | undefined>;
  reason: Error | undefined;
  readonly #model: ChannelModel;
  readonly #options: LinkOptions;
  #channel: Channel | null = null;
  #tag: string | null = null;
  #over = false;
  #settle: (reason: Error | undefined) => void = () => undefined;

  constructor(model: ChannelModel, options: LinkOptions) {
    this.#model = model;
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    model.on('error', (error) => this.#lose(error));
    model.on('close', (error) => this.#lose(error ?? new Error('the connection was closed')));
  }

  async prepare(): Promise<void> {
    const { exchange, queue, type, bytes, expiresMs, prefetch } = this.#options;
    const channel = await this.#model.createChannel();
    this.#channel = channel;
    channel.on('error', (error) => this.#lose(error));
    // When a connection ends, its channels are told before anyone is told the reason.
    channel.on('close', () => queueMicrotask(() => this.#lose(new Error('the channel was closed'))));
    await channel.checkExchange(exchange);
    const dead = `${queue}.dead`;
    const bounded = { 'x-queue-type': type, 'x-overflow': 'drop-head' };
    await channel.assertQueue(dead, { durable: true, arguments: { ...bounded, 'x-max-length-bytes': DEAD_BYTES } });
    const declared = await channel.assertQueue(queue, {
      durable: true,
      arguments: {
        ...bounded,
        'x-max-length-bytes': bytes,
        'x-expires': expiresMs,
        'x-single-active-consumer': true,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': dead,
      },
    });
    this.messages = declared.messageCount;
    this.consumers = declared.consumerCount;
    await this.bind();
    await channel.prefetch(prefetch);
  }

  async bind(): Promise<void> {
    const { exchange, keys, queue } = this.#options;
    for (const key of keys) await this.#answered('a binding', this.#channel?.bindQueue(queue, exchange, key));
  }

  async consume(take: (delivery: Delivery) => void): Promise<void> {
    const receive = (message: ConsumeMessage | null): void => {
      if (message === null) this.#lose(new Error('the queue was removed or has moved; it is made again'));
      else if (!this.#over) take(this.#delivery(message));
    };
    const consuming = this.#channel?.consume(this.#options.queue, receive, { noAck: false });
    const answer = await this.#answered('a consumer', consuming);
    this.#tag = answer?.consumerTag ?? null;
  }

  async pause(): Promise<void> {
    if (this.#over || this.#tag === null) return;
    await this.#answered('the end of the consumer', this.#channel?.cancel(this.#tag));
  }

  async close(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#settle(undefined);
    const goodbye = this.#model.close().catch((error: unknown) => cutConnection(this.#model, error as Error));
    const outcome = await orLate(this.#options.clock, CLOSE_MS, goodbye, () => undefined);
    if (outcome === LATE) cutConnection(this.#model, new Error('the broker did not let go'));
  }

  /** What the broker says to it. Without a word in time the link is lost: waiting longer would keep everything waiting. */
  async #answered<Answer>(what: string, asked: Promise<Answer> | undefined): Promise<Answer | undefined> {
    if (asked === undefined) return undefined;
    const { clock, connectTimeoutMs } = this.#options;
    const answer = await orLate(clock, connectTimeoutMs, asked, () => undefined);
    if (answer !== LATE) return answer;
    const reason = new Error(`the broker did not answer ${what} within ${connectTimeoutMs / 1000} s`);
    this.#lose(reason);
    throw reason;
  }

  #delivery(message: ConsumeMessage): Delivery {
    // Whatever was out when a connection ended is offered again by itself.
    const unlessOver = (settle: (channel: Channel) => void) => () => {
      if (!this.#over && this.#channel !== null) settle(this.#channel);
    };
    return {
      body: message.content,
      ack: unlessOver((channel) => channel.ack(message)),
      bury: unlessOver((channel) => channel.nack(message, false, false)),
      giveBack: unlessOver((channel) => channel.nack(message, false, true)),
    };
  }

  #lose(reason: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.reason = reason;
    this.#settle(reason);
    // A channel that is gone leaves the connection, which is of no use without it.
    cutConnection(this.#model, reason);
  }
}
