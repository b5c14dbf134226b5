import { encodeSnapshot } from '../../avro/codec.ts';
import { type Collection, collect } from '../../connectors/collect.ts';
import type { Connector, ConnectorContext } from '../../connectors/connector.ts';
import { createOutbox } from '../../connectors/outbox.ts';
import { pollEndpoint } from '../../connectors/polling.ts';
import { ensureTopic } from '../kafka/admin.ts';
import { type Cluster, openCluster } from '../kafka/cluster.ts';
import { openConsumer } from '../kafka/consumer.ts';
import { type DeadLetters, openDeadLetters } from '../kafka/dead-letters.ts';
import { partitionOf } from '../kafka/murmur2.ts';
import { openProducer } from '../kafka/producer.ts';
import type { DeriveRules } from '../model/derive.ts';
import { select } from '../model/meters.ts';
import type { Rules } from '../model/rules.ts';
import { type Pipeline, startPipeline } from '../pipeline.ts';
import type { Part } from '../runtime/lifecycle.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type DeadSamples, deadSampleJson } from '../sinks/dead-samples.ts';
import type { Delivery } from '../sinks/fanout.ts';
import { createDelivery } from '../sinks/registry.ts';
import type { SinkContext } from '../sinks/sink.ts';
import { createStore } from '../state/open.ts';
import type { Settings } from './composition.ts';
import { createdBy, isEndpoint } from './endpoints.ts';
import type { AnyConnectorKind } from './parts.ts';

/** A part of the program that may end it. */
export interface Role extends Part {
  /** Rejects when the role cannot go on. */
  readonly failed: Promise<never>;
}

/** The cluster with the raw topic in place, and how many partitions that has. */
export interface Prepared extends Cluster {
  readonly partitions: number;
}

/** What the roles share: the cluster is opened by its own part, before them. */
export interface Shared {
  readonly config: Settings;
  readonly runtime: Pick<Runtime, 'clock' | 'report'>;
  readonly cluster: () => Prepared;
}

/** The Kafka cluster, with the raw topic in place. The embedded broker lives in it. */
export function clusterPart({ config, runtime }: Omit<Shared, 'cluster'>): { part: Part; cluster: () => Prepared } {
  let prepared: Prepared | undefined;
  let opened: Cluster | undefined;
  const { kafka } = config;
  const part: Part = {
    name: 'kafka',
    start: async () => {
      opened = await openCluster(kafka, runtime);
      const { topics, partitions, replication } = kafka;
      prepared = { ...opened, partitions: await ensureTopic(opened, { name: topics.raw, partitions, replication }) };
    },
    stop: async () => opened?.close(),
  };
  const cluster = (): Prepared => {
    if (!prepared) throw new Error('the cluster is opened before what uses it');
    return prepared;
  };
  return { part, cluster };
}

/** Where what cannot be used is kept, open while the pipeline runs. */
export function deadLettersPart(cluster: () => Prepared): { part: Part; letters: () => DeadLetters } {
  let opened: DeadLetters | undefined;
  const part: Part = {
    name: 'dead letters',
    start: async () => {
      opened = await openDeadLetters(cluster());
    },
    stop: async () => opened?.close(),
  };
  const letters = (): DeadLetters => {
    if (!opened) throw new Error('the dead letters are opened before the pipeline');
    return opened;
  };
  return { part, letters };
}

/** What every sink is given. */
export const sinkContextOf = (
  { config, runtime }: Pick<Shared, 'config' | 'runtime'>,
  letters: () => DeadLetters,
): SinkContext => ({
  clock: runtime.clock,
  report: runtime.report,
  publisherId: config.service.id,
  keep: ({ sink, reason, samples }: DeadSamples) =>
    letters().keep(
      samples.map((sample) => ({ value: Buffer.from(deadSampleJson(sample)), headers: { sink, reason } })),
    ),
});

/** The configured sinks as one, opened early so that a wrong destination shows at start. */
export function sinkPart(
  shared: Pick<Shared, 'config' | 'runtime'>,
  letters: () => DeadLetters,
): { part: Part; delivery: Delivery } {
  const delivery = createDelivery(shared.config.sinks, sinkContextOf(shared, letters));
  return {
    delivery,
    part: { name: 'sinks', start: (signal) => delivery.open(signal), stop: () => delivery.close() },
  };
}

