import { z } from 'zod';
import { duration } from '../runtime/config/units.ts';
import { serversOf, UrlError } from './url.ts';

const transportUrl = z.string().superRefine((url, context) => {
  try {
    serversOf(url);
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

const tls = z.strictObject({
  caFile: z.string().min(1).optional().describe('PEM file of the CA that signed the brokers'),
  certFile: z.string().min(1).optional().describe('PEM file of the client certificate'),
  keyFile: z.string().min(1).optional().describe('PEM file of its key'),
  serverName: z.string().min(1).optional().describe("The name in the brokers' certificates, where it is not the host"),
  verify: z.boolean().default(true).describe("Check the brokers' certificates and host names"),
});

/** An AMQP short string: the name of an exchange, a queue or a key. */
export const shortString = (what: string) =>
  z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text) <= 255, { error: 'must be 255 bytes at most' })
    .describe(what);

/** Where the brokers are and who asks. */
export const brokerFields = {
  url: z
    .union([transportUrl, z.array(transportUrl).min(1)])
    .meta({ example: 'amqp://user@rabbit1:5672/' })
    .describe(
      'Brokers, tried in turn: amqp://user@h1:5672,h2:5672/vhost, also amqps:// and rabbit:// as in transport_url; or a list of such',
    ),
  username: z.string().min(1).optional().describe('User at every broker, in place of the one in the URL'),
  password: z.string().optional().meta({ secret: true }).describe('Its password, in place of the one in the URL'),
} as const;

/** How a connection is made and kept. Times in microseconds. */
export const connectionFields = {
  connectTimeout: duration({ atLeast: '100ms', atMost: '5m', example: '10s' })
    .prefault('10s')
    .describe('Time for connecting to one broker, logging in and declaring'),
  heartbeat: duration({ atLeast: '1s', atMost: '1h', example: '60s' })
    .prefault('60s')
    .describe('Heartbeats, whole seconds; a broker that is silent for about twice as long is left'),
  tls: z
    .union([z.boolean(), tls])
    .default(false)
    .describe('TLS, also without amqps:// in the URL; details of the certificates'),
} as const;

/** What is wrong with words that are right one by one. */
export function connectionFaults({
  heartbeat,
  tls: words,
}: ConnectionWords): readonly { path: string[]; message: string }[] {
  const faults = [];
  if (heartbeat % 1_000_000 !== 0) faults.push({ path: ['heartbeat'], message: 'must be whole seconds' });
  if (typeof words === 'object' && (words.certFile === undefined) !== (words.keyFile === undefined))
    faults.push({ path: ['tls'], message: 'certFile and keyFile belong together' });
  return faults;
}

export type TlsWords = boolean | z.output<typeof tls>;

interface ConnectionWords {
  readonly heartbeat: number;
  readonly tls: TlsWords;
}
