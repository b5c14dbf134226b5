import { systemClock } from '../../../pipeline/runtime/clock.ts';
import type { ClusterNode } from './node.ts';
import { NAMESPACE, RELEASE } from './release.ts';

/** What was looked at in a running pod, what it was and whether that is as it must be. */
export interface Check {
  readonly what: string;
  readonly seen: string;
  readonly isWell: boolean;
}

/** Asks a container from within: it has no shell, only Node. */
const INSIDE = `
const fs = require('node:fs');
const status = fs.readFileSync('/proc/1/status', 'utf8');
const field = (name) => new RegExp('^' + name + ':\\\\s*(\\\\S+)', 'm').exec(status)?.[1];
const attempt = (path) => { try { fs.writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; } };
const limit = ['/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory.max'].find((path) => fs.existsSync(path));
console.log(JSON.stringify({
  uid: Number(field('Uid')), capabilities: field('CapEff'), noNewPrivileges: field('NoNewPrivs'), seccomp: field('Seccomp'),
  root: attempt('/opt/hypermeter/x'), tmp: attempt('/tmp/x'), config: attempt('/etc/hypermeter/config/x'),
  memoryBytes: Number(fs.readFileSync(limit, 'utf8')), token: fs.existsSync('/var/run/secrets/kubernetes.io/serviceaccount/token'),
}));`;

interface Inside {
  readonly uid: number;
  readonly capabilities: string;
  readonly noNewPrivileges: string;
  readonly seccomp: string;
  readonly root: string;
  readonly tmp: string;
  readonly config: string;
  readonly memoryBytes: number;
  readonly token: boolean;
}

/** Holds a pod against what the chart promises. `memoryMiB` is its limit. */
export async function checkPod({ kubectl }: ClusterNode, pod: string, memoryMiB: number): Promise<readonly Check[]> {
  const inside: Inside = JSON.parse(await kubectl(['-n', NAMESPACE, 'exec', pod, '--', 'node', '-e', INSIDE]));
  const probe = (path: string): Promise<string> =>
    kubectl(['get', '--raw', `/api/v1/namespaces/${NAMESPACE}/pods/${pod}:9464/proxy${path}`]).then(
      () => '200',
      (error: Error) => error.message.trim().split('\n').at(-1) ?? 'failed',
    );
  return [
    { what: 'user', seen: String(inside.uid), isWell: inside.uid === 65_532 },
    { what: 'capabilities', seen: inside.capabilities, isWell: /^0+$/.test(inside.capabilities) },
    { what: 'no new privileges', seen: inside.noNewPrivileges, isWell: inside.noNewPrivileges === '1' },
    { what: 'seccomp', seen: inside.seccomp, isWell: inside.seccomp === '2' },
    { what: 'write to the root file system', seen: inside.root, isWell: inside.root === 'EROFS' },
    { what: 'write to the configuration', seen: inside.config, isWell: inside.config === 'EROFS' },
    { what: 'write to /tmp', seen: inside.tmp, isWell: inside.tmp === 'written' },
    {
      what: 'limit of memory',
      seen: `${inside.memoryBytes / 2 ** 20} MiB`,
      isWell: inside.memoryBytes === memoryMiB * 2 ** 20,
    },
    { what: 'token of the API server', seen: inside.token ? 'there' : 'none', isWell: !inside.token },
    ...(await Promise.all(
      ['/healthz', '/readyz', '/metrics'].map(async (path) => {
        const seen = await probe(path);
        return { what: path, seen, isWell: seen === '200' };
      }),
    )),
  ].map((check) => ({ ...check, what: `${pod}: ${check.what}` }));
}

/** Names are looked up every 10 s, and endpoints are handed over when a collector has just come. */
const PAGE_US = 60e6;

/** The page of all pods, by its Service: it has found so many by their names, and who polls each endpoint. */
export async function checkPage({ kubectl }: ClusterNode, pods: number): Promise<Check> {
  const path = `/api/v1/namespaces/${NAMESPACE}/services/${RELEASE}-page:page/proxy/status.json`;
  const what = 'the page: processes heard, endpoints polled';
  const end = systemClock.monotonic() + PAGE_US;
  for (;;) {
    const { processes, fleet }: PageStatus = JSON.parse(await kubectl(['get', '--raw', path]));
    const live = processes.filter(({ state }) => state === 'live').length;
    const seen = `${live} of ${pods}, ${fleet.endpoints} of ${fleet.listed}`;
    const isWell = live === pods && processes.length === pods && fleet.endpoints === fleet.listed;
    if (isWell || systemClock.monotonic() > end) return { what, seen, isWell };
    await systemClock.sleep(1000);
  }
}

interface PageStatus {
  readonly processes: readonly { readonly state: string }[];
  readonly fleet: { readonly endpoints: number; readonly listed: number | null };
}

/** `hypermeter check` in a pipeline: Kafka and Redis by the names of their Services, its sinks. */
export async function checkFromWithin({ kubectl }: ClusterNode, pod: string): Promise<Check> {
  const program = ['node', '/opt/hypermeter/dist/pipeline/cli/main.js', 'check'];
  const words = ['exec', pod, '--', ...program, '-c', '/etc/hypermeter/config/pipeline.yaml'];
  const what = `${pod}: hypermeter check`;
  return kubectl(['-n', NAMESPACE, ...words]).then(
    () => ({ what, seen: 'all well', isWell: true }),
    (error: Error) => ({ what, seen: error.message, isWell: false }),
  );
}
