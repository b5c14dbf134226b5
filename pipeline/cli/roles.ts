import { type Keeper, startKeeper } from '../inventory/keeper.ts';
import { openKeeperLog } from '../inventory/keeper-log.ts';
import { ensureTopic } from '../kafka/admin.ts';
import { type Cluster, openCluster } from '../kafka/cluster.ts';
import { openConsumer } from '../kafka/consumer.ts';
import { type DeadLetters, openDeadLetters } from '../kafka/dead-letters.ts';
import type { DeriveRules } from '../model/derive.ts';
import { select } from '../model/meters.ts';
import type { Rules } from '../model/rules.ts';
import type { PipelineWatch } from '../page/page.ts';
import { type Pipeline, startPipeline } from '../pipeline.ts';
import type { Environment } from '../runtime/config/interpolate.ts';
import type { Part } from '../runtime/lifecycle.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Tracing } from '../runtime/tracing.ts';
import { type DeadSamples, deadSampleJson } from '../sinks/dead-samples.ts';
import type { Delivery } from '../sinks/fanout.ts';
import { createDelivery } from '../sinks/registry.ts';
import type { SinkContext } from '../sinks/sink.ts';
import { createStore } from '../state/open.ts';
import type { Settings } from './composition.ts';

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
  readonly tracing?: Tracing | undefined;
  /** For `${VAR}` in files of endpoints. */
  readonly env: Environment;
  /** The status page, if there is one. */
  readonly page?: PipelineWatch | undefined;
}

/** The Kafka cluster, without asking whether it is there. The embedded broker lives in it. */
export function openedPart({ config, runtime }: Pick<Shared, 'config' | 'runtime'>): {
  part: Part;
  cluster: () => Cluster;
} {
  let opened: Cluster | undefined;
  const part: Part = {
    name: 'kafka',
    start: async () => {
      opened = await openCluster(config.kafka, runtime);
    },
    stop: async () => opened?.close(),
  };
  const cluster = (): Cluster => {
    if (!opened) throw new Error('the cluster is opened before what uses it');
    return opened;
  };
  return { part, cluster };
}

/** The Kafka cluster, with the raw topic in place. The embedded broker lives in it. */
export function clusterPart({ config, runtime }: Pick<Shared, 'config' | 'runtime'>): {
  part: Part;
  cluster: () => Prepared;
} {
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
  { config, runtime, tracing }: Pick<Shared, 'config' | 'runtime' | 'tracing'>,
  letters: () => DeadLetters,
): SinkContext => ({
  clock: runtime.clock,
  report: runtime.report,
  publisherId: config.service.id,
  tracing,
  keep: ({ sink, reason, samples }: DeadSamples) =>
    letters().keep(
      samples.map((sample) => ({ value: Buffer.from(deadSampleJson(sample)), headers: { sink, reason } })),
    ),
});

/** The configured sinks as one, opened early so that a wrong destination shows at start. */
export function sinkPart(
  shared: Pick<Shared, 'config' | 'runtime' | 'tracing'>,
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
  { config, runtime, cluster, page, tracing }: Shared,
  delivery: Delivery,
  letters: () => DeadLetters,
): Role {
  const failure = deferred();
  let pipeline: Pipeline | undefined;
  let release: (() => Promise<void>) | undefined;
  page?.expect(delivery.sinks);
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
        watch: page?.take,
        tracing,
      });
      page?.watch(pipeline.owned);
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

/** Keeps the inventory topic beside the pipeline, if the configuration names one. What goes wrong with it stays there. */
export function inventoryPart({ config, runtime, cluster }: Shared): readonly Part[] {
  const { topic, since, retention, refresh } = config.inventory;
  if (topic === undefined) return [];
  const { clock, report } = runtime;
  let keeper: Keeper | undefined;
  return [
    {
      name: 'inventory',
      start: async () => {
        const { partitions } = cluster();
        const group = inventoryGroupOf(config);
        const open = () => openKeeperLog(cluster(), { topic, group, partitions });
        keeper = startKeeper({ open, rules: { retention, refresh }, since, clock, report });
      },
      stop: async () => keeper?.stop(),
    },
  ];
}

const inventoryGroupOf = ({ inventory, kafka }: Settings): string => inventory.group ?? `${kafka.group}.inventory`;

/** A promise that only ever rejects, and how. */
export function deferred(): { readonly promise: Promise<never>; readonly reject: (error: unknown) => void } {
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  // It is raced against a signal to stop; a failure after that is told by stopping.
  promise.catch(() => undefined);
  return { promise, reject };
}
