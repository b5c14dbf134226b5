import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';

/**
 * The real servers that suites need, how to tell that one is there, and the command that provides it.
 * Where HYPERMETER_SERVICES=required (CI) a missing one fails the run; else its suites are skipped, aloud.
 */
const SERVICES = {
  kafka: {
    probe: () => listens(19092),
    provide: 'test/services/start-kafka.sh',
  },
  redis: {
    probe: () => listens(16379),
    provide: 'test/services/start-redis.sh',
  },
  rabbit: {
    probe: () => listens(15673),
    provide: 'test/services/start-rabbit.sh',
  },
  libvirt: {
    probe: () => listens(Number(process.env.LIBVIRT_TCP ?? 16509)),
    provide: 'sudo test/services/start-libvirt.sh',
  },
  python: {
    probe: () =>
      runs(`${pythonHome}/bin/python`, [
        '-c',
        'import fastavro, msgpack, confluent_kafka, XenAPI, winrm, requests_ntlm, proxmoxer, requests, openstack',
      ]),
    provide: 'test/services/install-python.sh',
  },
  ceilometer: {
    probe: () => runs(ceilometerPython, ['-c', 'import ceilometer']),
    provide: 'test/services/install-ceilometer.sh',
  },
  ceilometerPolling: {
    probe: () => runs(ceilometerPython, ['-c', 'import ceilometer, libvirt']),
    provide: 'apt-get install libvirt-dev pkg-config gcc && test/services/install-ceilometer.sh',
  },
  telegraf: {
    probe: () => runs(`${bin}/telegraf`, ['--version']),
    provide: 'test/services/build-go.sh telegraf',
  },
  gnocchi: {
    probe: () => runs(gnocchiPython, ['-c', 'import gnocchi.carbonara']),
    provide: 'test/services/install-gnocchi.sh',
  },
  prometheus: {
    probe: () => listens(19392),
    provide: 'test/services/start-prometheus.sh',
  },
  prometheus3: {
    probe: () => listens(19393),
    provide: 'test/services/build-prometheus.sh && test/services/start-prometheus.sh 3',
  },
  otelcol: {
    probe: () => runs(otelcol, ['--version']),
    provide: 'test/services/build-go.sh otelcol',
  },
  dig: {
    probe: () => runs('dig', ['-v']),
    provide: 'apt-get install dnsutils',
  },
  rrdtool: {
    probe: () => runs('rrdtool', ['--version']),
    provide: 'apt-get install rrdtool',
  },
  xenApi: {
    probe: async () => existsSync(xenApi),
    provide: 'test/services/install-xen-api.sh',
  },
  ceilometer9: {
    probe: () => runs(ceilometer9Python, ['-c', 'import ceilometer.transformer.arithmetic']),
    provide: 'test/services/install-ceilometer9.sh',
  },
  vcsim: {
    probe: () => listens(18989),
    provide: 'test/services/build-vcsim.sh && test/services/start-vcsim.sh',
  },
  govc: {
    probe: () => runs(govc, ['version']),
    provide: 'test/services/build-vcsim.sh',
  },
  helm: {
    probe: async () =>
      [helm, helm3].every((program) => runs(program, ['version', '--short'])) && runs(kubectl, ['version', '--client']),
    provide: 'test/services/build-helm.sh',
  },
  promtool: {
    probe: () => runs('promtool', ['--version']),
    provide: 'apt-get install prometheus',
  },
  zsh: {
    probe: () => runs('zsh', ['--version']),
    provide: 'apt-get install zsh',
  },
  fish: {
    probe: () => runs('fish', ['--version']),
    provide: 'apt-get install fish',
  },
  mandoc: {
    probe: async () => isInPath('mandoc'),
    provide: 'apt-get install mandoc',
  },
  systemd: {
    probe: () => runs('systemd-analyze', ['--version']),
    provide: 'apt-get install systemd',
  },
  mmdebstrap: {
    // It makes a root file system with owners of its own.
    probe: async () => process.getuid?.() === 0 && isInPath('mmdebstrap'),
    provide: 'apt-get install mmdebstrap, as root',
  },
  kubernetes: {
    probe: async () => runs(`${bin}/kube-apiserver`, ['--version']) && runs(`${bin}/etcd`, ['--version']),
    provide: 'test/services/build-helm.sh && test/services/build-kubernetes.sh',
  },
  chromium: {
    probe: async () => existsSync(chromium),
    provide: 'apt-get install --no-install-recommends chromium',
  },
  wslenum: {
    probe: async () => ['wslenum', 'curl', 'xmllint'].every(isInPath),
    provide: 'apt-get install wsl curl libxml2-utils',
  },
  ntlmAuth: {
    probe: async () => isInPath('ntlm_auth'),
    provide: 'apt-get install winbind',
  },
  namespaces: {
    probe: async () => runs('unshare', ['--net', 'ip', 'link', 'add', 'probe0', 'type', 'bridge']),
    provide: 'apt-get install iproute2, as root (network namespaces)',
  },
  kerberos: {
    probe: () =>
      ['krb5kdc', 'kdb5_util', 'kadmin.local', 'kinit'].every(isInPath) &&
      runs(`${pythonHome}/bin/python`, ['-c', 'import spnego, gssapi, kerberos, winrm']) &&
      runs(process.execPath, ['--input-type=module', '-e', "import 'kerberos'"]),
    provide:
      'apt-get install krb5-kdc krb5-admin-server krb5-user libkrb5-dev python3-dev g++, npm ci and test/services/install-kerberos.sh',
  },
} as const;
export type ServiceName = keyof typeof SERVICES;

