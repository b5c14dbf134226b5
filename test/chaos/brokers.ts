import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import rdkafka from 'node-rdkafka';
import { type Server, script, serverOf } from './servers.ts';

const run = promisify(execFile);
const ASK_MS = 10_000;
/** Each partition's leader coordinates the groups whose names hash to it. */
const GROUPS = '__consumer_offsets';

export interface BrokersOptions {
  readonly directory: string;
  /** One, or three, of which a topic needs two. */
  readonly count: 1 | 3;
  /** The first of two a broker. */
  readonly port: number;
  readonly host?: string;
}

/** Brokers that are one cluster. */
export interface Brokers {
  /** host:port of each, with commas. */
  readonly bootstrap: string;
  readonly count: number;
  /** By number, from 1. */
  readonly nodes: ReadonlyMap<number, Server>;
  /** Starts those that are not up, all at once. */
  again(): Promise<void>;
  /** The number of the broker that coordinates a group. */
  coordinatorOf(group: string): Promise<number>;
  /** The leader and the replicas in sync of each partition of a topic that is there, as the brokers tell. */
  described(topic: string): Promise<readonly PartitionState[]>;
}

export interface PartitionState {
  /** −1: there is none. */
  readonly leader: number;
  readonly inSync: readonly number[];
}

/** Starts real brokers with data in a directory of their own. Rejects if one of them does not come up. */
export async function startBrokers({ directory, count, port, host = '127.0.0.1' }: BrokersOptions): Promise<Brokers> {
  const words = { KAFKA_DIR: directory, KAFKA_PORT: String(port), KAFKA_HOST: host, KAFKA_NODES: String(count) };
  const env = { ...process.env, ...words };
  const start = async (...which: readonly number[]): Promise<string> =>
    (await run(script('start-kafka-cluster.sh'), which.map(String), { env })).stdout.trim();
  const bootstrap = await start();
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const nodeOf = (node: number): Server =>
    serverOf(join(directory, String(node), 'pid'), async () => void (await start(node)));
  return {
    bootstrap,
    count,
    nodes: new Map(numbers.map((node) => [node, nodeOf(node)])),
    again: async () => void (await start()),
    described: (topic) => describe(bootstrap, topic),
    coordinatorOf: async (group) => {
      const partitions = await describe(bootstrap, GROUPS);
      return partitions[javaHash(group) % partitions.length]?.leader ?? -1;
    },
  };
}

async function describe(bootstrap: string, topic: string): Promise<readonly PartitionState[]> {
  const client = new rdkafka.Producer({ 'bootstrap.servers': bootstrap });
  const asked = { topic, timeout: ASK_MS };
  const metadata = await new Promise<rdkafka.Metadata>((resolve, reject) => {
    client.connect(asked, (error, told) => (error ? reject(error) : resolve(told)));
  });
  await new Promise((resolve) => client.disconnect(resolve));
  const found = metadata.topics.find(({ name }) => name === topic)?.partitions ?? [];
  return [...found].sort((a, b) => a.id - b.id).map(({ leader, isrs }) => ({ leader, inSync: isrs }));
}

/** Java's `String.hashCode`, without its sign. */
const javaHash = (text: string): number =>
  [...text].reduce((hash, letter) => (Math.imul(31, hash) + letter.charCodeAt(0)) | 0, 0) & 0x7fffffff;
