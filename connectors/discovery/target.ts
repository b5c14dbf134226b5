/** Host and port of `host`, `host:port`, `[ipv6]:port`, an IPv6 address or a URL; the port is empty where there is none. */
export function hostOf(target: string): { readonly host: string; readonly port: string } {
  if (target.includes('://') && URL.canParse(target)) {
    const { hostname, port } = new URL(target);
    return { host: hostname.replace(/^\[|\]$/g, ''), port };
  }
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(target) ?? [];
  return { host: bracketed ?? plain ?? target, port };
}
