import type { Producer as Client, Metadata } from 'node-rdkafka';
import { ask, connect, disconnect, explained, listenForTrouble, type Trouble } from './client.ts';
import type { Cluster } from './cluster.ts';
import { compressionFor } from './features.ts';
import { KafkaError, textOf } from './kafka-error.ts';
import { rdkafka } from './native.ts';
import { DeliveryError, type Outgoing, type RawProducer } from './raw-producer.ts';

/** Unacknowledged bytes before `send` waits. librdkafka's own bound stays above it. */
const IN_FLIGHT_BYTES = 32 * 1024 * 1024;
/** A single message larger than this is refused here; brokers limit the compressed batch, by default to 1 MiB. */
const MESSAGE_BYTES = 8 * 1024 * 1024;
const DELIVERY_TIMEOUT_MS = 60_000;
/** How often acknowledgements are fetched while some are awaited, and events while none are. */
const BUSY_POLL_MS = 5;
const IDLE_POLL_MS = 1000;
const CLOSE_MS = 5000;

const ERR_QUEUE_FULL = -184;
/** Message too large (client or broker), invalid record. */
const REFUSALS: readonly unknown[] = [10, 18, 87];
/** The same in words: a delivery report has no code. */
const REFUSAL =
  /message size too large|larger than configured server segment|failed to validate record|records? ha(?:s|ve) been rejected|without key/i;

/** Called with a message's delivery report: the error, else the time that its record got. */
type Settle = (error: unknown, timestampMs?: number) => void;

interface Failure {
  readonly message: Outgoing;
  readonly error: unknown;
}

/** Opens a producer for a topic that exists. Rejects with a KafkaError that names the brokers and what to do. */
export async function openProducer(cluster: Cluster, topic: string): Promise<RawProducer> {
  const client = new (rdkafka().Producer)({
    'linger.ms': 5,
    'message.timeout.ms': DELIVERY_TIMEOUT_MS,
    'message.max.bytes': MESSAGE_BYTES,
    'queue.buffering.max.kbytes': (4 * IN_FLIGHT_BYTES) / 1024,
    ...cluster.settings,
    'compression.codec': compressionFor(cluster.config, rdkafka().features),
    'enable.idempotence': true,
    acks: 'all',
    dr_cb: true,
  } as object);
  const name = `producer of ${topic}`;
  const trouble = listenForTrouble(client, name, cluster);
  await connect(client, cluster, cluster, trouble);
  try {
    const partitions = await partitionsOf(client, topic);
    if (partitions > 0) return new Producer(client, cluster, trouble, topic, partitions);
    throw new KafkaError(`topic ${topic} does not exist at ${cluster.brokers}: create it`);
  } catch (cause) {
    await disconnect(client, name, CLOSE_MS, cluster);
    throw cause instanceof KafkaError ? cause : explained(`cannot look up topic ${topic}`, cause, trouble);
  }
}

async function partitionsOf(client: Client, topic: string): Promise<number> {
  const metadata = await ask<Metadata>((done) => client.getMetadata({ topic, timeout: 10_000 }, done));
  return metadata.topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
}

class Producer implements RawProducer {
  readonly topic: string;
  readonly partitions: number;
  readonly #client: Client;
  readonly #cluster: Cluster;
  readonly #trouble: Trouble;
  readonly #pending = new Set<Settle>();
  #pendingBytes = 0;
  #polling = false;
  #closing = false;
  #warned = false;
  #waiting: (() => void)[] = [];

  constructor(client: Client, cluster: Cluster, trouble: Trouble, topic: string, partitions: number) {
    this.#client = client;
    this.#cluster = cluster;
    this.#trouble = trouble;
    this.topic = topic;
    this.partitions = partitions;
    client.on('delivery-report', (error, report) => report.opaque(error, report.timestamp));
    client.setPollInterval(IDLE_POLL_MS);
  }

