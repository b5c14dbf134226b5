import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { bin, kubectl } from './service.ts';

/** The API server of Kubernetes on loopback with an etcd of its own: no controllers, no nodes, nothing runs. */
export interface ApiServer {
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

const READY_MS = 60_000;

/** Starts one with nothing in it. Some five seconds. */
export async function startApiServer(): Promise<ApiServer> {
  const directory = await mkdtemp(join(tmpdir(), 'hypermeter-kubernetes-'));
  const [client = 0, peer = 0, port = 0] = await freePorts(3);
  const token = randomBytes(16).toString('hex');
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, stringify(configOf(port, token)));
  await writeFile(join(directory, 'tokens.csv'), `${token},admin,admin,"system:masters"\n`);
  await promisify(execFile)('openssl', ['genrsa', '-out', join(directory, 'sa.key'), '2048']);
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children.reverse()) await ended(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    children.push(startEtcd(directory, client, peer), startServer(directory, client, port));
    await ready(kubeconfig, children);
    return { kubeconfig, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startEtcd(directory: string, client: number, peer: number): ChildProcess {
  const [clients, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  return start('etcd', directory, [
    ...['--data-dir', join(directory, 'etcd'), '--unsafe-no-fsync', '--log-level', 'error'],
    ...['--listen-client-urls', clients, '--advertise-client-urls', clients],
    ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`],
  ]);
}

const startServer = (directory: string, etcd: number, port: number): ChildProcess =>
  start('kube-apiserver', directory, [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(directory, 'certificates')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(directory, 'sa.key')}`,
    `--service-account-signing-key-file=${join(directory, 'sa.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    `--token-auth-file=${join(directory, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
  ]);

function start(program: string, directory: string, args: readonly string[]): ChildProcess {
  const child = spawn(join(bin, program), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(join(directory, `${program}.log`));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  return child;
}

async function ready(kubeconfig: string, children: readonly ChildProcess[]): Promise<void> {
  const end = Date.now() + READY_MS;
  while (Date.now() < end) {
    if (children.some(({ exitCode }) => exitCode !== null))
      throw new Error('etcd or the API server ended at the start');
    const answer = await promisify(execFile)(kubectl, ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz']).catch(
      () => undefined,
    );
    if (answer?.stdout === 'ok') return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the API server was not ready within ${READY_MS} ms`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

const configOf = (port: number, token: string): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'local', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
  users: [{ name: 'admin', user: { token } }],
  contexts: [{ name: 'local', context: { cluster: 'local', user: 'admin' } }],
  'current-context': 'local',
});

/** Ports of loopback that nobody listens on just now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address === 'object' && address !== null) ports.push(address.port);
  }
  for (const server of servers) server.close();
  return ports;
}