/** The Python environment of the foreign judges (fastavro, msgpack, confluent_kafka, XenAPI, pywinrm). */
export const pythonHome = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hypermeter/python`;

/** Ceilometer's own Python, apart because it pins a hundred dependencies. */
export const ceilometerPython = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hypermeter/ceilometer/bin/python`;

/** The Python of Gnocchi's library. */
export const gnocchiPython = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hypermeter/gnocchi/bin/python`;

/** npm's xen-api, which is no dependency of ours. */
export const xenApi = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hypermeter/xen-api/node_modules/xen-api/index.mjs`;

/** The OpenTelemetry Collector that the tests start. */
export const otelcol = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hypermeter/bin/otelcol`;

/** The browser that looks at the status page. */
export const chromium = '/usr/bin/chromium';

/** Programs that the build scripts keep. */
export const bin = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hypermeter/bin`;

/** Helm 4 and 3, and kubectl. */
export const helm = `${bin}/helm`;
export const helm3 = `${bin}/helm3`;
export const kubectl = `${bin}/kubectl`;

/** The command line client of govmomi, which judges the fake vCenter. */
export const govc = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hypermeter/bin/govc`;

/** The Python 3.6 of Ceilometer 9.0.7, which has transformers, pipelines in one file, and a UDP collector. */
export const ceilometer9Python = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hypermeter/ceilometer9/bin/python`;

/** What a run that requires services does without, aloud: what could not be built in its time. */
const WITHOUT = process.env.HYPERMETER_WITHOUT?.split(',') ?? [];

/**
 * True if the service is there. Use it as `describe.skipIf(!(await available('kafka')))('… [kafka]', …)`:
 * the name in brackets lets the tally at the end of the run say what was skipped and how to provide it.
 */
export async function available(name: ServiceName): Promise<boolean> {
  const there = await SERVICES[name].probe();
  if (!there && WITHOUT.includes(name)) return false;
  if (!there && process.env.HYPERMETER_SERVICES === 'required')
    throw new Error(`${name} is required here and not running: ${SERVICES[name].provide}`);
  return there;
}

/** The command that provides a service named in a suite's brackets. */
export const provide = (name: string): string | undefined =>
  name in SERVICES ? SERVICES[name as ServiceName].provide : undefined;

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

const isInPath = (command: string): boolean =>
  (process.env.PATH ?? '').split(':').some((directory) => existsSync(`${directory}/${command}`));

function runs(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
}
