import { z } from 'zod';
import type { ConnectorContext, ConnectorKind, Endpoint } from '../connector.ts';
import { endpointName } from '../endpoint-name.ts';
import { hostsWord } from '../hosts-word.ts';
import { type Address, isLibvirtUri, parseAddress } from './address.ts';
import { ERRORS } from './procedures.ts';
import type { RemoteError } from './replies.ts';
import { isRemoteError } from './reply.ts';
import { openSession } from './session.ts';
import { openSsh } from './transport/ssh.ts';
import { openTcp } from './transport/tcp.ts';
import { openTls } from './transport/tls.ts';
import type { Transport } from './transport/transport.ts';
import { openUnix } from './transport/unix.ts';

/** `connectors: [{ type: libvirt, … }]`, without the words that every connector has. */
export const libvirtSchema = z.strictObject({
  name: endpointName,
  type: z.literal('libvirt'),
  uri: z
    .string()
    .superRefine((text, context) => {
      try {
        parseAddress(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      }
    })
    .describe("libvirt's own URI: qemu+tls://host/system; +unix, +tcp, +tls or +ssh; qemu, xen, lxc or test"),
  tls: z
    .strictObject({
      caFile: z.string().optional().describe('PEM; default /etc/pki/CA/cacert.pem'),
      certFile: z.string().optional().describe('PEM; default /etc/pki/libvirt/clientcert.pem'),
      keyFile: z.string().optional().describe('PEM; default /etc/pki/libvirt/private/clientkey.pem'),
      verify: z.boolean().default(true).describe('Verify the certificate of the daemon'),
    })
    .refine((tls) => (tls.certFile === undefined) === (tls.keyFile === undefined), 'certFile and keyFile go together')
    .optional()
    .describe('Files of qemu+tls, where they are not in the usual places: { caFile, certFile, keyFile, verify }'),
  cpu: z
    .enum(['domain', 'vcpu'])
    .default('domain')
    .describe(
      "CPU time of the whole domain, or of its vCPUs with their waiting, as Ceilometer's libvirt inspector has it",
    ),
  hosts: hostsWord(),
  perf: z.boolean().default(false).describe('Ask for the perf events that are enabled on a domain'),
  stuckAfterMs: z
    .int()
    .min(1)
    .max(60_000)
    .default(3000)
    .describe(
      'A bulk call that takes longer (and thrice its last duration) is made again past the stuck domain; at most a third of the time of a poll',
    ),
});
export type LibvirtConfig = z.output<typeof libvirtSchema>;

export const libvirt: ConnectorKind<LibvirtConfig> = {
  kind: 'libvirt',
  schema: libvirtSchema,
  create,
  fromUri: (uri) => {
    if (!isLibvirtUri(uri)) return undefined;
    return { name: uri.host || 'localhost', type: 'libvirt', uri: uri.href };
  },
};

/** A poll has time for two calls that hang and one that is answered. */
const CALLS_IN_POLL = 3;
const USUAL_POLL_MS = 10_000;

const pollMs = ({ pace }: ConnectorContext): number =>
  Math.min(pace?.timeoutMs ?? USUAL_POLL_MS, pace?.intervalMs ?? USUAL_POLL_MS);

function create(config: LibvirtConfig, context: ConnectorContext): Endpoint {
  const address = parseAddress(config.uri);
  const { name: endpoint, cpu, perf, hosts } = config;
  const stuckAfterMs = Math.min(config.stuckAfterMs, pollMs(context) / CALLS_IN_POLL);
  const told = new Set<string>();
  const onHostRefused = (part: string, refusal: RemoteError): void => {
    if (told.has(part)) return;
    told.add(part);
    const reason = isRemoteError(refusal, ERRORS.noSupport) ? 'unsupported' : 'refused';
    const error = new Error(`the daemon does not tell of it: ${refusal.message}; the guests are metered all the same`);
    context.report({ event: 'part.failed', hypervisor: endpoint, kind: 'libvirt', part, reason, error });
  };
  const about = { endpoint, driver: address.name, cpu, perf, stuckAfterMs, hosts, onHostRefused };
  const options = { ...context, ...about };
  return {
    id: config.name,
    kind: 'libvirt',
    connect: async (signal) => openSession(await openTransport(config, address, signal), options, signal),
  };
}

async function openTransport(config: LibvirtConfig, address: Address, signal: AbortSignal): Promise<Transport> {
  switch (address.transport) {
    case 'unix':
      return openUnix(config.name, address, signal);
    case 'tcp':
      return openTcp(config.name, address, signal);
    case 'tls':
      return openTls(config.name, address, config.tls ?? {}, signal);
    case 'ssh':
      return openSsh(config.name, address);
  }
}
