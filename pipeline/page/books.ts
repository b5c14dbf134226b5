import type { Sample } from '../model/sample.ts';
import type { Clock } from '../runtime/clock.ts';
import type { InternalEvent } from '../runtime/events.ts';
import type { StatusSources } from '../runtime/status.ts';
import type { Sight } from './broadcast.ts';
import { endpointRow } from './fleet.ts';
import { VmHistories } from './history.ts';
import type { FleetRow, Overview } from './model.ts';
import { fleetSums, overviewOf, type PollSums, pipelineStatus } from './overview.ts';
import { type OwnedPartition, sourceRows } from './partitions.ts';
import { PipelineBook } from './pipeline-book.ts';
import { SinkBook } from './sink-book.ts';
import { TrendRing } from './trend.ts';
import { QualityBook } from './window-quality.ts';

export interface BookOptions {
  /** `demo`, `run`, `collect` or `pipeline`; `service.id`. */
  readonly role: string;
  readonly service: string;
  /** The machine's name, or the pod's. */
  readonly host: string;
  readonly collects: boolean;
  readonly meters: boolean;
  /** Window sizes, microseconds. */
  readonly sizes: readonly number[];
  /** Names of the meters that are kept for plots. */
  readonly plotted: ReadonlySet<string>;
}

/** Where the books look for what is not told by events. */
export type Seen = StatusSources & { readonly clock: Clock };

/** So many steps of the trend: half an hour. */
const STEPS = 360;

/** All that the page knows of one process. What it holds is bounded, but for a row each endpoint. */
export class Books implements Sight {
  readonly histories: VmHistories;
  readonly #options: BookOptions;
  readonly #pipeline = new PipelineBook();
  readonly #sinks = new SinkBook();
  readonly #qualities = new QualityBook();
  readonly #trend = new TrendRing(STEPS);
  readonly #polls: PollSums = { polls: 0, calls: 0, failures: 0, polled: null, listed: null };
  readonly #startedAt: number;
  readonly #seen: Seen;
  readonly #owned: () => readonly OwnedPartition[];

  constructor(options: BookOptions, seen: Seen, owned: () => readonly OwnedPartition[]) {
    this.#options = options;
    this.#seen = seen;
    this.#owned = owned;
    this.#startedAt = seen.clock.now() / 1000;
    this.histories = new VmHistories(options.plotted);
  }

  /** Sinks there are, by their names: shown before they have had anything. */
  expect(sinks: readonly string[]): void {
    this.#sinks.expect(sinks);
  }

  /** `now`: wall clock, microseconds. */
  hear(event: InternalEvent, now: number): void {
    this.#pipeline.hear(event, now);
    this.#sinks.hear(event, now);
    if (event.event === 'poll.done') {
      this.#polls.polls++;
      this.#polls.calls += event.calls;
    } else if (event.event === 'poll.failed' || event.event === 'endpoint.lost') this.#polls.failures++;
    else if (event.event === 'roster.changed') {
      this.#polls.polled = event.polled;
      this.#polls.listed = event.listed;
    }
  }

  /** Samples as they become final: once a window, never a reading. */
  take(samples: readonly Sample[]): void {
    for (const sample of samples) this.#qualities.take(sample);
    this.histories.take(samples);
  }

  /** The fleet: what is polled here, or, where nothing is, what the pipeline hears. */
  rows(): readonly FleetRow[] {
    if (this.#options.collects) return this.#seen.endpoints().map(endpointRow);
    return sourceRows(this.#owned(), this.#seen.clock.now());
  }

  overview(rows: readonly FleetRow[]): Overview {
    const { clock, version, reasons, spool } = this.#seen;
    const { role, service, host, collects, meters, sizes } = this.#options;
    const now = clock.now();
    const why = reasons();
    const look = {
      version,
      role,
      service,
      host,
      startedAt: this.#startedAt,
      now: now / 1000,
      ready: why.length === 0,
      reasons: why,
      fleet: fleetSums(collects ? 'polled' : 'heard', rows, this.#polls),
      pipeline: meters ? pipelineStatus(this.#owned(), sizes, this.#pipeline, this.#qualities, now) : null,
      sinks: this.#sinks.list(),
      kafka: this.#pipeline.kafka(now),
      store: this.#pipeline.store(),
      spool: spool(),
      trend: this.#trend.trend(),
      processes: null,
    };
    return overviewOf(look, rows);
  }

  /** Takes a step of the trend. */
  step(): void {
    const { readings, windows, lag } = this.#pipeline;
    this.#trend.take({
      at: this.#seen.clock.now() / 1000,
      readings,
      samples: [...windows.values()].reduce((sum, { samples }) => sum + samples, 0),
      polls: this.#polls.polls,
      lag: lag.size === 0 ? undefined : [...lag.values()].reduce((sum, messages) => sum + messages, 0),
      inFlight: this.#sinks.list().reduce((sum, { inFlight }) => sum + inFlight, 0),
    });
  }
}
