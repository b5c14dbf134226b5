import { systemClock } from '../../../pipeline/runtime/clock.ts';
import type { ClusterNode } from './node.ts';
import type { PodObject } from './pod-book.ts';
import { NAMESPACE, PARTITIONS, RELEASE } from './release.ts';

/** The pods of the release, and what is done to single ones. */
export interface Pods {
  names(role: 'collector' | 'pipeline'): Promise<readonly string[]>;
  /** Tells one to stop, and does not wait. */
  remove(name: string): Promise<void>;
  /** Resolves when the pipelines' budget allows one of them to be taken away. */
  evictable(): Promise<void>;
  /** Asks for an eviction by the API, as a drain does. */
  evict(name: string): Promise<'allowed' | 'refused by its budget'>;
  /** Resolves when so many are there and all of them are ready. */
  ready(count: number): Promise<void>;
  /** Resolves when every partition has been read by one of the pipelines that are there. */
  taken(): Promise<void>;
  gone(): Promise<void>;
}

const WITHIN_MS = 120_000;
const READ = /^hypermeter_messages_read_total\{partition="(\d+)"\} [1-9]/gm;

export function createPods({ kubectl }: ClusterNode): Pods {
  const own = (...args: readonly string[]): Promise<string> => kubectl(['-n', NAMESPACE, ...args]);
  const list = async (...selected: readonly string[]): Promise<readonly PodObject[]> =>
    JSON.parse(await own('get', 'pods', ...selected, '-o', 'json')).items;
  const names: Pods['names'] = async (role) =>
    (await list('-l', `app.kubernetes.io/component=${role}`)).map(({ metadata }) => metadata.name);
  const metrics = (pod: string): Promise<string> =>
    kubectl(['get', '--raw', `/api/v1/namespaces/${NAMESPACE}/pods/${pod}:9464/proxy/metrics`]).catch(() => '');
  return {
    names,
    remove: async (name) => {
      await own('delete', 'pod', name, '--wait=false');
    },
    evictable: () =>
      until('the budget allows an eviction', async () => {
        const path = 'jsonpath={.status.disruptionsAllowed}';
        return (await own('get', 'poddisruptionbudget', `${RELEASE}-pipeline`, '-o', path)) === '1';
      }),
    evict: async (name) => {
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: NAMESPACE } };
      const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`;
      try {
        await kubectl(['create', '--raw', path, '-f', '-'], eviction);
        return 'allowed';
      } catch (error) {
        if (error instanceof Error && error.message.includes("violate the pod's disruption budget"))
          return 'refused by its budget';
        throw error;
      }
    },
    ready: (count) =>
      until(`${count} pods are ready`, async () => {
        const pods = await list();
        return pods.length === count && pods.every(isReady);
      }),
    taken: () =>
      until(`all ${PARTITIONS} partitions are read`, async () => {
        const pages = await Promise.all((await names('pipeline')).map(metrics));
        const read = pages.flatMap((page) => [...page.matchAll(READ)].map(([, partition]) => partition));
        return new Set(read).size === PARTITIONS;
      }),
    gone: () => until('all pods are gone', async () => (await list()).length === 0),
  };
}

const isReady = ({ metadata, status }: PodObject): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = systemClock.monotonic() + WITHIN_MS * 1000;
  while (!(await condition())) {
    if (systemClock.monotonic() > end) throw new Error(`${what}: not within ${WITHIN_MS / 1000} s`);
    await systemClock.sleep(250);
  }
}
