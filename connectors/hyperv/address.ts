/** Where the service of a host is, and whether the connection itself is encrypted. */
export interface Address {
  /** `https://hv1.example.org:5986` */
  readonly origin: string;
  readonly path: string;
  readonly isTls: boolean;
}

const PATH = '/wsman';
const PORTS: Readonly<Record<string, string>> = { 'https:': '5986', 'http:': '5985' };

/** Takes `https://host[:5986][/wsman]` or `http://host[:5985][/wsman]` apart. Throws an Error that says what is wrong. */
export function parseUrl(text: string): Address {
  if (!URL.canParse(text)) throw new Error('not a URL like https://hv1.example.org:5986/wsman');
  const url = new URL(text);
  const port = PORTS[url.protocol];
  if (port === undefined) throw new Error(`${url.protocol}// where https:// or http:// belongs`);
  if (url.username || url.password) throw new Error('username and password have words of their own');
  if (url.search || url.hash) throw new Error('a query has no place in the url');
  // URL takes a scheme's own port for none.
  const hasPort = /^[a-z]+:\/\/(?:\[[^\]]*\]|[^/:]*):\d+/i.test(text.trim());
  const given = url.port || (url.protocol === 'https:' ? '443' : '80');
  return {
    origin: `${url.protocol}//${url.hostname}:${hasPort ? given : port}`,
    path: url.pathname === '/' ? PATH : url.pathname,
    isTls: url.protocol === 'https:',
  };
}
