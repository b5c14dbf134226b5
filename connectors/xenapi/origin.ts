/**
 * The origin of a host that XAPI names by its bare address (`10.0.0.2`, `fd00::2`, `xs2.example.org`), reached as the
 * configured url is: the same scheme and port, unless the address has a port of its own.
 */
export function originOf(address: string, url: string): string {
  const { protocol, port } = new URL(url);
  const host = address.includes(':') && !/^(?:\[.*\]|[^:]+)(?::\d+)?$/.test(address) ? `[${address}]` : address;
  const has = /^(?:\[.*\]|[^:[\]]+):\d+$/.test(host);
  return `${protocol}//${host}${has || port === '' ? '' : `:${port}`}`;
}
