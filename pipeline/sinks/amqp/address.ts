/** One server of a cluster, and as whom. */
export interface Host {
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

/** What an address of oslo.messaging's `transport_url` names. */
export interface Address {
  readonly hosts: readonly Host[];
  readonly vhost: string;
  /** True for `amqps`; the others may still be encrypted by `tls`. */
  readonly isEncrypted: boolean;
}

/** An address that cannot be read; the message says why and repeats no part that may be a secret. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
}

/**
 * Reads `scheme://[user[:password]@]host[:port][,[user[:password]@]host[:port]…][/vhost]`, scheme amqp, amqps or
 * rabbit. Users, passwords and the vhost are percent-encoded: `/`, `//` and `/%2F` are the vhost `/`. Hosts without a
 * user take the one before, the first one guest. Throws an AddressError.
 */
export function parseAddress(text: string): Address {
  const match = /^(amqps?|rabbit):\/\/([^/?#\s]+)(?:\/([^?#\s]*))?$/.exec(text);
  if (!match) throw new AddressError('must be amqp://user:password@host:5672/vhost, also amqps or rabbit, no query');
  const [, scheme, authorities = '', path = ''] = match;
  const isEncrypted = scheme === 'amqps';
  const vhost = decoded(path);
  const hosts: Host[] = [];
  for (const authority of authorities.split(','))
    hosts.push(hostOf(authority, isEncrypted ? 5671 : 5672, hosts.at(-1)));
  return { hosts, vhost: vhost === '' ? '/' : vhost, isEncrypted };
}

/** The hosts and the vhost, without user or password, as names and messages have them. */
export function nameOf({ hosts, vhost, isEncrypted }: Address): string {
  const path = vhost === '/' ? '' : `/${encodeURIComponent(vhost)}`;
  return `${isEncrypted ? 'amqps' : 'amqp'}://${hosts.map(hostText).join(',')}${path}`;
}

/** `host:port`. */
export const hostText = ({ hostname, port }: Host): string =>
  `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;

const GUEST = { username: 'guest', password: 'guest' };

function hostOf(authority: string, defaultPort: number, before: Host | undefined): Host {
  const at = authority.lastIndexOf('@');
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]@]+))(?::(\d{1,5}))?$/.exec(authority.slice(at + 1));
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? defaultPort);
  if (hostname === undefined || port < 1 || port > 65_535)
    throw new AddressError('a host must be host:port; a comma, slash, @ or % in a password must be percent-encoded');
  if (at < 0) return { hostname, port, username: (before ?? GUEST).username, password: (before ?? GUEST).password };
  const userInfo = authority.slice(0, at);
  const colon = userInfo.indexOf(':');
  const [user, password] = colon < 0 ? [userInfo, ''] : [userInfo.slice(0, colon), userInfo.slice(colon + 1)];
  return { hostname, port, username: decoded(user), password: decoded(password) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AddressError('a % in a user, password or vhost must be written %25');
  }
}
