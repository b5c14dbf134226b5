import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { BIN, KAFKA_HOME } from './places.ts';

/** Programs in the path, and Debian's package that brings each. */
const PACKAGES: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  ctr: 'containerd',
  iptables: 'iptables',
  ip: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  openssl: 'openssl',
  mmdebstrap: 'mmdebstrap',
  java: 'openjdk-17-jre-headless',
  'redis-server': 'redis-server',
};
/** Debian's plugins, which pods get their network of. */
export const CNI = '/usr/lib/cni';

const BUILT = 'etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy coredns pause'.split(' ');
const HELM = ['helm', 'kubectl'];

/** What is missing for a node of our own, a line each with its remedy. */
export function missing(): readonly string[] {
  const lines: string[] = [];
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    lines.push('not root on Linux: the node is made of namespaces');
  else if (!existsSync('/sys/fs/cgroup/memory/tasks') || !existsSync('/sys/fs/cgroup/cpuset/tasks'))
    lines.push('cgroups are not version 1: the node was never tried with others');
  const packages = Object.entries(PACKAGES).filter(([program]) => !isInPath(program));
  const names = new Set(packages.map(([, name]) => name));
  if (!existsSync(join(CNI, 'bridge'))) names.add('containernetworking-plugins');
  if (names.size > 0)
    lines.push(
      `apt-get install ${[...names].join(' ')}: ${packages.map(([program]) => program).join(', ') || CNI} missing`,
    );
  if (!existsSync(join(KAFKA_HOME, 'lib')))
    lines.push(`test/services/start-kafka.sh && test/services/stop.sh kafka: no broker in ${KAFKA_HOME}`);
  if (!HELM.every(isBuilt)) lines.push(`test/services/build-helm.sh: ${lackOf(HELM)} not in ${BIN}`);
  if (!BUILT.every(isBuilt)) lines.push(`test/services/build-kubernetes.sh node: ${lackOf(BUILT)} not in ${BIN}`);
  return lines;
}

const isBuilt = (program: string): boolean => existsSync(join(BIN, program));
const lackOf = (programs: readonly string[]): string => programs.filter((program) => !isBuilt(program)).join(', ');
const isInPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)));
