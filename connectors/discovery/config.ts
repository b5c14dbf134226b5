import { z } from 'zod';
import { duration } from '../../pipeline/runtime/config/units.ts';
import { httpTlsSchema } from '../http-tls.ts';
import { type EntryKind, type EntryTemplate, faultsOf, pattern, templates } from './entry-template.ts';
import { faultInGlob } from './glob.ts';
import type { Values } from './template.ts';

/** The placeholders of each kind, with what they may be like. */
const SAMPLES = {
  file: { target: 'host.example', host: 'host.example', port: '1' },
  dns: { target: 'host.example', host: 'host.example', port: '1', priority: '0', weight: '0' },
  nova: {
    hostname: 'host.example',
    host: 'host.example',
    host_ip: '192.0.2.1',
    hypervisor_type: 'QEMU',
    service_host: 'host',
    state: 'up',
    status: 'enabled',
    id: '1',
  },
} as const satisfies Readonly<Record<string, Values>>;

const sourceWords = (refresh: string) => ({
  refresh: duration({ atLeast: '1s', atMost: '1d' }).prefault(refresh).describe('How often to look.'),
  timeout: duration({ atLeast: '100ms', atMost: '10m' }).prefault('10s').describe('For one look.'),
  include: pattern().optional().describe('Hosts to take: a pattern for the whole name.'),
  exclude: pattern().optional().describe('Of those, hosts to leave out.'),
  emptyAfter: z
    .int()
    .min(1)
    .max(1000)
    .default(2)
    .describe('How many answers in a row must say that there is nothing before endpoints that were there are let go.'),
});

const fileSchema = z
  .strictObject({
    type: z.literal('file'),
    name: z.string().min(1).optional().describe('What it is called in logs and metrics; default file.'),
    paths: z
      .array(
        z.string().superRefine((path, context) => {
          const message = faultInGlob(path);
          if (message !== null) context.addIssue({ code: 'custom', message });
        }),
      )
      .min(1)
      .describe('Files, `*` and `?` in their names: /etc/hypermeter/endpoints.d/*.yaml'),
    entry: templates().optional(),
    ...sourceWords('30s'),
  })
  .describe(
    'Files in YAML or JSON, each a list of entries in the words of `connectors:`, or of targets as in Prometheus’ ' +
      'file_sd, for which `entry` says what to make of them. Placeholders: {target}, {host}, {port} and the labels.',
  );

const dnsSchema = z
  .strictObject({
    type: z.literal('dns'),
    name: z
      .string()
      .regex(/^[\w-]+(?:\.[\w-]+)+\.?$/, 'is no name such as _libvirt._tcp.example.org')
      .describe('Of the SRV records, as _libvirt._tcp.example.org; also what it is called in logs and metrics.'),
    servers: z
      .array(
        z
          .string()
          .regex(/^(?:[\d.]+(?::\d{1,5})?|[\da-f:]+|\[[\da-f:]+\](?::\d{1,5})?)$/i, 'is no address such as 192.0.2.53'),
      )
      .min(1)
      .optional()
      .describe("Name servers by address, with a port if it is not 53; default: the system's."),
    entry: templates(),
    ...sourceWords('60s'),
  })
  .describe('SRV records. Placeholders: {target} and {host}, which are the same, {port}, {priority}, {weight}.');

const httpUrl = z.string().superRefine((text, context) => {
  const isGood = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).username === '';
  if (!isGood) context.addIssue({ code: 'custom', message: 'expected https://host[:port][/path], without a user' });
});

const novaSchema = z
  .strictObject({
    type: z.literal('nova'),
    name: z.string().min(1).optional().describe('What it is called in logs and metrics; default nova.'),
    authUrl: httpUrl.describe('Of Keystone: https://keystone.example.org:5000/v3'),
    applicationCredentialId: z.string().min(1).optional().describe('An application credential.'),
    applicationCredentialSecret: z.string().min(1).meta({ secret: true }).optional().describe('Its secret.'),
    username: z.string().min(1).optional().describe('In place of an application credential: a user.'),
    password: z.string().min(1).meta({ secret: true }).optional().describe("The user's password."),
    userDomain: z.string().min(1).default('Default').describe("Name of the user's domain."),
    project: z.string().min(1).optional().describe('Name of the project to log in to; without it, to the system.'),
    projectDomain: z.string().min(1).default('Default').describe("Name of the project's domain."),
    region: z.string().min(1).optional().describe('Needed where the service catalogue has several.'),
    interface: z
      .enum(['public', 'internal', 'admin'])
      .default('public')
      .describe('Which address of nova to take from the service catalogue.'),
    endpoint: httpUrl
      .optional()
      .describe('Of nova, in place of the service catalogue: https://nova.example.org:8774/v2.1'),
    microversion: z
      .string()
      .regex(/^2\.\d{1,3}$/, 'is no microversion such as 2.53')
      .refine((text) => Number(text.slice(2)) >= 33, 'must be 2.33 at least, which has pages')
      .default('2.53')
      .describe('Of the Compute API, 2.33 at least.'),
    pageSize: z.int().min(1).max(1000).default(500).describe('Hypervisors in one answer, at most.'),
    tls: httpTlsSchema,
    entry: templates(),
    ...sourceWords('60s'),
  })
  .superRefine(({ applicationCredentialId, applicationCredentialSecret, username, password }, context) => {
    const credential = [applicationCredentialId, applicationCredentialSecret].filter((word) => word !== undefined);
    const login = [username, password].filter((word) => word !== undefined);
    if (credential.length + login.length === 2 && credential.length !== 1) return;
    const message =
      'give either applicationCredentialId and applicationCredentialSecret, or username and password, or the files of the secrets';
    context.addIssue({ code: 'custom', message });
  })
  .describe(
    'The compute hosts that nova lists (GET /os-hypervisors/detail), for which the user needs to be allowed. Placeholders: ' +
      '{hostname} and {host}, which are the same, {host_ip}, {hypervisor_type}, {service_host}, {state}, {status}, {id}.',
  );

/** An entry of `discovery:`, its templates held against the kinds of connectors that there are. */
export const discoveryConfig = (kinds: readonly EntryKind[]) =>
  z.discriminatedUnion('type', [fileSchema, dnsSchema, novaSchema]).superRefine((source, context) => {
    const { type, entry } = source as { type: keyof typeof SAMPLES; entry?: EntryTemplate | readonly EntryTemplate[] };
    if (entry === undefined) return;
    for (const { path, message } of faultsOf(entry, kinds, SAMPLES[type], type === 'file'))
      context.addIssue({ code: 'custom', path: ['entry', ...path], message });
  });

export type DiscoveryConfig = z.output<ReturnType<typeof discoveryConfig>>;

/** What a source is called in logs and metrics. */
export const nameOf = ({ name, type }: { readonly name?: string | undefined; readonly type: string }): string =>
  name ?? type;
