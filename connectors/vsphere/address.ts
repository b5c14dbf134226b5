/** Where the API of a server is. */
export interface Address {
  /** `https://vc1.example.org` */
  readonly origin: string;
  readonly path: string;
}

/** Where it is unless the url says otherwise. */
const PATH = '/sdk';

/** Takes an `https://host[:port][/sdk]` apart. Throws an Error whose message says what is wrong. */
export function parseUrl(text: string): Address {
  if (!URL.canParse(text)) throw new Error('not a URL like https://vcenter.example.org/sdk');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new Error(`${url.protocol}// where https:// belongs`);
  if (url.username || url.password) throw new Error('username and password have words of their own');
  if (url.search || url.hash) throw new Error('a query has no place in the url');
  return { origin: url.origin, path: url.pathname === '/' ? PATH : url.pathname };
}
