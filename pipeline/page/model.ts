import { ENDPOINT_STATES } from '../runtime/endpoint-book.ts';

/**
 * What the page is told, as JSON. Times in milliseconds since 1970, names ending in `At`; null: not known, or not yet.
 * Whole numbers that may exceed 2^53 are strings.
 */
export interface Overview {
  readonly version: string;
  readonly role: string;
  readonly service: string;
  /** The machine's name, or the pod's; null: of a page of several processes. */
  readonly host: string | null;
  readonly startedAt: number;
  readonly now: number;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly verdict: Verdict;
  readonly problems: readonly Problem[];
  readonly fleet: FleetSums;
  /** Null where nothing is metered here: the role `collect`. */
  readonly pipeline: PipelineStatus | null;
  readonly sinks: readonly SinkStatus[];
  readonly kafka: Trouble | null;
  readonly store: StoreStatus;
  readonly spool: SpoolSums | null;
  readonly trend: Trend;
  /** Of a page of several processes: all that it was asked to show; null: it is of one. */
  readonly processes: readonly ProcessStatus[] | null;
}

/**
 * How it stands with a process of a page of several: `connecting`: not heard yet; `live`; `away`: it does not answer, or
 * says nothing; `foreign`: it says what is not understood.
 */
export const PROCESS_STATES = ['connecting', 'live', 'away', 'foreign'] as const;
export type ProcessState = (typeof PROCESS_STATES)[number];

/** A process of a page of several; null: it was not heard yet. */
export interface ProcessStatus {
  /** `service.id` if only one has it, else the host if only one is on it, else the address. */
  readonly name: string;
  /** `host:port`. */
  readonly address: string;
  /** Its own page; null: a browser need not reach it. */
  readonly url: string | null;
  readonly state: ProcessState;
  readonly sinceAt: number;
  /** Why it is not heard. */
  readonly error: string | null;
  /** Another address of the same process, which it is counted by. */
  readonly sameAs: string | null;
  readonly role: string | null;
  readonly service: string | null;
  readonly version: string | null;
  readonly startedAt: number | null;
  readonly ready: boolean | null;
  readonly reasons: readonly string[];
  /** Endpoints that it polls; null: it polls none. */
  readonly endpoints: number | null;
  /** Partitions that it reads; null: it meters none. */
  readonly partitions: number | null;
}

/** Whether the fleet is metered, in a line, and what is not. */
export interface Verdict {
  readonly tone: 'good' | 'odd' | 'bad';
  readonly text: string;
  /** Where nothing can be said yet: why, and what to do. */
  readonly hint: string | null;
  /** Rows that are late, the longest first, as many as are named; `more`: the others. */
  readonly late: readonly Late[];
  readonly more: number;
}

/** A row of the fleet that is not read as it should be. */
export interface Late {
  readonly id: string;
  readonly name: string;
  readonly state: FleetState;
  readonly readAt: number | null;
  readonly error: string | null;
  /** Who polls it, on a page of several processes. */
  readonly process: string | null;
}

/** Something else that an operator should know, the worst first; `view` names the part of the page that tells more. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly text: string;
  readonly view: 'fleet' | 'pipeline' | 'sinks' | 'processes';
}

/** How it stands with a row of the fleet: as an endpoint that is polled here, or as a source that the pipeline hears. */
export const FLEET_STATES = [...ENDPOINT_STATES, 'heard', 'silent'] as const;
export type FleetState = (typeof FLEET_STATES)[number];

/** An endpoint that is polled here, or, where nothing is polled, a source of the raw topic. */
export interface FleetRow {
  /** Unique: `kind/name`. */
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly state: FleetState;
  readonly sinceAt: number | null;
  /** When the latest poll was answered. */
  readonly readAt: number | null;
  readonly instances: number | null;
  /** Remote calls of the latest poll. */
  readonly calls: number | null;
  readonly durationMs: number | null;
  /** How far the latest poll that was due started behind its schedule. */
  readonly jitterMs: number | null;
  /** In a row; null of a source, whose polls are not seen here. */
  readonly failures: number | null;
  readonly retryAt: number | null;
  readonly error: string | null;
  readonly errorAt: number | null;
  /** Who polls it, on a page of several processes. */
  readonly process: string | null;
}

export interface FleetSums {
  /** `polled`: endpoints that are polled here; `heard`: sources of the raw topic. */
  readonly kind: 'polled' | 'heard';
  /** Also those whose first connection is still to come, and that are no rows yet. */
  readonly endpoints: number;
  /** Rows that are read as they should be, and rows that are late; the rest has not been connected to yet. */
  readonly good: number;
  readonly late: number;
  readonly instances: number;
  /** Endpoints of the list, whoever polls them; null where nothing is polled here. */
  readonly listed: number | null;
  readonly polls: number;
  readonly calls: number;
  readonly failures: number;
}

