/** One server of a transport URL. */
export interface Server {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
}

/** A URL that cannot be read. The message names no part of it that may be secret. */
export class UrlError extends Error {
  override readonly name = 'UrlError';
}

const PORTS = { plain: 5672, tls: 5671 };
const SCHEMES: Readonly<Record<string, boolean>> = { amqp: false, rabbit: false, amqps: true };
const SHAPE = /^([a-z]+):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/i;
const HOST = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/;

/**
 * The servers of a transport URL as oslo.messaging has it: several hosts by commas, each with credentials of its own or
 * those of the one before, and a virtual host for all: `rabbit://user:password@h1:5672,h2:5672/vhost`. No path, `/` and
 * `//` all mean the virtual host `/`. `?ssl=1` or amqps:// ask for TLS. Throws a UrlError.
 */
export function serversOf(url: string): readonly Server[] {
  const [, scheme = '', authority = '', path = '', query = ''] = SHAPE.exec(url) ?? [];
  const secure = SCHEMES[scheme.toLowerCase()];
  if (secure === undefined)
    throw new UrlError('must be amqp://, amqps:// or rabbit:// with host:port, for example amqp://user@rabbit1:5672/');
  const tls = secure || asksForTls(query);
  const vhost = decoded(path.slice(1)) || '/';
  let credentials = { username: 'guest', password: 'guest' };
  return authority.split(',').map((entry) => {
    const at = entry.lastIndexOf('@');
    if (at >= 0) credentials = credentialsOf(entry.slice(0, at));
    return { ...addressOf(entry.slice(at + 1), tls), tls, vhost, ...credentials };
  });
}

/** The only option that oslo's users put there and that is ours to heed; another one would be lost without a word. */
function asksForTls(query: string): boolean {
  if (query === '') return false;
  const options = new URLSearchParams(query);
  for (const name of options.keys())
    if (name !== 'ssl')
      throw new UrlError(`has the option ${name}: give it as a setting of its own (only ssl stands in the URL)`);
  return ['1', 'true', 'yes', 'on'].includes(options.get('ssl')?.toLowerCase() ?? '');
}

function credentialsOf(text: string): { username: string; password: string } {
  const [username = '', ...rest] = text.split(':');
  return { username: decoded(username), password: decoded(rest.join(':')) };
}

function addressOf(text: string, tls: boolean): { host: string; port: number } {
  const [, v6, name, port = tls ? PORTS.tls : PORTS.plain] = HOST.exec(text) ?? [];
  const host = v6 ?? name;
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new UrlError('must name its hosts as host:port, several by commas');
  return { host, port: Number(port) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UrlError('has a % that begins no escape: write % itself as %25');
  }
}
