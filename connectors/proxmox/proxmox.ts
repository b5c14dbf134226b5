import { z } from 'zod';
import type { ConnectorContext, ConnectorKind, Endpoint, Settings } from '../connector.ts';
import { endpointName } from '../endpoint-name.ts';
import { hostsWord } from '../hosts-word.ts';
import { httpSettings } from '../http-address.ts';
import { httpTlsSchema } from '../http-tls.ts';
import type { Credentials } from './access.ts';
import { ClusterMemory } from './memory.ts';
import { openSession } from './session.ts';

const nodeUrl = z.string().superRefine((text, context) => {
  const message = faultIn(text);
  if (message !== null) context.addIssue({ code: 'custom', message });
});

function faultIn(text: string): string | null {
  if (!URL.canParse(text)) return 'not a URL like https://pve1.example.org:8006';
  const { protocol, username, password, pathname, search } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return `expected https://, not ${protocol}//`;
  if (username !== '' || password !== '') return 'users, tokens and their secrets have words of their own';
  return pathname !== '/' || search !== '' ? 'expected nothing behind host and port' : null;
}

/** `connectors: [{ type: proxmox, … }]` */
export const proxmoxSchema = z
  .strictObject({
    name: endpointName,
    type: z.literal('proxmox'),
    url: z
      .union([nodeUrl, z.array(nodeUrl).min(1)])
      .describe('A node, or several of one cluster, which are tried in turn: https://pve1.example.org:8006'),
    tokenId: z
      .string()
      .regex(/^[^\s@!=]+@[^\s@!=]+![^\s@!=]+$/, 'is no token id such as metering@pve!hypermeter')
      .meta({ suggested: true, example: 'metering@pve!hypermeter' })
      .optional()
      .describe('An API token, `user@realm!name`, with the role PVEAuditor at /'),
    tokenSecret: z.string().min(1).meta({ secret: true, suggested: true }).optional().describe("The token's secret."),
    username: z
      .string()
      .regex(/^[^\s@]+@[^\s@!]+$/, 'is no user with its realm such as metering@pve')
      .optional()
      .describe('In place of a token: a user with its realm, `user@realm`'),
    password: z.string().min(1).meta({ secret: true }).optional().describe('Its password.'),
    tls: httpTlsSchema,
    cluster: z
      .string()
      .min(1)
      .optional()
      .describe("Goes into every guest's uuid in place of the cluster's own name (of a lone node: the node's)"),
    hosts: hostsWord(),
  })
  .superRefine((entry, context) => {
    const token = [entry.tokenId, entry.tokenSecret].filter((word) => word !== undefined).length;
    const user = [entry.username, entry.password].filter((word) => word !== undefined).length;
    if (token + user === 2 && token !== 1) return;
    const message = 'give either tokenId and tokenSecret, or username and password';
    context.addIssue({ code: 'custom', message });
  });
export type ProxmoxConfig = z.output<typeof proxmoxSchema>;

export const proxmox: ConnectorKind<ProxmoxConfig> = {
  kind: 'proxmox',
  schema: proxmoxSchema,
  create,
  fromUri: (uri) => (uri.protocol === 'proxmox:' ? settingsOf(uri) : undefined),
};

const PORT = '8006';

/** `proxmox://user%40realm!token:secret@host[:8006]`, or with a user and its password. */
function settingsOf(uri: URL): Settings {
  const { username, password, ...settings } = httpSettings(uri, '');
  const url = new URL(String(settings.url));
  const origin = `${url.protocol}//${url.hostname}:${uri.port === '' ? PORT : uri.port}`;
  const isToken = typeof username === 'string' && username.includes('!');
  const who = isToken
    ? { tokenId: username, ...(password !== undefined && { tokenSecret: password }) }
    : { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
  return { ...settings, url: url.pathname === '/' ? origin : `${origin}${url.pathname}`, ...who };
}

function create(config: ProxmoxConfig, context: ConnectorContext): Endpoint {
  const { name: endpoint, url, tls, cluster = null, hosts } = config;
  const memory = new ClusterMemory();
  const options = {
    ...context,
    endpoint,
    urls: [url].flat(),
    credentials: credentialsOf(config),
    tls,
    cluster,
    hosts,
    memory,
  };
  return { id: endpoint, kind: 'proxmox', connect: (signal) => openSession(options, signal) };
}

function credentialsOf({ tokenId, tokenSecret, username, password }: ProxmoxConfig): Credentials {
  if (tokenId !== undefined && tokenSecret !== undefined) return { tokenId, tokenSecret };
  return { username: username ?? '', password: password ?? '' };
}