export interface PipelineStatus {
  readonly partitions: readonly PartitionStatus[];
  readonly windows: readonly WindowStatus[];
  readonly readings: number;
  readonly messages: number;
  readonly drops: readonly Count[];
  readonly events: readonly Count[];
  readonly deadLetters: readonly Count[];
  /** The largest of all partitions; null: not balanced yet. */
  readonly residual: string | null;
}

export interface Count {
  readonly name: string;
  readonly count: number;
}

export interface PartitionStatus {
  readonly index: number;
  /** Raw messages not yet read; null: nobody has looked yet. */
  readonly lag: number | null;
  readonly watermarkAt: number | null;
  readonly instances: number;
  readonly sources: number;
  /** Slices that wait in the reorder buffer. */
  readonly held: number;
  /** The watermark is further behind now than its sources explain. */
  readonly isBehind: boolean;
  readonly residual: string | null;
  /** Who reads it, on a page of several processes. */
  readonly process: string | null;
}

/** The windows of one size. */
export interface WindowStatus {
  readonly sizeMs: number;
  /** Windows that have begun and that the watermark has not passed, in the partition that is furthest behind. */
  readonly open: number;
  /** Windows of series that were finished, and the samples that they gave. */
  readonly closed: number;
  readonly samples: number;
  readonly lastEndAt: number | null;
  /** The latest windows, oldest first. */
  readonly latest: readonly WindowQuality[];
}

/** How well the counters of one window were observed. */
export interface WindowQuality {
  readonly endAt: number;
  /** Of counters: gauges have no coverage. */
  readonly samples: number;
  /** Mean, 0 to 1. */
  readonly coverage: number;
  readonly measured: number;
  readonly interpolated: number;
  readonly estimated: number;
  readonly lowerBound: number;
}

export interface SinkStatus {
  readonly name: string;
  readonly state: 'idle' | 'ok' | 'failing';
  readonly published: number;
  /** Samples that wait for it or are on their way. */
  readonly inFlight: number;
  readonly retries: number;
  /** Samples that it left out, by why: kept as dead letters, but for `outbox_full`. */
  readonly dropped: readonly Count[];
  readonly publishedAt: number | null;
  readonly batchMs: number | null;
  readonly error: string | null;
  readonly errorAt: number | null;
}

export interface Trouble {
  /** It has not worked since. */
  readonly isNow: boolean;
  readonly client: string;
  readonly message: string;
  readonly at: number;
}

export interface StoreStatus {
  readonly isAway: boolean;
  readonly message: string | null;
  /** Checkpoints whose samples are not delivered yet. */
  readonly outbox: number;
  readonly checkpoints: number;
  readonly checkpointMs: number | null;
}

export interface SpoolSums {
  readonly slices: number;
  readonly bytes: number;
  readonly oldestAgeSeconds: number;
  readonly dropped: number;
  readonly lastError: string | null;
}

/** The last minutes in even steps, oldest first: what a second brought; null: nobody knows. */
export interface Trend {
  readonly at: readonly number[];
  readonly readings: readonly (number | null)[];
  readonly samples: readonly (number | null)[];
  readonly polls: readonly (number | null)[];
  readonly lag: readonly (number | null)[];
  readonly inFlight: readonly (number | null)[];
}

/** An instance in the list of those that can be looked at. */
export interface VmRow {
  readonly id: string;
  readonly name: string | null;
  readonly host: string | null;
  readonly state: string;
  /** Latest window: CPU in percent, coverage 0 to 1; null where none is kept. */
  readonly cpu: number | null;
  readonly coverage: number | null;
}

export interface VmList {
  /** Instances known here, and those that match. */
  readonly known: number;
  readonly matching: number;
  readonly rows: readonly VmRow[];
  /** Processes that did not tell theirs, on a page of several. */
  readonly unheard: readonly string[];
}

/** The kept windows of one instance and size, oldest first: the arrays are as long as `endAt`. */
export interface VmHistory {
  readonly id: string;
  readonly name: string | null;
  readonly host: string | null;
  readonly sizeMs: number;
  readonly sizesMs: readonly number[];
  readonly endAt: readonly number[];
  /** The least of the window's counters; null: none has any. */
  readonly coverage: readonly (number | null)[];
  readonly flags: readonly (readonly string[])[];
  readonly hosts: readonly (string | null)[];
  readonly series: readonly VmSeries[];
  /** Series that found no room. */
  readonly left: number;
}

export interface VmSeries {
  readonly meter: string;
  readonly unit: string;
  /** Disk or nic; empty: the instance itself. */
  readonly device: string;
  readonly values: readonly (number | null)[];
}
