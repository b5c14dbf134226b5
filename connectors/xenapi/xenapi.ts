import { z } from 'zod';
import { duration } from '../../pipeline/runtime/config/units.ts';
import type { ConnectorContext, ConnectorKind, Endpoint, History } from '../connector.ts';
import { endpointName } from '../endpoint-name.ts';
import { hostsWord } from '../hosts-word.ts';
import { httpSettings } from '../http-address.ts';
import { httpTlsSchema } from '../http-tls.ts';
import type { TenantKeys } from './instance.ts';
import { PoolMemory } from './pool-memory.ts';
import { openSession } from './session.ts';

const poolUrl = z.string().superRefine((text, context) => {
  const message = faultIn(text);
  if (message !== null) context.addIssue({ code: 'custom', message });
});

function faultIn(text: string): string | null {
  if (!URL.canParse(text)) return 'not a URL like https://pool-master.example.org';
  const { protocol, username, password, pathname, search } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return `expected https://, not ${protocol}//`;
  if (username !== '' || password !== '') return 'username and password have words of their own';
  return pathname !== '/' || search !== '' ? 'expected nothing behind host and port' : null;
}

const key = () => z.string().min(1).optional();

/** `connectors: [{ type: xenapi, … }]` */
export const xenapiSchema = z.strictObject({
  name: endpointName,
  type: z.literal('xenapi'),
  url: z
    .union([poolUrl, z.array(poolUrl).min(1)])
    .describe("The pool's coordinator, or several members of which any may be it"),
  username: z.string().min(1).describe('A user with the role read-only is enough'),
  password: z.string().min(1).meta({ secret: true }).describe('Its password.'),
  tls: httpTlsSchema,
  step: z
    .union([z.literal(60), z.literal(5)])
    .default(60)
    .describe('Seconds that a row covers: the archive of 60 s reaches back 2 h, that of 5 s ten minutes'),
  backfill: duration({ atMost: '2h' })
    .prefault('2h')
    .describe('How far back rows are read at first sight of a VM and after an outage'),
  concurrency: z.int().min(1).max(64).default(8).describe('Hosts that are read at once'),
  hosts: hostsWord(),
  tenant: z
    .strictObject({
      resourceId: z
        .string()
        .min(1)
        .default('nova_uuid')
        .describe("Key of other_config with the uuid that a VM goes by; without it XAPI's own"),
      projectId: key().describe("Key of other_config with its project's id"),
      projectName: key().describe("Key of other_config with its project's name"),
      userId: key().describe("Key of other_config with its user's id"),
      userName: key().describe("Key of other_config with its user's name"),
    })
    .prefault({})
    .describe('Where whoever made a VM has left whose it is'),
});
export type XenapiConfig = z.output<typeof xenapiSchema>;

export const xenapi: ConnectorKind<XenapiConfig> = {
  kind: 'xenapi',
  schema: xenapiSchema,
  create,
  fromUri: (uri) => (uri.protocol === 'xenapi:' ? httpSettings(uri, '') : undefined),
  recordable: true,
};

function create(config: XenapiConfig, context: ConnectorContext): Endpoint {
  const { name: endpoint, url, username, password, tls, step, backfill, concurrency, hosts, tenant } = config;
  const memory = new PoolMemory();
  const resume: History['resume'] = (known) => memory.resume(known);
  const options = {
    ...context,
    endpoint,
    urls: [url].flat(),
    credentials: { username, password },
    tls,
    memory,
    stepS: step,
    backfillUs: backfill,
    concurrency,
    hosts,
    tenant: keysOf(tenant),
  };
  return {
    id: endpoint,
    kind: 'xenapi',
    history: { everyUs: step * 1e6, reachUs: backfill, resume },
    connect: (signal) => openSession(options, signal),
  };
}

const keysOf = (tenant: XenapiConfig['tenant']): TenantKeys => ({
  resourceId: tenant.resourceId,
  projectId: tenant.projectId ?? null,
  projectName: tenant.projectName ?? null,
  userId: tenant.userId ?? null,
  userName: tenant.userName ?? null,
});
