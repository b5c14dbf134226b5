import type { Path } from '../runtime/config/fault.ts';
import type { Remark } from '../runtime/config/load.ts';
import { memberOf } from '../runtime/config/schema-node.ts';

const MESSAGE =
  'is false: whoever is in between can read and change what is sent, passwords too. Name the authority in caFile instead';

/** A warning for each certificate that a configuration says not to check, and that no thumbprint stands for. */
export const unverifiedTls = (config: object): readonly Remark[] =>
  places(config).flatMap(([path, place]): readonly Remark[] => {
    const tls: unknown = 'tls' in place ? place.tls : undefined;
    if (!(tls instanceof Object && 'verify' in tls && tls.verify === false)) return [];
    if ('thumbprint' in tls && tls.thumbprint !== undefined) return [];
    return [{ severity: 'warning', path: [...path, 'tls', 'verify'], message: MESSAGE }];
  });

/** Connectors that seal what they send themselves, whatever the address begins with (connectors/hyperv). */
const SEALING: readonly unknown[] = ['hyperv'];

/**
 * A warning for each address without TLS to which a password or token goes, past this machine. Kafka, Redis and AMQP have
 * addresses of other kinds, and are not looked at.
 */
export const openPasswords = (config: object): readonly Remark[] =>
  places(config).flatMap(([path, place]): readonly Remark[] => {
    if (!hasCredentials(place) || SEALING.includes(memberOf(place, 'type'))) return [];
    return ['url', 'authUrl'].flatMap((name): readonly Remark[] => {
      const urls = [memberOf(place, name)].flat();
      if (!urls.some((url) => typeof url === 'string' && isOpen(url))) return [];
      return [{ severity: 'warning', path: [...path, name], message: OPEN }];
    });
  });

const OPEN = 'is without TLS: whoever is in between can read what is sent, passwords too. Use https://';

const CREDENTIALS = ['password', 'tokenSecret', 'applicationCredentialSecret', 'auth'];

const hasCredentials = (place: object): boolean => CREDENTIALS.some((name) => memberOf(place, name) !== undefined);

/** Whether a web address is plain HTTP to another machine. */
function isOpen(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** The settings and list entries at the top of a configuration, where servers are named. */
const places = (config: object): readonly (readonly [Path, object])[] =>
  Object.entries(config).flatMap(([key, value]): readonly (readonly [Path, object])[] => {
    if (Array.isArray(value))
      return value.flatMap((entry, index) => (entry instanceof Object ? [[[key, index], entry] as const] : []));
    return value instanceof Object ? [[[key], value]] : [];
  });
