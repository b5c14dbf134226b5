import { z } from 'zod';
import type { ConnectorContext, ConnectorKind, Endpoint, Settings } from '../connector.ts';
import { httpSettings } from '../http-address.ts';
import { httpTlsBothSchema } from '../http-tls.ts';
import { parseUrl } from './address.ts';
import type { WmiClass } from './classes.ts';
import { Lives } from './lives.ts';
import { type Login, openSession } from './session.ts';

const wsmanUrl = z.string().superRefine((text, context) => {
  try {
    parseUrl(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
});

/** `connectors: [{ type: hyperv, … }]` */
export const hypervSchema = z
  .strictObject({
    name: z.string().min(1),
    type: z.literal('hyperv'),
    url: wsmanUrl.describe(
      'WinRM of the host: https://hv1.example.org:5986/wsman, or http://hv1.example.org:5985/wsman, where messages are sealed',
    ),
    auth: z
      .enum(['negotiate', 'basic', 'certificate'])
      .default('negotiate')
      .describe('NTLM; or a name and password, or a certificate, of a local account, over HTTPS only'),
    username: z
      .string()
      .min(1)
      .optional()
      .meta({ sample: 'change-me' })
      .describe('DOMAIN\\user, user@domain.example.org or a local account'),
    password: z.string().min(1).optional().meta({ secret: true, sample: 'change-me' }),
    tls: httpTlsBothSchema,
    notes: z
      .enum(['nova', 'none'])
      .default('nova')
      .describe("nova: a VM goes by the uuid in the first line of its notes, where nova's driver leaves it"),
  })
  .superRefine(({ url, auth, username, password, tls }, context) => {
    const fault = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
    const hasCertificate = tls.certFile !== undefined;
    if (auth === 'certificate') {
      if (!hasCertificate) fault(['tls', 'certFile'], 'auth: certificate needs certFile and keyFile');
      if (username !== undefined || password !== undefined)
        fault(['username'], 'auth: certificate takes neither username nor password');
    } else {
      if (hasCertificate) fault(['tls', 'certFile'], 'is for auth: certificate alone');
      if (username === undefined) fault(['username'], `auth: ${auth} needs one`);
      if (password === undefined) fault(['password'], `auth: ${auth} needs one`);
    }
    if (auth !== 'negotiate' && /^http:/i.test(url))
      fault(['auth'], `${auth} over http:// would not be secret: take https://, or auth: negotiate, which seals`);
  });
export type HypervConfig = z.output<typeof hypervSchema>;

export const hyperv: ConnectorKind<HypervConfig> = {
  kind: 'hyperv',
  schema: hypervSchema,
  create,
  fromUri: (uri) => (uri.protocol === 'hyperv:' ? settingsOf(uri) : undefined),
};

/** `hyperv://user:password@host[:port][/wsman]?auth=…&plain=true&certFile=…&keyFile=…`; `plain`: sealed, over HTTP. */
function settingsOf(uri: URL): Settings {
  const { plain, certFile, keyFile, ...settings } = httpSettings(uri, '/wsman');
  const url = String(settings.url);
  const certificate = { ...(certFile !== undefined && { certFile }), ...(keyFile !== undefined && { keyFile }) };
  return {
    ...settings,
    tls: { ...(settings.tls as object), ...certificate },
    ...(plain === 'true' && { url: url.replace(/^https:/, 'http:') }),
    // Any other word is no setting, and is said to be none.
    ...(plain !== undefined && plain !== 'true' && plain !== 'false' && { plain }),
  };
}

function create(config: HypervConfig, context: ConnectorContext): Endpoint {
  const { name: endpoint, url, tls, notes } = config;
  const { report } = context;
  const told = new Set<string>();
  const onOff = ({ title, name }: WmiClass, reason: string): void => {
    if (told.has(name)) return;
    told.add(name);
    const why = reason === 'absent' ? 'the host has no such class' : 'the user may not read it';
    const error = new Error(`${name}: ${why}; what it is for stays empty`);
    report({ event: 'part.failed', hypervisor: endpoint, kind: 'hyperv', part: title, reason, error });
  };
  const about = { endpoint, address: parseUrl(url), login: loginOf(config), tls, notes: notes === 'nova', onOff };
  const lives = new Lives(endpoint);
  return {
    id: endpoint,
    kind: 'hyperv',
    connect: (signal) => openSession({ ...context, ...about, lives }, signal),
  };
}

function loginOf({ auth, username = '', password = '', tls: { certFile, keyFile } }: HypervConfig): Login {
  if (certFile !== undefined && keyFile !== undefined)
    return { auth: 'certificate', certificate: { certFile, keyFile } };
  return { auth: auth === 'basic' ? 'basic' : 'negotiate', username, password };
}