/** How samples are made of closed windows. */
export const deriveRulesOf = ({ pipeline, meters }: Settings): DeriveRules => ({
  sizes: pipeline.windows.map(({ size }) => size),
  selection: select(meters),
  gauges: pipeline.gauges,
  userMetadata: pipeline.userMetadata,
});

/** The rules of the pipeline section. */
export const rulesOf = ({ pipeline }: Settings): Rules => ({
  windows: {
    sizes: pipeline.windows.map(({ size }) => size),
    graces: pipeline.windows.map(({ grace }) => grace),
    anchored: pipeline.mode === 'anchored',
    revise: pipeline.late === 'revise',
  },
  counters: { maxSkew: pipeline.maxSkew, fillMax: pipeline.fillMax, edge: pipeline.gaps === 'edge' },
  reorder: pipeline.reorder,
});

/** Meters what the raw topic brings. */
export function pipelineRole(
  { config, runtime, cluster }: Shared,
  delivery: Delivery,
  letters: () => DeadLetters,
): Role {
  const failure = deferred();
  let pipeline: Pipeline | undefined;
  let release: (() => Promise<void>) | undefined;
  return {
    name: 'pipeline',
    failed: failure.promise,
    start: async (signal) => {
      const consumer = await openConsumer(cluster());
      const { clock, report } = runtime;
      const { state } = config;
      const { topics, group } = cluster().config;
      const deps = { log: consumer, topic: topics.raw, group, partitions: cluster().partitions, clock, report };
      const { store, every } = await createStore(state, deps);
      release = () => store.close();
      await store.open(signal);
      pipeline = startPipeline({
        consumer,
        deadLetters: letters(),
        delivery,
        store,
        rules: rulesOf(config),
        deriveRules: deriveRulesOf(config),
        rewind: state.rewind,
        checkpointEvery: every,
        clock,
        report,
      });
      pipeline.done.catch(failure.reject);
    },
    stop: async (signal) => {
      try {
        await pipeline?.stop(signal);
      } finally {
        await release?.();
      }
    },
  };
}

/** Polls the configured hypervisors and writes what they said to the raw topic. */
export function collectorRole(
  { config, runtime, cluster }: Shared,
  kinds: readonly AnyConnectorKind[],
  stopWithinMs = 10_000,
): Role {
  const failure = deferred();
  let collection: Collection | undefined;
  let release: (() => Promise<void>) | undefined;
  return {
    name: 'collector',
    failed: failure.promise,
    start: async () => {
      const { clock, report } = runtime;
      const { collector, service } = config;
      const producer = await openProducer(cluster(), cluster().config.topics.raw);
      release = () => producer.close();
      const outbox = createOutbox({ producer, clock, report, lingerMs: collector.linger / 1000 });
      const slicing = {
        partitions: producer.partitions,
        partitionOf,
        collector: service.id,
        generation: clock.now(),
        identityEveryUs: collector.identityEvery,
      };
      const connectors = connectorsOf(config, kinds, { clock, report }, outbox.hasRoom);
      collection = collect(connectors, { outbox, slicing, encode: encodeSnapshot, report });
      collection.done.catch(failure.reject);
    },
    stop: async () => {
      try {
        await collection?.stop(stopWithinMs);
      } finally {
        await release?.();
      }
    },
  };
}

function connectorsOf(
  config: Settings,
  kinds: readonly AnyConnectorKind[],
  context: ConnectorContext,
  ready: () => boolean,
): readonly Connector[] {
  const { interval, timeout } = config.collector;
  const timeouts = timeout === undefined ? {} : { timeoutMs: timeout / 1000, connectTimeoutMs: timeout / 1000 };
  const cadence = { intervalMs: interval / 1000, ...timeouts, ready };
  return config.connectors.flatMap((entry) => {
    const kind = kinds.find((candidate) => candidate.kind === entry.type);
    const created = kind === undefined ? [] : createdBy(kind, entry, context);
    return created.map((each) => (isEndpoint(each) ? pollEndpoint(each, cadence, context) : each));
  });
}

function deferred(): { readonly promise: Promise<never>; readonly reject: (error: unknown) => void } {
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  // It is raced against a signal to stop; a failure after that is told by stopping.
  promise.catch(() => undefined);
  return { promise, reject };
}
