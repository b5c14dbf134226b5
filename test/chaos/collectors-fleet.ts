import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeSnapshots } from '../../avro/codec.ts';
import { openCluster } from '../../pipeline/kafka/cluster.ts';
import { kafkaConfig } from '../../pipeline/kafka/config.ts';
import { openConsumer } from '../../pipeline/kafka/consumer.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import { type Actor, createActor } from './actor.ts';
import { MAIN } from './main-file.ts';
import type { Polled } from './poll-book.ts';

export interface FleetOptions {
  /** host:port, several with commas. */
  readonly brokers: string;
  /** Of topics; default 1. */
  readonly replication?: number;
  /** Whether collectors keep in files what Kafka does not take. */
  readonly spool?: boolean;
  /** Words before those that start a collector, by its number: where it is started. */
  readonly inside?: (index: number) => readonly string[];
  readonly endpoints: number;
  readonly collectors: number;
  readonly intervalS: number;
  /** Which names it keeps: of topics, groups and files. */
  readonly name: string;
  readonly instancesPerEndpoint?: number;
}

/** Collectors that share a simulated fleet through a group, and the pipeline that meters it; processes of their own. */
export interface CollectorFleet {
  readonly directory: string;
  readonly collectors: readonly Actor[];
  readonly pipeline: Actor;
  /** A metric of one that is up, summed over labels, or of those with this reason; it is asked on loopback. */
  figure(actor: Actor, name: string, reason?: string): Promise<number>;
  /** What it has logged as an error. */
  errors(actor: Actor): readonly string[];
  /** Every slice in the raw topic. */
  polls(): Promise<readonly Polled[]>;
  /** What the auditor finds; `final`: all have stopped. */
  audited(): Promise<{ readonly code: number | null; readonly residual?: unknown; readonly [figure: string]: unknown }>;
  /** Kills what is left and removes the files. */
  clear(keep?: boolean): void;
}

export const SESSION_S = 6;

/** The coordination topic of a fleet by its name. */
export const coordinationOf = (name: string): string => `${name}.collectors`;

export function createCollectorFleet(options: FleetOptions): CollectorFleet {
  const directory = mkdtempSync(join(tmpdir(), 'hypermeter-collectors-'));
  const actorOf = (role: 'collect' | 'pipeline', id: string, inside: readonly string[] = []): Actor => {
    const log = createWriteStream(join(directory, `${id}.log`), { flags: 'a' });
    const file = join(directory, `${id}.yaml`);
    writeFileSync(file, JSON.stringify(configOf(options, id, directory)));
    const [program = '', ...words] = [...inside, process.execPath, MAIN, role, '-c', file];
    return createActor(id, () => spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] }), log);
  };
  const collectors = Array.from({ length: options.collectors }, (_, index) =>
    actorOf('collect', `collector${index}`, options.inside?.(index)),
  );
  const pipeline = actorOf('pipeline', 'pipeline');
  return {
    directory,
    collectors,
    pipeline,
    figure: ({ name }, metric, reason) => figureOf(join(directory, `${name}.log`), metric, reason),
    errors: ({ name }) =>
      readFileSync(join(directory, `${name}.log`), 'utf8')
        .split('\n')
        .filter((line) => /"level":"(error|fatal)"|did not stop/.test(line)),
    polls: () => pollsIn(options),
    audited: () => audited(directory),
    clear: (keep = false) => {
      for (const actor of [...collectors, pipeline]) actor.kill();
      if (!keep) rmSync(directory, { recursive: true, force: true });
    },
  };
}

const configOf = (options: FleetOptions, id: string, directory: string): object => {
  const { brokers, endpoints, intervalS, name, instancesPerEndpoint = 3, replication = 1, spool = false } = options;
  return {
    service: { id },
    kafka: {
      brokers: brokers.split(','),
      replication,
      topics: { raw: name, deadLetters: `${name}.dead` },
      group: name,
      partitions: 6,
      librdkafka: { 'session.timeout.ms': 6000, 'heartbeat.interval.ms': 500 },
    },
    collector: {
      interval: `${intervalS}s`,
      linger: '50ms',
      group: { topic: coordinationOf(name), name: `${name}.collectors`, sessionTimeout: `${SESSION_S}s` },
      ...(spool ? { spool: { directory: join(directory, `${id}.spool`) } } : {}),
    },
    connectors: [
      {
        type: 'simulator',
        name: 'sim',
        hosts: endpoints,
        instances: endpoints * instancesPerEndpoint,
        faults: 'none',
        since: new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000).toISOString(),
      },
    ],
    pipeline: { windows: [{ size: `${intervalS}s` }], reorder: '10s' },
    meters: ['cpu', 'cpu.delta', 'network.incoming.bytes*', '!*.rate'],
    sinks: [{ type: 'file', path: join(directory, 'meters.jsonl') }],
    ops: { listen: '127.0.0.1:0' },
  };
};

async function pollsIn({ brokers, name }: FleetOptions): Promise<readonly Polled[]> {
  const config = kafkaConfig.parse({ brokers: brokers.split(','), topics: { raw: name }, group: `${name}.reader` });
  const cluster = await openCluster(config, { clock: systemClock, report: () => undefined });
  const consumer = await openConsumer(cluster);
  try {
    const all = [0, 1, 2, 3, 4, 5];
    const ends = await Promise.all(all.map((partition) => consumer.watermarkOffsets(partition)));
    const open = new Map(all.map((partition) => [partition, ends[partition]?.high ?? 0]));
    consumer.assign(all.map((partition) => ({ partition, offset: 0 })));
    const polls: Polled[] = [];
    for (const [partition, high] of open) if (high === 0) open.delete(partition);
    while (open.size > 0)
      for (const { partition, offset, value } of await consumer.pull(500)) {
        for (const { source, poll } of decodeSnapshots(value)) {
          const { hypervisor, collector, generation } = source;
          const { scheduledAt, startedAt, endedAt } = poll;
          polls.push({ hypervisor, collector, generation, partition, scheduledAt, startedAt, endedAt });
        }
        if (offset + 1 >= (open.get(partition) ?? 0)) open.delete(partition);
      }
    return polls;
  } finally {
    await consumer.close();
    await cluster.close();
  }
}

/** The log tells the port of the operator's page, at every start. */
async function figureOf(log: string, metric: string, reason?: string): Promise<number> {
  const port = [...readFileSync(log, 'utf8').matchAll(/"port":(\d+)[^\n]*listening to operators/g)].at(-1)?.[1];
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const labels = reason === undefined ? '' : `reason="${reason}"`;
  const lines = text.split('\n').filter((line) => line.split(/[ {]/, 1)[0] === metric && line.includes(labels));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

async function audited(directory: string): ReturnType<CollectorFleet['audited']> {
  const paths = readdirSync(directory)
    .filter((file) => file.startsWith('meters.jsonl'))
    .map((file) => join(directory, file));
  const words = ['audit', '-c', join(directory, 'pipeline.yaml'), '-o', 'json', '--published', ...paths];
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const { meters: _, imbalances: __, ...figures } = JSON.parse(text || '{}');
  return { code, ...figures };
}
