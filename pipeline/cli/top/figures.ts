import { type Exposition, sumOf, sumsBy } from './exposition.ts';
import type { Scrape, Status } from './scrape.ts';

/** What is shown of one process. Rates are a second, null before there are two readings; null also what it does not tell. */
export interface ProcessFigures {
  readonly process: string;
  /** Why it did not answer; then nothing else is known. */
  readonly error: string | null;
  readonly version: string | null;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly cpu: number | null;
  readonly memory_bytes: number | null;
  readonly endpoints: number;
  readonly endpoints_up: number;
  readonly polls_per_second: number | null;
  readonly slices_sent_per_second: number | null;
  readonly lag_messages: number | null;
  readonly readings_per_second: number | null;
  readonly samples_per_second: number | null;
  readonly conservation_residual: number | null;
  /** Totals since its start, by reason. */
  readonly readings_dropped: Readonly<Record<string, number>>;
  /** Totals since its start, by size. */
  readonly windows_emitted: Readonly<Record<string, number>>;
}

/** What is shown of one endpoint. */
export interface EndpointFigures {
  readonly process: string;
  readonly hypervisor: string;
  readonly kind: string;
  readonly state: string;
  /** Since the last poll that was answered, by this machine's clock. */
  readonly age_seconds: number | null;
  readonly poll_seconds: number | null;
  readonly calls: number | null;
  readonly instances: number | null;
  readonly failures: number;
  /** What is wrong now; null while it is up. */
  readonly error: string | null;
}

/** What is shown of one sink. */
export interface SinkFigures {
  readonly process: string;
  readonly sink: string;
  readonly published: number;
  readonly published_per_second: number | null;
  readonly waiting: number | null;
  readonly failures: number;
  readonly dropped: number;
  /** Mean of a batch since the reading before. */
  readonly publish_seconds: number | null;
}

export interface Figures {
  readonly processes: readonly ProcessFigures[];
  readonly endpoints: readonly EndpointFigures[];
  readonly sinks: readonly SinkFigures[];
}

const METRICS = {
  cpu: 'process_cpu_seconds_total',
  memory: 'process_resident_memory_bytes',
  polls: 'hypermeter_polls_total',
  sent: 'hypermeter_slices_sent_total',
  calls: 'hypermeter_hypervisor_last_poll_calls',
  lag: 'hypermeter_kafka_consumer_lag_messages',
  readings: 'hypermeter_readings_total',
  samples: 'hypermeter_samples_emitted_total',
  residual: 'hypermeter_conservation_residual',
  dropped: 'hypermeter_readings_dropped_total',
  windows: 'hypermeter_windows_emitted_total',
  published: 'hypermeter_samples_published_total',
  waiting: 'hypermeter_sink_waiting_samples',
  failures: 'hypermeter_publish_failures_total',
  samplesDropped: 'hypermeter_samples_dropped_total',
  publishSum: 'hypermeter_publish_duration_seconds_sum',
  publishCount: 'hypermeter_publish_duration_seconds_count',
} as const;
const NAMES: ReadonlySet<string> = new Set(Object.values(METRICS));

/** Whether a metric is one of those that figures are made of. */
export const isWanted = (name: string): boolean => NAMES.has(name);

/** What is shown, of each process' scrape and the one before it. `now`: wall clock, microseconds. */
export function figuresOf(scrapes: readonly Scrape[], before: readonly Scrape[], now: number): Figures {
  const pairs = scrapes.map((scrape) => ({
    scrape,
    earlier: before.find(({ process }) => process === scrape.process),
  }));
  return {
    processes: pairs.map(({ scrape, earlier }) => processFigures(scrape, earlier)),
    endpoints: scrapes.flatMap((scrape) => endpointFigures(scrape, now)),
    sinks: pairs.flatMap(({ scrape, earlier }) => sinkFigures(scrape, earlier)),
  };
}

type Answered = Status & { readonly metrics: Exposition };
const answerOf = (scrape: Scrape | undefined): Answered | null =>
  scrape === undefined || 'error' in scrape.answer ? null : scrape.answer;

