import { z } from 'zod';
import { duration } from '../../runtime/config/units.ts';

/** Headers that the sinks set themselves, and what to write instead. */
const RESERVED: Readonly<Record<string, string>> = {
  authorization: 'use auth',
  'content-type': 'the sink decides it',
  'content-encoding': 'the sink decides it',
  'content-length': 'the sink decides it',
  'transfer-encoding': 'the sink decides it',
  connection: 'the sink decides it',
  host: 'it is made of the url',
};
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
/** Visible characters, blanks and tabs: no line break can smuggle in another header. */
const HEADER_VALUE = /^[\t\x20-\x7e]{0,8192}$/;
const CREDENTIAL = { error: 'must be one line of visible characters' };

const url = z
  .string()
  .refine(isWebAddress, { error: 'must be an http:// or https:// address without a password or a fragment' });

const auth = z.strictObject({
  username: z
    .string()
    .min(1)
    .regex(/^[^:]*$/, { error: 'HTTP has no colon in a user name' })
    .optional()
    .describe('User, for Basic'),
  password: z.string().min(1).optional().meta({ secret: true }),
  bearerToken: z.string().min(1).regex(HEADER_VALUE, CREDENTIAL).optional().meta({ secret: true }),
});

const tls = z.strictObject({
  caFile: z.string().min(1).optional().describe("PEM file of the CA that signed the server's certificate"),
  certFile: z.string().min(1).optional().describe('PEM file of the client certificate'),
  keyFile: z.string().min(1).optional().describe('PEM file of the client key'),
  verify: z.boolean().default(true).describe("Check the server's certificate and host name"),
});

/** The part of a sink's configuration that says where and how it pushes over HTTP. */
export const endpointFields = {
  url: url.describe('Where to POST; redirects are not followed'),
  timeout: duration({ atLeast: '100ms', atMost: '10m', example: '10s' })
    .prefault('10s')
    .describe('How long one request may take, answer included'),
  auth: auth.superRefine(checkAuth).optional().describe('Basic (username, password) or bearerToken'),
  headers: z
    .record(z.string().regex(HEADER_NAME), z.string().regex(HEADER_VALUE, CREDENTIAL).meta({ secret: true }))
    .superRefine(checkHeaders)
    .default({})
    .describe('Further headers, such as X-Scope-OrgID'),
  tls: tls.superRefine(checkTls).prefault({}),
};

export type Endpoint = z.output<z.ZodObject<typeof endpointFields>>;

/** The address without what may be secret in it (its query), for names and messages. */
export function shownUrl(address: string): string {
  const { origin, pathname } = new URL(address);
  return pathname === '/' ? origin : `${origin}${pathname}`;
}

function isWebAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '' && hash === '';
}

function checkAuth({ username, password, bearerToken }: z.infer<typeof auth>, context: z.RefinementCtx): void {
  if ((username === undefined) !== (password === undefined))
    context.addIssue({ code: 'custom', message: 'username and password belong together' });
  if ((bearerToken === undefined) === (username === undefined))
    context.addIssue({ code: 'custom', message: 'give username and password, or bearerToken' });
}

function checkHeaders(headers: Readonly<Record<string, string>>, context: z.RefinementCtx): void {
  for (const name of Object.keys(headers)) {
    const instead = RESERVED[name.toLowerCase()];
    if (instead !== undefined)
      context.addIssue({ code: 'custom', path: [name], message: `cannot be set here: ${instead}` });
  }
}

function checkTls({ certFile, keyFile }: z.infer<typeof tls>, context: z.RefinementCtx): void {
  if ((certFile === undefined) !== (keyFile === undefined))
    context.addIssue({ code: 'custom', message: 'certFile and keyFile belong together' });
}
