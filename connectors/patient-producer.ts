import { KafkaError } from '../pipeline/kafka/kafka-error.ts';
import type { Outgoing, RawProducer } from '../pipeline/kafka/raw-producer.ts';
import { DeliveryError } from '../pipeline/kafka/raw-producer.ts';
import { backoffMs } from '../pipeline/runtime/backoff.ts';
import type { Clock } from '../pipeline/runtime/clock.ts';
import type { Report } from '../pipeline/runtime/events.ts';
import { pause } from './in-time.ts';

export interface PatientDeps {
  /** Makes sure of the topic and connects. Rejects with a KafkaError. */
  readonly open: () => Promise<RawProducer>;
  readonly topic: string;
  /** Partitions of the topic, as long as Kafka has not told; null: that cannot be waited for. */
  readonly presumed: number | null;
  readonly clock: Clock;
  readonly report: Report;
}

/** A producer that is there before its brokers are. */
export interface PatientProducer extends RawProducer {
  /** Resolves with the number of the topic's partitions as soon as Kafka tells; rejects when closed before. */
  readonly told: Promise<number>;
  readonly isThere: () => boolean;
}

/**
 * Opens a producer; where no broker answers, goes on trying, and what is sent meanwhile waits. Rejects if the brokers
 * refuse. `partitions` is what is presumed until `told`.
 */
export async function openPatiently(deps: PatientDeps): Promise<PatientProducer> {
  const waiting = new Waiting(deps);
  await waiting.begin();
  return waiting;
}

/** Whether it may be another time: nobody answered. */
export const isAway = (error: unknown): boolean => error instanceof KafkaError && error.away;

class Waiting implements PatientProducer {
  readonly topic: string;
  readonly told: Promise<number>;
  readonly #deps: PatientDeps;
  readonly #closing = new AbortController();
  readonly #opened: Promise<RawProducer>;
  #producer: RawProducer | null = null;
  #resolve: (producer: RawProducer) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(deps: PatientDeps) {
    this.#deps = deps;
    this.topic = deps.topic;
    this.#opened = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.told = this.#opened.then(({ partitions }) => partitions);
    // Whoever waits for them is told; nobody may be waiting.
    this.told.catch(() => undefined);
  }

  isThere = (): boolean => this.#producer !== null;

  get partitions(): number {
    return this.#producer?.partitions ?? this.#deps.presumed ?? 0;
  }

  async begin(): Promise<void> {
    const { open, presumed } = this.#deps;
    try {
      this.#have(await open());
    } catch (error) {
      if (presumed === null || !isAway(error)) throw error;
      // It tells those who wait, however it ends.
      void this.#keepTrying(error as KafkaError);
    }
  }

  async #keepTrying(first: KafkaError): Promise<void> {
    const { clock, report, open } = this.#deps;
    const { signal } = this.#closing;
    const client = `producer of ${this.topic}`;
    let error: unknown = first;
    for (let failures = 1; !signal.aborted; failures++) {
      if (!isAway(error)) return this.#reject(error);
      report({ event: 'kafka.trouble', client, error: error as KafkaError });
      await pause(clock, backoffMs(failures, clock.random()), signal);
      if (signal.aborted) return;
      try {
        return this.#have(await open());
      } catch (cause) {
        error = cause;
      }
    }
  }

  #have(producer: RawProducer): void {
    // Too late: an attempt to connect cannot be cut short, and is not waited for.
    if (this.#closing.signal.aborted) return void producer.close(0);
    this.#producer = producer;
    this.#resolve(producer);
  }

  async send(messages: readonly Outgoing[]): Promise<void> {
    const producer = this.#producer ?? (await this.#orClosed(messages));
    await producer.send(messages);
  }

  /** What was never given to a broker may be sent again. */
  async #orClosed(messages: readonly Outgoing[]): Promise<RawProducer> {
    try {
      return await this.#opened;
    } catch (cause) {
      if (!this.#closing.signal.aborted) throw cause;
      throw new DeliveryError(new KafkaError('Kafka was not there', { cause }), messages, []);
    }
  }

  async flush(): Promise<void> {
    await this.#producer?.flush();
  }

  async close(deadlineMs?: number): Promise<void> {
    this.#closing.abort();
    this.#reject(new KafkaError(`no broker of topic ${this.topic} has answered`));
    await this.#producer?.close(deadlineMs);
  }
}
