import type { Endpoint } from '../../connectors/connector.ts';
import { countPartitions } from '../kafka/admin.ts';
import { openCluster } from '../kafka/cluster.ts';
import type { Clock } from '../runtime/clock.ts';
import type { InternalEvent } from '../runtime/events.ts';
import { createSink } from '../sinks/registry.ts';
import type { SinkContext } from '../sinks/sink.ts';
import { createStore } from '../state/open.ts';
import type { Log } from '../state/rewind.ts';
import type { Settings } from './composition.ts';
import { endpointsOf } from './endpoints.ts';
import { plural } from './human.ts';
import type { AnyConnectorKind } from './parts.ts';
import { pollEndpoint } from './poll-endpoint.ts';

/** Something outside that the configuration names, and how to find out whether it is as it has to be. */
export interface Check {
  /** What it is for: hypervisor, kafka, state, sink. */
  readonly what: string;
  readonly name: string;
  /** Resolves with what was found and what is odd about it; rejects with an error that says what to do. */
  readonly run: (signal: AbortSignal) => Promise<Found>;
}

export interface Found {
  readonly found: string;
  readonly warnings: readonly string[];
}

/** A clock that is so far off spoils windows. */
const MOST_SKEW_US = 5_000_000;

/** Everything that a configuration needs, in the order of the data: hypervisors, Kafka, state, sinks. */
export const checksOf = (
  config: Settings,
  kinds: readonly AnyConnectorKind[],
  clock: Clock,
  timeoutMs: number,
): readonly Check[] => [
  ...hypervisors(config, kinds, clock, timeoutMs),
  kafka(config, clock, timeoutMs),
  state(config, clock, timeoutMs),
  ...sinks(config, clock),
];

function hypervisors(
  config: Settings,
  kinds: readonly AnyConnectorKind[],
  clock: Clock,
  timeoutMs: number,
): readonly Check[] {
  if (config.connectors.length === 0) return [];
  const heard = new Map<string, InternalEvent[]>();
  const report = (event: InternalEvent): void => {
    if ('hypervisor' in event) heard.set(event.hypervisor, [...(heard.get(event.hypervisor) ?? []), event]);
  };
  const endpoints = endpointsOf(config, kinds, { clock, report }, undefined);
  return endpoints.map((endpoint) => ({
    what: endpoint.kind,
    name: endpoint.id,
    run: () => polled(endpoint, clock, timeoutMs, () => heard.get(endpoint.id) ?? []),
  }));
}

async function polled(
  endpoint: Endpoint,
  clock: Clock,
  timeoutMs: number,
  events: () => readonly InternalEvent[],
): Promise<Found> {
  let found = '';
  const warnings: string[] = [];
  await pollEndpoint(endpoint, { polls: 1, intervalMs: timeoutMs, timeoutMs }, clock, async (seen) => {
    const { hosts, instances, calls, partial } = seen;
    const running = instances.filter(({ state }) => state === 'RUNNING').length;
    const ofHosts = hosts.length === 0 ? '' : `${plural(hosts.length, 'host')}, `;
    found = `${ofHosts}${plural(instances.length, 'instance')}, ${running} of them running, ${plural(calls, 'call')} for the first poll`;
    if (partial !== null) warnings.push(`not complete: ${partial}`);
  });
  return { found, warnings: [...warnings, ...events().flatMap(warningOf)] };
}

function warningOf(event: InternalEvent): readonly string[] {
  if (event.event === 'part.failed') return [`${event.part}: ${event.error.message}`];
  if (event.event !== 'endpoint.skew' || Math.abs(event.skewUs) <= MOST_SKEW_US) return [];
  const seconds = (Math.abs(event.skewUs) / 1e6).toFixed(1);
  return [`its clock is ${seconds} s ${event.skewUs > 0 ? 'ahead' : 'behind'}: set both by NTP`];
}

function kafka({ kafka: settings }: Settings, clock: Clock, timeoutMs: number): Check {
  const { topics, brokers } = settings;
  return {
    what: 'kafka',
    name: [brokers].flat().join(','),
    run: async () => {
      if (brokers === 'embedded') return { found: 'in this process, for trying out only', warnings: [] };
      const cluster = await openCluster(settings, { clock, report: ignore, connectTimeoutMs: timeoutMs });
      try {
        const partitions = await countPartitions(cluster, topics.raw);
        const topic = `topic ${topics.raw}`;
        const found =
          partitions > 0
            ? `${topic} with ${plural(partitions, 'partition')}`
            : `${topic} is not there yet: it is created at the start, with ${plural(settings.partitions, 'partition')}`;
        return { found, warnings: [] };
      } finally {
        await cluster.close();
      }
    },
  };
}

function state(
  { state: settings, kafka: { topics, group, partitions } }: Settings,
  clock: Clock,
  timeoutMs: number,
): Check {
  return {
    what: 'state',
    name: settings.type,
    run: async (signal) => {
      if (settings.type === 'memory') return { found: 'in memory, rebuilt from the log at each start', warnings: [] };
      const warnings: string[] = [];
      const report = (event: InternalEvent): void => {
        if (event.event === 'state.doubt')
          warnings.push(event.doubt === 'unchecked' ? DOUBTS.unchecked : DOUBTS.no_append_only_file);
      };
      const deps = { log: NO_LOG, topic: topics.raw, group, partitions, clock, report, openMs: timeoutMs };
      const { store } = await createStore(settings, deps);
      try {
        await store.open(signal);
        return { found: 'answers, and is not told to forget', warnings };
      } finally {
        await store.close();
      }
    },
  };
}

const DOUBTS = {
  unchecked: 'it does not say whether it keeps what it is given: give the user the command CONFIG GET, or see to it',
  no_append_only_file: 'it has no append-only file, and forgets with its process: set appendonly yes',
} as const;

/** Nothing is taken up here, so the log is not asked. */
const notAsked = (): never => {
  throw new Error('a check takes up no partition');
};
const NO_LOG: Log = {
  committed: notAsked,
  watermarkOffsets: notAsked,
  offsetsForTime: notAsked,
  commit: notAsked,
};

/** Connecting is what a sink does at the start: one that declares an exchange declares it here as well. */
function sinks(config: Settings, clock: Clock): readonly Check[] {
  const context: SinkContext = { clock, report: ignore, publisherId: config.service.id, keep: async () => undefined };
  return config.sinks.map((entry) => {
    const sink = createSink(entry, context);
    return {
      what: entry.type,
      name: sink.name,
      run: async (signal) => {
        const { open } = sink;
        try {
          await sink.open?.(signal);
          return { found: open ? 'connected' : 'nothing to connect to before the first sample', warnings: [] };
        } finally {
          await sink.close();
        }
      },
    };
  });
}

const ignore = (): void => undefined;