  async send(messages: readonly Outgoing[]): Promise<void> {
    const deliveries: Promise<Failure | null>[] = [];
    for (const message of messages) {
      while (this.#pending.size > 0 && this.#pendingBytes + message.value.length > IN_FLIGHT_BYTES)
        await this.#nextDelivery();
      deliveries.push(this.#deliver(message));
    }
    const failures = (await Promise.all(deliveries)).filter((failure) => failure !== null);
    if (failures.length > 0) throw this.#deliveryError(failures, messages.length);
  }

  async flush(): Promise<void> {
    while (this.#pending.size > 0) await this.#nextDelivery();
  }

  async close(deadlineMs = CLOSE_MS): Promise<void> {
    if (!this.#client.isConnected()) return;
    const { clock } = this.#cluster;
    const deadline = clock.monotonic() + deadlineMs * 1000;
    while (this.#pending.size > 0 && clock.monotonic() < deadline) await clock.sleep(BUSY_POLL_MS);
    this.#closing = true;
    await disconnect(this.#client, `producer of ${this.topic}`, deadlineMs, this.#cluster);
    for (const settle of [...this.#pending]) settle(new Error('the producer was closed'));
  }

  async #deliver(message: Outgoing): Promise<Failure | null> {
    for (;;) {
      try {
        return await this.#produce(message);
      } catch (error) {
        if ((error as { code?: unknown }).code !== ERR_QUEUE_FULL || this.#pending.size === 0)
          return { message, error };
        await this.#nextDelivery();
      }
    }
  }

  /** Hands one message to librdkafka and settles with its delivery report; throws if it does not take it. */
  #produce(message: Outgoing): Promise<Failure | null> {
    return new Promise((resolve) => {
      if (this.#closing) throw new Error('the producer was closed');
      const size = message.value.length;
      const settle: Settle = (error, timestampMs) => {
        if (!this.#pending.delete(settle)) return;
        this.#pendingBytes -= size;
        if (!error && timestampMs === message.timestampMs) this.#warnOfProducerTime();
        for (const wake of this.#waiting.splice(0)) wake();
        resolve(error ? { message, error } : null);
      };
      const headers = Object.entries(message.headers ?? {}).map(([name, value]) => ({ [name]: value }));
      const { partition, value, key, timestampMs } = message;
      // Of a keyed message no value at all removes the key.
      const body = key !== undefined && size === 0 ? null : value;
      this.#client.produce(this.topic, partition, body, key ?? null, timestampMs ?? null, settle, headers);
      this.#pending.add(settle);
      this.#pendingBytes += size;
      void this.#pollWhileBusy();
    });
  }

  #nextDelivery(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Delivery reports come out of `poll` only. */
  async #pollWhileBusy(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    while (this.#pending.size > 0 && !this.#closing && this.#client.isConnected()) {
      this.#client.poll();
      await this.#cluster.clock.sleep(BUSY_POLL_MS);
    }
    this.#polling = false;
  }

  /** A record that kept the time we gave it tells what no API of the client does: the topic is not on LogAppendTime. */
  #warnOfProducerTime(): void {
    if (this.#warned || this.#cluster.embedded) return;
    this.#warned = true;
    const error = new KafkaError(
      `topic ${this.topic} keeps the producer's time (message.timestamp.type=CreateTime), so a wrong clock of a collector spoils rewinding by time; set it to LogAppendTime`,
    );
    this.#cluster.report({ event: 'kafka.trouble', client: `producer of ${this.topic}`, error });
  }

  #deliveryError(failures: readonly Failure[], sent: number): DeliveryError {
    const refused = ({ error }: Failure) =>
      REFUSALS.includes((error as { code?: unknown }).code) || REFUSAL.test(textOf(error));
    const cause = failures[0]?.error;
    const sentence = `${failures.length} of ${sent} messages to topic ${this.topic} at ${this.#cluster.brokers} were not acknowledged`;
    return new DeliveryError(
      failures.every(refused)
        ? new KafkaError(`${sentence}: ${String(cause)}; raise max.message.bytes of the topic`, { cause })
        : explained(sentence, cause, this.#trouble),
      failures.filter((failure) => !refused(failure)).map(({ message }) => message),
      failures.filter(refused).map(({ message }) => message),
    );
  }
}
