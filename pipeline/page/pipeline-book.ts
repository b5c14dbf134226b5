import { redactUrls } from '../runtime/config/redact.ts';
import type { InternalEvent } from '../runtime/events.ts';
import type { Count, StoreStatus, Trouble } from './model.ts';

/** Trouble that nothing was heard of for so long is over, microseconds: librdkafka repeats what lasts. */
const TROUBLE_US = 120e6;

interface Sums {
  windows: number;
  samples: number;
}

/** Keeps what events tell of the pipeline, Kafka and the state store: sums, and the latest of what changes. */
export class PipelineBook {
  readonly lag = new Map<number, number>();
  readonly residual = new Map<number, bigint>();
  /** By window size, microseconds. */
  readonly windows = new Map<number, Sums>();
  readonly #drops = new Map<string, number>();
  readonly #events = new Map<string, number>();
  readonly #deadLetters = new Map<string, number>();
  readonly #outbox = new Map<number, number>();
  #checkpoints = 0;
  #checkpointMs: number | null = null;
  #storeError: string | null = null;
  #trouble: { readonly client: string; readonly message: string; readonly at: number } | null = null;
  #workedAt = Number.NEGATIVE_INFINITY;
  messages = 0;
  readings = 0;

  /** `now`: wall clock, microseconds. */
  hear(event: InternalEvent, now: number): void {
    switch (event.event) {
      case 'message.read':
        this.messages++;
        this.readings += event.readings;
        this.#workedAt = now;
        break;
      case 'slices.sent':
        this.#workedAt = now;
        break;
      case 'lag':
        this.lag.set(event.partition, event.messages);
        this.#workedAt = now;
        break;
      case 'kafka.trouble':
        this.#trouble = { client: event.client, message: redactUrls(event.error.message), at: now };
        break;
      case 'reading.dropped':
        add(this.#drops, event.reason, event.count);
        break;
      case 'counter':
        add(this.#events, event.kind, event.count);
        break;
      case 'message.dead':
        add(this.#deadLetters, event.reason, 1);
        break;
      case 'residual':
        this.residual.set(event.partition, event.amount);
        break;
      case 'windows.emitted':
        this.#emitted(event.size, event.windows, event.samples);
        break;
      case 'state.kept':
        this.#checkpoints++;
        this.#checkpointMs = event.durationUs / 1000;
        this.#outbox.set(event.partition, event.waiting);
        break;
      case 'state.away':
        this.#storeError = redactUrls(event.error.message);
        break;
      case 'state.back':
        this.#storeError = null;
        break;
    }
  }

  drops(): readonly Count[] {
    return counts(this.#drops);
  }

  events(): readonly Count[] {
    return counts(this.#events);
  }

  deadLetters(): readonly Count[] {
    return counts(this.#deadLetters);
  }

  store(): StoreStatus {
    return {
      isAway: this.#storeError !== null,
      message: this.#storeError,
      outbox: [...this.#outbox.values()].reduce((sum, waiting) => sum + waiting, 0),
      checkpoints: this.#checkpoints,
      checkpointMs: this.#checkpointMs,
    };
  }

  /** The latest trouble of a Kafka client; it is over once the brokers have given or taken anything. */
  kafka(now: number): Trouble | null {
    if (this.#trouble === null) return null;
    const { client, message, at } = this.#trouble;
    return { client, message, at: at / 1000, isNow: at > this.#workedAt && now - at < TROUBLE_US };
  }

  /** Partitions that are not ours any more. */
  keep(owned: ReadonlySet<number>): void {
    for (const map of [this.lag, this.residual, this.#outbox])
      for (const index of map.keys()) if (!owned.has(index)) map.delete(index);
  }

  #emitted(size: number, windows: number, samples: number): void {
    const sums = this.windows.get(size) ?? { windows: 0, samples: 0 };
    sums.windows += windows;
    sums.samples += samples;
    this.windows.set(size, sums);
  }
}

/** The names are of closed lists: they do not grow without end. */
const add = (sums: Map<string, number>, name: string, count: number): void => {
  sums.set(name, (sums.get(name) ?? 0) + count);
};

/** Names with their counts, the greatest first. */
export const counts = (sums: ReadonlyMap<string, number>): readonly Count[] =>
  [...sums].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
