import { z } from 'zod';
import { duration } from '../../pipeline/runtime/config/units.ts';
import type { ConnectorContext, ConnectorKind, Endpoint, Settings } from '../connector.ts';
import { endpointName } from '../endpoint-name.ts';
import { hostsWord } from '../hosts-word.ts';
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

type Auth = 'negotiate' | 'kerberos' | 'basic' | 'certificate';
type Word = 'username' | 'password' | 'keytab' | 'ccache' | 'spn' | 'certFile';

/** What each way of logging in is told; a word that is not there is not its own. */
const NEEDS: Readonly<Record<Auth, Readonly<Partial<Record<Word, 'must' | 'may'>>>>> = {
  negotiate: { username: 'must', password: 'must' },
  kerberos: { username: 'may', keytab: 'may', ccache: 'may', spn: 'may' },
  basic: { username: 'must', password: 'must' },
  certificate: { certFile: 'must' },
};

/** `connectors: [{ type: hyperv, … }]` */
export const hypervSchema = z
  .strictObject({
    name: endpointName,
    type: z.literal('hyperv'),
    url: wsmanUrl.describe(
      'WinRM of the host: https://hv1.example.org:5986/wsman, or http://hv1.example.org:5985/wsman, where messages are sealed',
    ),
    auth: z
      .enum(['negotiate', 'kerberos', 'basic', 'certificate'])
      .default('negotiate')
      .describe(
        'NTLM; over HTTPS only: Kerberos, which takes the package kerberos; or a name and password, or a certificate, of a local account',
      ),
    username: z
      .string()
      .min(1)
      .optional()
      .meta({ sample: 'change-me' })
      .describe('DOMAIN\\user, user@domain.example.org or a local account; for Kerberos user@REALM, or none'),
    password: z.string().min(1).optional().meta({ secret: true, sample: 'change-me' }),
    keytab: z.string().min(1).optional().describe('File of keys with which Kerberos gets its tickets, and renews them'),
    ccache: z.string().min(1).optional().describe('File of tickets of Kerberos, which somebody else renews'),
    spn: z
      .string()
      .regex(/^[A-Za-z0-9-]+\/[A-Za-z0-9.-]+$/, 'is no service principal name like HTTP/hv1.example.org')
      .optional()
      .describe("What the host is called in Kerberos; default HTTP/ and the url's host"),
    tls: httpTlsBothSchema,
    channelBinding: z
      .boolean()
      .default(true)
      .describe(
        'Tie a login of NTLM over HTTPS to the certificate of the host; false where TLS ends at a proxy before it',
      ),
    notes: z
      .enum(['nova', 'none'])
      .default('nova')
      .describe("nova: a VM goes by the uuid in the first line of its notes, where nova's driver leaves it"),
    hosts: hostsWord(),
    hostInterval: duration({ atLeast: '1s', atMost: '1h' })
      .prefault('5m')
      .describe(
        'How often the CPU time and memory of the host itself are read, two enumerations each time: its counters lose nothing in between',
      ),
  })
  .superRefine((config, context) => {
    const fault = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
    const { auth, username, password, tls, keytab, ccache, spn } = config;
    const has = { username, password, keytab, ccache, spn, certFile: tls.certFile };
    for (const [word, value] of Object.entries(has)) {
      const path = word === 'certFile' ? ['tls', word] : [word];
      const need = NEEDS[auth][word as keyof typeof has];
      if (need === 'must' && value === undefined) fault(path, `auth: ${auth} needs ${word}`);
      if (need === undefined && value !== undefined) fault(path, `auth: ${auth} takes no ${word}`);
    }
    if (keytab !== undefined && ccache !== undefined) fault(['ccache'], 'give a keytab or a ccache, not both');
    if (auth !== 'negotiate' && /^http:/i.test(config.url))
      fault(['auth'], `${auth} over http:// would not be secret: take https://, or auth: negotiate, which seals`);
  });
export type HypervConfig = z.output<typeof hypervSchema>;

export const hyperv: ConnectorKind<HypervConfig> = {
  kind: 'hyperv',
  schema: hypervSchema,
  create,
  recordable: true,
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
  const { name: endpoint, url, tls, notes, hosts, hostInterval, channelBinding } = config;
  const { report } = context;
  const hostEveryUs = hosts ? hostInterval : null;
  const told = new Set<string>();
  const onOff = ({ title, name }: WmiClass, reason: string): void => {
    if (told.has(name)) return;
    told.add(name);
    const why = reason === 'absent' ? 'the host has no such class' : 'the user may not read it';
    const error = new Error(`${name}: ${why}; what it is for stays empty`);
    report({ event: 'part.failed', hypervisor: endpoint, kind: 'hyperv', part: title, reason, error });
  };
  const about = {
    endpoint,
    address: parseUrl(url),
    login: loginOf(config),
    tls,
    notes: notes === 'nova',
    channelBinding,
    onOff,
    hostEveryUs,
  };
  const lives = new Lives(endpoint);
  return {
    id: endpoint,
    kind: 'hyperv',
    connect: (signal) => openSession({ ...context, ...about, lives }, signal),
  };
}

function loginOf(config: HypervConfig): Login {
  const { auth, username, password = '', tls, keytab, ccache, url } = config;
  const { certFile, keyFile } = tls;
  if (certFile !== undefined && keyFile !== undefined)
    return { auth: 'certificate', certificate: { certFile, keyFile } };
  if (auth === 'kerberos') {
    const { spn = `HTTP/${new URL(url).hostname}` } = config;
    return { auth, spn, credentials: { principal: username, keytab, ccache } };
  }
  return { auth: auth === 'basic' ? 'basic' : 'negotiate', username: username ?? '', password };
}
