import { z } from 'zod';
import { duration } from '../../runtime/config/units.ts';

const PORT = 6379;
const address = z.string().regex(/^(?:\[[0-9a-fA-F:]+\]|[^\s:,/[\]]+):\d{1,5}$/, {
  error: 'must be host:port, for example redis1:6379',
});

const tls = z.strictObject({
  caFile: z.string().min(1).optional().describe('PEM file of the CA that signed the servers.'),
  certFile: z.string().min(1).optional().describe('PEM file of the client certificate.'),
  keyFile: z.string().min(1).optional().describe('PEM file of the client key.'),
  serverName: z.string().min(1).optional().describe('The name in the servers’ certificates, where it is not the host.'),
  verify: z.boolean().default(true).describe("Check the servers' certificates and host names."),
});

/** `state: { type: redis }`: which server, as whom, and how often. */
export const redisConfig = z
  .strictObject({
    type: z.literal('redis'),
    url: z
      .string()
      .refine(isRedisUrl, {
        error: `must be redis://host:port or rediss://host:port, for example redis://127.0.0.1:${PORT}`,
      })
      .optional()
      .describe('One server: redis://host:port/database, or rediss:// for TLS.'),
    sentinel: z
      .strictObject({
        master: z.string().min(1).describe('Name of the master that the sentinels watch.'),
        nodes: z.array(address).min(1).describe('The sentinels, host:port.'),
      })
      .optional()
      .describe('A server that sentinels watch, instead of `url`.'),
    cluster: z.array(address).min(1).optional().describe('Nodes of a Redis Cluster, host:port, instead of `url`.'),
    username: z.string().min(1).optional().describe('User of the server’s access list.'),
    password: z.string().min(1).optional().meta({ secret: true }).describe('Its password.'),
    tls: z
      .union([z.boolean(), tls])
      .default(false)
      .describe('Encrypt with sentinels and clusters, or details of the certificates.'),
    prefix: z
      .string()
      .regex(/^[\w.:-]{1,64}$/)
      .default('hypermeter')
      .describe('What every key begins with.')
      .meta({ what: 'a name of letters, digits and . : _ -' }),
    every: duration({ atLeast: '10ms', atMost: '1m', example: '1s' })
      .prefault('1s')
      .describe('Time from one checkpoint to the next: finished meters wait so long at most.'),
    rewind: duration({ atLeast: '1m', example: '24h' })
      .prefault('24h')
      .describe('How far the raw topic is read again if the state is lost.'),
  })
  .superRefine((config, context) => {
    const given = [config.url, config.sentinel, config.cluster].filter((each) => each !== undefined).length;
    if (given !== 1) context.addIssue({ code: 'custom', message: 'give one of url, sentinel and cluster' });
    const { tls: words } = config;
    if (typeof words === 'object' && (words.certFile === undefined) !== (words.keyFile === undefined))
      context.addIssue({ code: 'custom', path: ['tls'], message: 'certFile and keyFile belong together' });
  });
export type RedisConfig = z.output<typeof redisConfig>;

function isRedisUrl(text: string): boolean {
  try {
    const { protocol, hostname } = new URL(text);
    return (protocol === 'redis:' || protocol === 'rediss:') && hostname !== '';
  } catch {
    return false;
  }
}
