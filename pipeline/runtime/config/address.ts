import { z } from 'zod';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/@]+)):(\d{1,5})$/;

/** `host:port` or `[ipv6]:port`; undefined if it is neither or the port is above 65535. */
function parseAddress(text: string): ListenAddress | undefined {
  const match = ADDRESS.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) return undefined;
  return { host: match[1] ?? match[2] ?? '', port };
}

/** A setting that is an address to listen on, or `off` (null in the program). Port 0 takes a free one. */
export const listenAddress = (): z.ZodType<ListenAddress | null, string | false> =>
  z
    .union([z.string().regex(ADDRESS), z.literal('off'), z.literal(false)])
    .transform((text, context) => {
      if (text === false || text === 'off') return null;
      const address = parseAddress(text);
      if (address !== undefined) return address;
      context.addIssue({ code: 'custom', message: 'a port is at most 65535' });
      return z.NEVER;
    })
    .meta({ what: 'host:port or off', example: '127.0.0.1:9464' });