function processFigures(scrape: Scrape, earlier: Scrape | undefined): ProcessFigures {
  const { process, answer } = scrape;
  if ('error' in answer) return { ...NOTHING, process, error: answer.error };
  const { version, ready, reasons, endpoints, metrics } = answer;
  const rate = (name: string): number | null => {
    const former = answerOf(earlier);
    return former === null
      ? null
      : rateOf(sumOf(metrics, name), sumOf(former.metrics, name), secondsBetween(scrape, earlier));
  };
  return {
    process,
    error: null,
    version,
    ready,
    reasons,
    cpu: rate(METRICS.cpu),
    memory_bytes: sumOf(metrics, METRICS.memory),
    endpoints: endpoints.length,
    endpoints_up: endpoints.filter(({ state }) => state === 'up').length,
    polls_per_second: rate(METRICS.polls),
    slices_sent_per_second: rate(METRICS.sent),
    lag_messages: sumOf(metrics, METRICS.lag),
    readings_per_second: rate(METRICS.readings),
    samples_per_second: rate(METRICS.samples),
    conservation_residual: sumOf(metrics, METRICS.residual),
    readings_dropped: Object.fromEntries(sumsBy(metrics, METRICS.dropped, 'reason')),
    windows_emitted: Object.fromEntries(sumsBy(metrics, METRICS.windows, 'size')),
  };
}

const NOTHING = {
  version: null,
  ready: false,
  reasons: [],
  cpu: null,
  memory_bytes: null,
  endpoints: 0,
  endpoints_up: 0,
  polls_per_second: null,
  slices_sent_per_second: null,
  lag_messages: null,
  readings_per_second: null,
  samples_per_second: null,
  conservation_residual: null,
  readings_dropped: {},
  windows_emitted: {},
} as const;

function endpointFigures({ process, answer }: Scrape, now: number): readonly EndpointFigures[] {
  if ('error' in answer) return [];
  const calls = new Map(
    (answer.metrics.get(METRICS.calls) ?? []).map(({ labels, value }) => [
      `${labels.kind}/${labels.hypervisor}`,
      value,
    ]),
  );
  return answer.endpoints.map(
    ({ hypervisor, kind, state, lastPoll, lastPollSeconds, instances, failures, lastError }) => ({
      process,
      hypervisor,
      kind,
      state,
      age_seconds: lastPoll === null ? null : Math.max(0, now / 1e6 - Date.parse(lastPoll) / 1000),
      poll_seconds: lastPollSeconds,
      calls: calls.get(`${kind}/${hypervisor}`) ?? null,
      instances,
      failures,
      error: state === 'up' || lastError === null ? null : lastError.message,
    }),
  );
}

function sinkFigures(scrape: Scrape, earlier: Scrape | undefined): readonly SinkFigures[] {
  const answer = answerOf(scrape);
  if (answer === null) return [];
  const former = answerOf(earlier);
  const seconds = secondsBetween(scrape, earlier);
  const by = (name: string, of: Answered | null = answer) => (of === null ? NONE : sumsBy(of.metrics, name, 'sink'));
  const published = by(METRICS.published);
  const waiting = by(METRICS.waiting);
  const names = [...new Set([...published.keys(), ...waiting.keys(), ...by(METRICS.failures).keys()])].sort();
  return names.map((sink) => {
    const since = (name: string): number | null => {
      const [later, sooner] = [by(name).get(sink), by(name, former).get(sink)];
      return later === undefined || former === null ? null : later - (sooner ?? 0);
    };
    const batches = since(METRICS.publishCount);
    const spent = since(METRICS.publishSum);
    return {
      process: scrape.process,
      sink,
      published: published.get(sink) ?? 0,
      published_per_second:
        former === null
          ? null
          : rateOf(published.get(sink) ?? 0, by(METRICS.published, former).get(sink) ?? 0, seconds),
      waiting: waiting.get(sink) ?? null,
      failures: by(METRICS.failures).get(sink) ?? 0,
      dropped: by(METRICS.samplesDropped).get(sink) ?? 0,
      publish_seconds: batches === null || spent === null || batches <= 0 ? null : spent / batches,
    };
  });
}

const NONE: ReadonlyMap<string, number> = new Map();

const secondsBetween = (scrape: Scrape, earlier: Scrape | undefined): number =>
  earlier === undefined ? 0 : (scrape.at - earlier.at) / 1e6;

/** Of a counter; one that is lower than before is of a process that was restarted, of which nothing is known yet. */
function rateOf(value: number | null, before: number | null, seconds: number): number | null {
  if (value === null || seconds <= 0) return null;
  const grown = value - (before ?? 0);
  return grown < 0 ? null : grown / seconds;
}
