import type { Settings } from './connector.ts';

/**
 * The settings that `<kind>://user:password@host[:port][/path]?<setting>=<text>&…` means for a connector over HTTPS;
 * `thumbprint`, `caFile` and `verify` are those of `tls`. `path` is the server's own where the address has none.
 */
export function httpSettings(uri: URL, path: string): Settings {
  const { thumbprint, caFile, verify, ...others } = Object.fromEntries(uri.searchParams);
  const given = { username: plain(uri.username), password: plain(uri.password) };
  return {
    ...others,
    name: uri.host,
    type: uri.protocol.slice(0, -1),
    url: `https://${uri.host}${/^\/?$/.test(uri.pathname) ? path : uri.pathname}`,
    ...present(given),
    tls: present({ thumbprint, caFile, verify }),
  };
}

const present = (settings: Settings): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([, text]) => text !== undefined && text !== ''));

/** Without its percent signs, unless those are its own. */
function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
