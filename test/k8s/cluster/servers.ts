import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterNode } from './node.ts';
import { ADDRESSES } from './node-files.ts';
import { REPOSITORY } from './places.ts';

/** The namespace of Kubernetes in which both are found, by Services that lead to the node's own address. */
const SERVERS = 'servers';
/** As pods know them, by name. */
export const KAFKA = `kafka.${SERVERS}:9092`;
export const REDIS = `redis://redis.${SERVERS}:6379`;
/** As a program on the node knows Kafka. */
export const KAFKA_ON_NODE = '127.0.0.1:19092';

/** A real broker and a real Redis among the node's processes, so that they end with it, and Services that lead there. */
export async function startServers(node: ClusterNode): Promise<void> {
  await Promise.all([startKafka(node), startRedis(node), exposed(node)]);
}

async function startKafka({ directory, inside }: ClusterNode): Promise<void> {
  const env = {
    ...process.env,
    KAFKA_DIR: join(directory, 'kafka'),
    TLS_DIR: join(directory, 'tls'),
    KAFKA_HEAP: '384m',
    KAFKA_ELSEWHERE: `${ADDRESSES.node}:9092=${KAFKA}`,
  };
  const { code, stdout, stderr } = await inside(join(REPOSITORY, 'test/services/start-kafka.sh'), [], { env });
  if (code !== 0) throw new Error(`Kafka did not start: ${stderr}${stdout}`);
}

async function startRedis({ directory, inside }: ClusterNode): Promise<void> {
  const home = join(directory, 'redis');
  await mkdir(home, { recursive: true });
  const words = [
    `bind ${ADDRESSES.node}`,
    'port 6379',
    // Only pods reach it, which is whom it is for.
    'protected-mode no',
    `dir ${home}`,
    'save ""',
    'appendonly yes',
    'daemonize yes',
    `logfile ${home}/log`,
  ];
  await writeFile(join(home, 'redis.conf'), `${words.join('\n')}\n`);
  const { code, stderr } = await inside('redis-server', [join(home, 'redis.conf')]);
  if (code !== 0) throw new Error(`Redis did not start: ${stderr}`);
}

async function exposed({ kubectl }: ClusterNode): Promise<void> {
  const metadata = { name: SERVERS };
  await kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'Namespace', metadata });
  const items = [...atNode('kafka', 9092), ...atNode('redis', 6379)];
  await kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
}

/** A Service without pods, and where it leads. */
const atNode = (name: string, port: number): readonly object[] => [
  { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: SERVERS }, spec: { ports: [{ port }] } },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: SERVERS, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [ADDRESSES.node], conditions: { ready: true } }],
    ports: [{ port }],
  },
];
