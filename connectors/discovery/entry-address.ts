import type { ConnectorEntry } from './discovery.ts';

/**
 * What an entry connects to, in a form in which two of one place are alike; none where it connects to nothing. Users are
 * left out, and so is the port where it is the scheme's own. A nova entry is told by its queue, not by its broker.
 */
export function addressesOf(entry: ConnectorEntry): readonly string[] {
  if (entry.type === 'nova') return [];
  const { uri, url } = entry as { readonly uri?: unknown; readonly url?: unknown };
  return [uri, url].flat().flatMap((text) => (typeof text === 'string' ? plainAddress(text) : []));
}

function plainAddress(text: string): string {
  if (!URL.canParse(text)) return text;
  const { protocol, hostname, port, pathname, search } = new URL(text);
  return `${protocol}//${hostname.toLowerCase().replace(/\.$/, '')}:${port}${pathname.replace(/\/$/, '')}${search}`;
}
