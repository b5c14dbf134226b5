import { chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { IMAGE } from './images.ts';
import type { ClusterNode } from './node.ts';
import { BIN, CHART } from './places.ts';
import { KAFKA, REDIS } from './servers.ts';

/** What the fleet is, and how it is polled. */
export interface Load {
  readonly vms: number;
  readonly endpoints: number;
  readonly seed: number;
  /** When its faults began, ISO 8601: the same fleet in every collector. */
  readonly since: string;
}

/** What a revision of the release is about. */
export interface Revision {
  readonly windows: readonly string[];
  readonly pipelines: number;
}

export const NAMESPACE = 'metering';
export const RELEASE = 'metering';
const PIPELINES_AT_MOST = 3;
export const PARTITIONS = 6;
/** Seconds between polls. */
const INTERVAL_S = 1;
const USER = 65_532;
const ARCHIVE = '/var/lib/hypermeter';
const HELM_MS = 180_000;

/** The application's configuration. A file for each size of windows, so that each size can be audited by itself. */
export const configOf = (load: Load, windows: readonly string[], brokers: string): object => ({
  service: { id: 'cluster' },
  kafka: { brokers: [brokers], partitions: PARTITIONS, replication: 1 },
  collector: { interval: `${INTERVAL_S}s` },
  connectors: Array.from({ length: load.endpoints }, (_, index) => ({
    name: `sim${index + 1}`,
    type: 'simulator',
    hosts: 2,
    instances: Math.ceil(load.vms / load.endpoints),
    seed: load.seed + index,
    since: load.since,
    faults: { reboot: 20, migrate: 20, hostAway: 10, wrap32: 0.5 },
  })),
  pipeline: { windows: windows.map((size) => ({ size })), reorder: '2s' },
  meters: ['cpu', 'cpu.delta', 'disk.device.read.bytes*', 'network.incoming.bytes*', 'memory.usage'],
  state: { type: 'redis', url: REDIS },
  sinks: windows.map((size) => ({
    name: `archive-${size}`,
    type: 'file',
    path: `${ARCHIVE}/meters-${size}.jsonl`,
    windows: [size],
  })),
});

const valuesOf = (load: Load, { windows, pipelines }: Revision): object => ({
  fullnameOverride: RELEASE,
  image: { ...IMAGE, pullPolicy: 'Never' },
  config: configOf(load, windows, KAFKA),
  collector: {
    replicas: 2,
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '384Mi' } },
  },
  pipeline: {
    replicas: pipelines,
    resources: { requests: { cpu: '50m', memory: '192Mi' }, limits: { memory: '512Mi' } },
    volumeClaimTemplates: [
      {
        metadata: { name: 'archive' },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '1Gi' } } },
      },
    ],
    volumeMounts: [{ name: 'archive', mountPath: ARCHIVE }],
  },
  page: {
    enabled: true,
    resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '256Mi' } },
  },
});

/** A namespace whose pods must be as strict as there is, and a volume for each pipeline that there may be. */
export async function prepareNamespace({ kubectl, directory }: ClusterNode): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } });
  for (let index = 0; index < PIPELINES_AT_MOST; index++) {
    const path = join(directory, 'archive', String(index));
    await mkdir(path, { recursive: true });
    // What owns it on the node is the image's user: a hostPath is not given to the pod's group.
    await chown(path, USER, USER);
    await kubectl(['apply', '-f', '-'], volumeOf(index, path));
  }
}

const volumeOf = (index: number, path: string): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: `archive-${index}` },
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '1Gi' },
    hostPath: { path, type: 'Directory' },
    claimRef: { namespace: NAMESPACE, name: `archive-${RELEASE}-pipeline-${index}` },
  },
});

/** What the pipelines wrote of one size of windows. */
export async function publishedFiles({ directory }: ClusterNode, size: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (let index = 0; index < PIPELINES_AT_MOST; index++) {
    const folder = join(directory, 'archive', String(index));
    const names = (await readdir(folder)).filter((name) => name.startsWith(`meters-${size}.jsonl`));
    files.push(...names.map((name) => join(folder, name)));
  }
  return files;
}

/** Helm on the node. Everything that changes the release waits until all its pods are ready. */
export interface Release {
  install(revision: Revision): Promise<void>;
  upgrade(revision: Revision): Promise<void>;
  /** To an earlier revision by its number. */
  rollback(to: number): Promise<void>;
  uninstall(): Promise<void>;
}

export function createRelease(node: ClusterNode, load: Load): Release {
  const home = join(node.directory, 'helm');
  const helm = async (...args: readonly string[]): Promise<void> => {
    const where = ['--kubeconfig', join(node.directory, 'admin.kubeconfig'), '--namespace', NAMESPACE];
    const env = { ...process.env, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
    const { code, stderr } = await node.network(join(BIN, 'helm'), [...args, ...where], { env, timeoutMs: HELM_MS });
    if (code !== 0) throw new Error(`helm ${args.slice(0, 2).join(' ')}: ${stderr.trim()}`);
  };
  const WAIT = ['--wait', '--timeout', `${HELM_MS / 1000 - 10}s`];
  const withValues = async (verb: string, revision: Revision): Promise<void> => {
    const file = join(node.directory, 'values.yaml');
    await writeFile(file, stringify(valuesOf(load, revision), { version: '1.1' }));
    await helm(verb, RELEASE, CHART, '--values', file, ...WAIT);
  };
  return {
    install: (revision) => withValues('install', revision),
    upgrade: (revision) => withValues('upgrade', revision),
    rollback: (to) => helm('rollback', RELEASE, String(to), ...WAIT),
    uninstall: () => helm('uninstall', RELEASE, ...WAIT),
  };
}
