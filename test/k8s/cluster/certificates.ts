import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { printed } from './programs.ts';

/** Who a certificate names and what for. */
interface Certificate {
  readonly subject: string;
  readonly usage: 'serverAuth' | 'clientAuth';
  /** Names and addresses of a server. */
  readonly names?: string;
}

export interface Names {
  readonly node: string;
  readonly nodeAddress: string;
  /** Of the API server's own Service. */
  readonly serviceAddress: string;
}

const certificatesOf = ({ node, nodeAddress, serviceAddress }: Names): Readonly<Record<string, Certificate>> => ({
  apiserver: {
    subject: '/CN=kube-apiserver',
    usage: 'serverAuth',
    names: `IP:127.0.0.1,IP:${nodeAddress},IP:${serviceAddress},DNS:localhost,DNS:kubernetes.default.svc`,
  },
  'kubelet-server': { subject: `/CN=${node}`, usage: 'serverAuth', names: `IP:${nodeAddress},DNS:${node}` },
  'kubelet-client': { subject: '/O=system:masters/CN=kubelet-client', usage: 'clientAuth' },
  admin: { subject: '/O=system:masters/CN=admin', usage: 'clientAuth' },
  controllers: { subject: '/CN=system:kube-controller-manager', usage: 'clientAuth' },
  scheduler: { subject: '/CN=system:kube-scheduler', usage: 'clientAuth' },
  proxy: { subject: '/CN=system:kube-proxy', usage: 'clientAuth' },
  kubelet: { subject: `/O=system:nodes/CN=system:node:${node}`, usage: 'clientAuth' },
});

const DAYS = '2';
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority of the cluster's own in `pki/` and whatever it vouches for: `NAME.crt`, `NAME.key`; `sa.key` signs tokens. */
export async function writeCertificates(pki: string, names: Names): Promise<void> {
  const at = (file: string): string => join(pki, file);
  const openssl = (...args: readonly string[]): Promise<string> => printed('openssl', args);
  const ca = ['-subj', '/CN=cluster', '-keyout', at('ca.key'), '-out', at('ca.crt')];
  await openssl('req', '-x509', ...KEY, '-days', DAYS, ...ca);
  await openssl('genrsa', '-out', at('sa.key'), '2048');
  for (const [name, { subject, usage, names: alternative }] of Object.entries(certificatesOf(names))) {
    const request = ['-subj', subject, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`)];
    await openssl('req', ...KEY, ...request);
    const extensions = [`extendedKeyUsage=${usage}`, ...(alternative ? [`subjectAltName=${alternative}`] : [])];
    await writeFile(at(`${name}.extensions`), `${extensions.join('\n')}\n`);
    const signed = ['-in', at(`${name}.csr`), '-out', at(`${name}.crt`), '-extfile', at(`${name}.extensions`)];
    const by = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', DAYS];
    await openssl('x509', '-req', ...signed, ...by);
  }
}

/** Who of them talks to the API server, each with a `NAME.kubeconfig`. */
export const CLIENTS = ['admin', 'controllers', 'scheduler', 'proxy', 'kubelet'] as const;

export const kubeconfigOf = (pki: string, client: (typeof CLIENTS)[number]): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    { name: 'node', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority': join(pki, 'ca.crt') } },
  ],
  users: [
    {
      name: client,
      user: { 'client-certificate': join(pki, `${client}.crt`), 'client-key': join(pki, `${client}.key`) },
    },
  ],
  contexts: [{ name: 'node', context: { cluster: 'node', user: client } }],
  'current-context': 'node',
});
