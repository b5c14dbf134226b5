import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { stringify } from 'yaml';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { CLIENTS, kubeconfigOf, writeCertificates } from './certificates.ts';
import { clearCgroups, makeCgroups } from './cgroups.ts';
import { ADDRESSES, filesOf } from './node-files.ts';
import { BIN, REPOSITORY } from './places.ts';
import { printed, type Ran, type RunOptions, ran } from './programs.ts';

export type Spawned = ChildProcessByStdio<null, Readable, Readable>;

/** One node of Kubernetes with its control plane, in namespaces of its own; nothing of it listens outside them. */
export interface ClusterNode {
  /** Directory of everything that it keeps; gone with it. */
  readonly directory: string;
  /** Runs a program among the node's processes, which end with it. */
  inside(program: string, args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Starts a program of ours that sees the node's network and nothing else of it. */
  spawned(program: string, args: readonly string[]): Spawned;
  /** Runs one to its end. */
  network(program: string, args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** What kubectl prints. Throws what it says if it fails. */
  kubectl(args: readonly string[], input?: object): Promise<string>;
}

const READY_MS = 120_000;
const INIT = join(REPOSITORY, 'test/k8s/cluster/init.sh');

/** A node that is not there yet. `stop` ends and removes whatever there is of it by then. */
export interface StartingNode {
  /** Resolves when the node is Ready and has these images (tars). */
  readonly node: Promise<ClusterNode>;
  stop(): Promise<void>;
}

/** Starts one. With `keep` its directory stays, with what its programs and pods said. */
export async function startNode(images: readonly string[], keep = false): Promise<StartingNode> {
  const directory = await mkdtemp(join(tmpdir(), 'hypermeter-node-'));
  const name = `hypermeter-node-${process.pid}`;
  await clearCgroups();
  await makeCgroups(name);
  await writeFiles(directory, name);
  const child = spawnInit(directory, name);
  return {
    node: started(child, directory, name, images),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit');
        child.stdin?.end();
        await gone;
      }
      await clearCgroups(name);
      if (!keep) await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}

async function started(
  child: ChildProcess,
  directory: string,
  name: string,
  images: readonly string[],
): Promise<ClusterNode> {
  try {
    const node = entered(directory, await initOf(child));
    await imported(node, images);
    await ready(node, child, name);
    return node;
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${logsOf(directory)}`, { cause: error });
  }
}

async function writeFiles(directory: string, name: string): Promise<void> {
  for (const folder of ['cni', 'containerd', 'etcd', 'kubelet', 'log', 'pki'])
    await mkdir(join(directory, folder), { recursive: true });
  const pki = join(directory, 'pki');
  await writeCertificates(pki, { node: name, nodeAddress: ADDRESSES.node, serviceAddress: ADDRESSES.api });
  for (const client of CLIENTS)
    await writeFile(join(directory, `${client}.kubeconfig`), stringify(kubeconfigOf(pki, client)), { mode: 0o600 });
  for (const [file, text] of Object.entries(filesOf(directory, name))) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), text);
  }
}

/** The pipe is what it lives by: closed, the namespaces end, and so they do when this process is killed. */
function spawnInit(directory: string, name: string): ChildProcess {
  const namespaces = ['--mount', '--net', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc'];
  const own = { NODE_RUN: directory, NODE_NAME: name, NODE_IP: ADDRESSES.node, SERVICES: ADDRESSES.services, BIN };
  const child = spawn('unshare', [...namespaces, '--propagation', 'private', INIT], {
    env: { ...process.env, ...own },
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl-C is for who started it, which closes the pipe.
    detached: true,
  });
  const log = createWriteStream(join(directory, 'log/init.log'));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.stdin.on('error', () => undefined);
  return child;
}

/** Process 1 of the namespaces, by its number outside them. */
async function initOf({ pid }: ChildProcess): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const init = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
    if (init > 0 && readFileSync(`/proc/${init}/cmdline`, 'utf8').includes('init.sh')) return init;
    await systemClock.sleep(100);
  }
  throw new Error('the namespaces of the node could not be made');
}

function entered(directory: string, init: number): ClusterNode {
  const all = ['-t', String(init), '-m', '-n', '-p', '-u', '-i', '--'];
  const net = ['-t', String(init), '-n', '--'];
  const network: ClusterNode['network'] = (program, args, options) =>
    ran('nsenter', [...net, program, ...args], options);
  return {
    directory,
    inside: (program, args, options) => ran('nsenter', [...all, program, ...args], options),
    network,
    spawned: (program, args) => spawn('nsenter', [...net, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }),
    kubectl: (args, input) =>
      printed(
        'nsenter',
        [...net, join(BIN, 'kubectl'), '--kubeconfig', join(directory, 'admin.kubeconfig'), ...args],
        input === undefined ? {} : { input: JSON.stringify(input) },
      ),
  };
}

async function imported({ directory, inside }: ClusterNode, images: readonly string[]): Promise<void> {
  const ctr = (...args: readonly string[]): Promise<Ran> =>
    inside('ctr', ['--address', join(directory, 'containerd.sock'), '--namespace', 'k8s.io', ...args]);
  await until('containerd answers', async () => (await ctr('version')).code === 0);
  for (const image of images) {
    const { code, stderr } = await ctr('images', 'import', image);
    if (code !== 0) throw new Error(`containerd does not take ${image}: ${stderr}`);
  }
}

const READY = '{.items[*].status.conditions[?(@.type=="Ready")].status}';

async function ready({ kubectl }: ClusterNode, child: ChildProcess, name: string): Promise<void> {
  await until(`${name} is Ready`, async () => {
    if (child.exitCode !== null) throw new Error('process 1 of the node has ended');
    const status = await kubectl(['get', 'nodes', '-o', `jsonpath=${READY}`]).catch(() => '');
    return status === 'True';
  });
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = systemClock.monotonic() + READY_MS * 1000;
  while (!(await condition())) {
    if (systemClock.monotonic() > end) throw new Error(`${what}: not within ${READY_MS / 1000} s`);
    await systemClock.sleep(200);
  }
}

const LOGS = ['init', 'containerd', 'etcd', 'kube-apiserver', 'kubelet'];

/** The ends of what its programs said, of those that said anything. */
const logsOf = (directory: string): string =>
  LOGS.map((program) => {
    try {
      const lines = readFileSync(join(directory, 'log', `${program}.log`), 'utf8')
        .trim()
        .split('\n');
      return `${program}: ${lines.slice(-5).join('\n  ')}`;
    } catch {
      return `${program}: did not start`;
    }
  }).join('\n');
