import type {
  FleetRow,
  FleetState,
  Overview,
  PartitionStatus,
  PipelineStatus,
  SinkStatus,
  WindowQuality,
} from '../../../../pipeline/page/model.ts';
import type { Known } from '../../../../pipeline/page/processes/link.ts';
import { type Member, membersOf, statusesOf } from '../../../../pipeline/page/processes/member.ts';
import { placeOf } from '../../../../pipeline/page/processes/targets.ts';

/** A row of the fleet as a process tells it. */
export const row = (name: string, rest: Partial<FleetRow> = {}): FleetRow => ({
  id: `libvirt/${name}`,
  name,
  kind: 'libvirt',
  state: 'up' as FleetState,
  sinceAt: 1000,
  readAt: 5000,
  instances: 10,
  calls: 1,
  durationMs: 20,
  jitterMs: 1,
  failures: 0,
  retryAt: null,
  error: null,
  errorAt: null,
  process: null,
  ...rest,
});

/** A source as a pipeline tells it. */
export const heardRow = (name: string, rest: Partial<FleetRow> = {}): FleetRow =>
  row(name, { state: 'heard', instances: null, calls: null, failures: null, sinceAt: null, ...rest });

export const partition = (index: number, rest: Partial<PartitionStatus> = {}): PartitionStatus => ({
  index,
  lag: 1,
  watermarkAt: 4000,
  instances: 5,
  sources: 2,
  held: 0,
  isBehind: false,
  residual: '0',
  process: null,
  ...rest,
});

export const quality = (endAt: number, rest: Partial<WindowQuality> = {}): WindowQuality => ({
  endAt,
  samples: 10,
  coverage: 1,
  measured: 10,
  interpolated: 0,
  estimated: 0,
  lowerBound: 0,
  ...rest,
});

export const sink = (name: string, rest: Partial<SinkStatus> = {}): SinkStatus => ({
  name,
  state: 'ok',
  published: 100,
  inFlight: 2,
  retries: 0,
  dropped: [],
  publishedAt: 4000,
  batchMs: 3,
  error: null,
  errorAt: null,
  ...rest,
});

export const pipeline = (rest: Partial<PipelineStatus> = {}): PipelineStatus => ({
  partitions: [],
  windows: [],
  readings: 0,
  messages: 0,
  drops: [],
  events: [],
  deadLetters: [],
  residual: null,
  ...rest,
});

/** What a process tells: of nothing, unless a test says what. */
export const overview = (service: string, rest: Partial<Overview> = {}): Overview => ({
  version: '0.1.0',
  role: 'collect',
  service,
  host: 'here',
  startedAt: 17.25,
  now: 6000,
  ready: true,
  reasons: [],
  verdict: { tone: 'good', text: '', hint: null, late: [], more: 0 },
  problems: [],
  fleet: {
    kind: 'polled',
    endpoints: 0,
    good: 0,
    late: 0,
    instances: 0,
    listed: null,
    polls: 0,
    calls: 0,
    failures: 0,
  },
  pipeline: null,
  sinks: [],
  kafka: null,
  store: { isAway: false, message: null, outbox: 0, checkpoints: 0, checkpointMs: null },
  spool: null,
  trend: { at: [], readings: [], samples: [], polls: [], lag: [], inFlight: [] },
  processes: null,
  ...rest,
});

const known = (address: string, told: Overview | null, rows: readonly FleetRow[], rest: Partial<Known>): Known => ({
  place: placeOf(new URL(`http://${address}/`)),
  state: 'live',
  sinceAt: 1000,
  error: null,
  overview: told,
  aheadMs: 0,
  rows,
  ...rest,
});

export interface CollectorIs {
  readonly listed?: number | null;
  /** Endpoints that are its own, with those that are no rows yet; default: as many as rows. */
  readonly endpoints?: number;
  readonly known?: Partial<Known>;
  readonly told?: Partial<Overview>;
}

/** A collector that polls these. */
export function collector(service: string, rows: readonly FleetRow[], is: CollectorIs = {}): Known {
  const { listed = null, endpoints = rows.length } = is;
  const told = overview(service, is.told);
  const fleet = { ...told.fleet, endpoints, listed, polls: 10, calls: 20, failures: 1 };
  return known(`${service}:9464`, { ...told, fleet }, rows, is.known ?? {});
}

/** A pipeline that reads these partitions and hears these sources. */
export function metering(
  service: string,
  indexes: readonly number[],
  rows: readonly FleetRow[] = [],
  is: Pick<CollectorIs, 'known' | 'told'> & { readonly pipeline?: Partial<PipelineStatus> } = {},
): Known {
  const reads = pipeline({ partitions: indexes.map((index) => partition(index)), residual: '0', ...is.pipeline });
  const told = overview(service, { role: 'pipeline', pipeline: reads, ...is.told });
  return known(`${service}:9464`, { ...told, fleet: { ...told.fleet, kind: 'heard' } }, rows, is.known ?? {});
}

/** A process that has not been heard yet, or never. */
export const unheard = (service: string, rest: Partial<Known> = {}): Known =>
  known(`${service}:9464`, null, [], { state: 'connecting', ...rest });

export const AWAY = { state: 'away', sinceAt: 43_384_000, error: 'nobody listens there' } as const;

export const membersIn = (...all: readonly Known[]): readonly Member[] => membersOf(all, statusesOf(all));
