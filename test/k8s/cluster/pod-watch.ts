import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import type { ClusterNode } from './node.ts';
import { BIN } from './places.ts';
import { noted, type PodBook, type PodEvent, type PodObject } from './pod-book.ts';

export interface PodWatch {
  readonly book: () => PodBook;
  stop(): Promise<void>;
}

/** Keeps a book of all pods of a namespace from now on, and what each says: it is gone with the pod otherwise. */
export function watchPods(node: ClusterNode, namespace: string): PodWatch {
  let book: PodBook = new Map();
  const path = `/api/v1/namespaces/${namespace}/pods?watch=true`;
  const child = started(node, ['get', '--raw', path]);
  const follow = follower(node, namespace);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as PodEvent;
    book = noted(book, event, systemClock.monotonic());
    if (event.type !== 'BOOKMARK' && event.type !== 'ERROR') follow(event.object);
  });
  return {
    book: () => book,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill();
      await gone;
    },
  };
}

/** The folder of a node's directory with a file for each pod. */
const PODS_SAID = 'pods';

/** Each file is written until its pod has ended. */
function follower(node: ClusterNode, namespace: string): (pod: PodObject) => void {
  const followed = new Set<string>();
  mkdirSync(join(node.directory, PODS_SAID), { recursive: true });
  return ({ metadata: { uid, name }, status }) => {
    const isRunning = status?.containerStatuses?.[0]?.state.running !== undefined;
    if (!isRunning || followed.has(uid)) return;
    followed.add(uid);
    const file = createWriteStream(join(node.directory, PODS_SAID, `${name}-${uid.slice(0, 8)}.log`));
    started(node, ['logs', '--follow', '--namespace', namespace, name]).stdout.pipe(file);
  };
}

function started({ spawned, directory }: ClusterNode, args: readonly string[]) {
  const words = ['--kubeconfig', join(directory, 'admin.kubeconfig'), ...args];
  const child = spawned(join(BIN, 'kubectl'), words);
  child.stderr.resume();
  return child;
}
