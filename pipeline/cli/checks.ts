import type { Endpoint } from '../../connectors/connector.ts';
import { lookAtRoom } from '../../connectors/spool/inspect.ts';
import { countPartitions } from '../kafka/admin.ts';
import { type Cluster, openCluster } from '../kafka/cluster.ts';
import type { Clock } from '../runtime/clock.ts';
import type { InternalEvent } from '../runtime/events.ts';
import { createSink } from '../sinks/registry.ts';
import type { SinkContext } from '../sinks/sink.ts';
import { createStore } from '../state/open.ts';
import type { Log } from '../state/rewind.ts';
import type { Settings } from './composition.ts';
import { endpointsIn, entriesOf, speakersIn } from './endpoints.ts';
import { plural } from './human.ts';
import type { AnyConnectorKind } from './parts.ts';
import { paceOf, pollEndpoint } from './poll-endpoint.ts';
import { tracingChecks } from './tracing-check.ts';

/** Something outside that the configuration names, and how to find out whether it is as it has to be. */
export interface Check {
  /** What it is for: hypervisor, spool, kafka, state, sink, tracing. */
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

/** Everything that a configuration needs, in the order of the data: hypervisors, the collector's spool, Kafka, state, sinks, tracing. */
export const checksOf = (
  config: Settings,
  kinds: readonly AnyConnectorKind[],
  clock: Clock,
  timeoutMs: number,
): readonly Check[] => [
  ...hypervisors(config, kinds, clock, timeoutMs),
  ...spoolCheck(config),
  kafka(config, clock, timeoutMs),
  state(config, clock, timeoutMs),
  ...sinks(config, clock, timeoutMs),
  ...tracingChecks(config, clock),
];

function hypervisors(
  config: Settings,
  kinds: readonly AnyConnectorKind[],
  clock: Clock,
  timeoutMs: number,
): readonly Check[] {
  const heard = new Map<string, InternalEvent[]>();
  const report = (event: InternalEvent): void => {
    if ('hypervisor' in event) heard.set(event.hypervisor, [...(heard.get(event.hypervisor) ?? []), event]);
  };
  const entries = entriesOf(config.connectors, kinds);
  const endpoints = entries.flatMap((entry) => endpointsIn(entry, { clock, report, pace: paceOf(timeoutMs) }));
  const speakers = entries.flatMap((entry) => speakersIn(entry, { clock, report }));
  return [
    ...endpoints.map((endpoint) => ({
      what: endpoint.kind,
      name: endpoint.id,
      run: () => polled(endpoint, clock, timeoutMs, () => heard.get(endpoint.id) ?? []),
    })),
    ...speakers.map((speaker) => ({
      what: speaker.kind,
      name: speaker.id,
      run: async (signal: AbortSignal) => ({ found: (await speaker.check?.(signal)) ?? 'not looked at', warnings: [] }),
    })),
  ];
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

/** The directory of the spool, if there is one. */
export function spoolCheck({ collector }: Settings): readonly Check[] {
  const { directory, maxBytes } = collector.spool;
  if (directory === undefined) return [];
  return [
    {
      what: 'spool',
      name: directory,
      run: async () => {
        const { free, used } = await lookAtRoom(directory);
        const found = `writable, ${inMiB(free)} free, ${inMiB(used)} in the spool of the ${inMiB(maxBytes)} that it may take`;
        const lacks = maxBytes - used - free;
        const warnings = lacks > 0 ? [`the disk has ${inMiB(lacks)} less: lower collector.spool.maxBytes`] : [];
        return { found, warnings };
      },
    },
  ];
}

const inMiB = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`;

function kafka({ kafka: settings, inventory, collector }: Settings, clock: Clock, timeoutMs: number): Check {
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
        const kept = inventory.topic === undefined ? 0 : await countPartitions(cluster, inventory.topic);
        const warnings =
          partitions > 0 && kept > 0 && kept !== partitions
            ? [
                `topic ${inventory.topic} has ${plural(kept, 'partition')}, and is not kept so: delete it, it is made anew`,
              ]
            : [];
        return { found, warnings: [...warnings, ...(await coordination(collector, cluster))] };
      } finally {
        await cluster.close();
      }
    },
  };
}

/** The topic that collectors share a fleet through, if they do. */
async function coordination({ group }: Settings['collector'], cluster: Cluster): Promise<readonly string[]> {
  if (group === undefined) return [];
  const partitions = await countPartitions(cluster, group.topic);
  if (partitions === 0 || partitions === group.partitions) return [];
  return [
    `topic ${group.topic} has ${plural(partitions, 'partition')}, not ${group.partitions}: endpoints are dealt to those; no more collectors than that have any`,
  ];
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

/**
 * Connecting is what a sink does at the start: one that declares an exchange declares it here as well. One that begins
 * with its first sample is asked without any.
 */
function sinks(config: Settings, clock: Clock, timeoutMs: number): readonly Check[] {
  const context: SinkContext = {
    clock,
    report: ignore,
    publisherId: config.service.id,
    keep: async () => undefined,
    connectTimeoutMs: timeoutMs,
  };
  return config.sinks.map((entry) => {
    const sink = createSink(entry, context);
    return {
      what: entry.type,
      name: sink.name,
      run: async (signal) => {
        try {
          await sink.open?.(signal);
          await sink.look?.(signal);
          return { found: sink.open ? 'connected' : sink.look ? 'answers' : 'nothing to connect to', warnings: [] };
        } finally {
          await sink.close();
        }
      },
    };
  });
}

const ignore = (): void => undefined;
