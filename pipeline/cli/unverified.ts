import { isVerified } from '../../connectors/libvirt/address.ts';
import type { Path } from '../runtime/config/fault.ts';
import type { Remark } from '../runtime/config/load.ts';
import { memberOf } from '../runtime/config/schema-node.ts';

const DANGER = 'whoever is in between can read and change what is sent, passwords too';
const MESSAGE = `is false: ${DANGER}. Name the authority in caFile instead`;

/** What a setting that does without a check of the server has to say to that. */
type Unchecked = readonly [path: Path, message: string];

/** A warning for each server that a configuration says not to check, and that no thumbprint stands for. */
export const unverifiedTls = (config: object): readonly Remark[] =>
  places(config).flatMap(([path, place]) =>
    [...uncheckedTls(place), ...uncheckedUri(place), ...uncheckedBrokers(place)].map(
      ([at, message]): Remark => ({ severity: 'warning', path: [...path, ...at], message }),
    ),
  );

/** An endpoint that is reached without a check of the server, or with a password in clear, and the word that says so. */
export interface Unverified {
  readonly name: string;
  /** `tls.verify` */
  readonly setting: string;
  readonly message: string;
}

/** Those of a fleet. */
export const unverifiedIn = (entries: readonly { readonly name: string }[]): readonly Unverified[] =>
  entries.flatMap((entry) => {
    const config = { connectors: [entry] };
    return [...unverifiedTls(config), ...openPasswords(config)].map(({ path, message }) => ({
      name: entry.name,
      setting: path.slice(2).join('.'),
      message,
    }));
  });

/** The same by what there is to say, with all whom it is said of. */
export function byMessage(
  all: readonly Unverified[],
): readonly (Omit<Unverified, 'name'> & { readonly names: string[] })[] {
  const groups = new Map<string, Omit<Unverified, 'name'> & { readonly names: string[] }>();
  for (const { name, setting, message } of all) {
    const group = groups.get(message) ?? { setting, message, names: [] };
    group.names.push(name);
    groups.set(message, group);
  }
  return [...groups.values()];
}

/** Templates of discovery have texts where other places have values. */
const isFalse = (value: unknown): boolean => String(value).toLowerCase() === 'false';

function uncheckedTls(place: object): readonly Unchecked[] {
  const tls = memberOf(place, 'tls');
  const isPinned = memberOf(tls, 'thumbprint') !== undefined;
  return isFalse(memberOf(tls, 'verify')) && !isPinned ? [[['tls', 'verify'], MESSAGE]] : [];
}

/** libvirt's `?no_verify=1`; over ssh it is the key of the host that is not checked. */
function uncheckedUri(place: object): readonly Unchecked[] {
  const uri = memberOf(place, 'uri');
  const query = typeof uri === 'string' ? uri.split('?')[1] : undefined;
  if (query === undefined || isVerified({ parameters: new Map(new URLSearchParams(query)) })) return [];
  return [[['uri'], `has no_verify, with which the server is not checked: ${DANGER}. ${VERIFY_INSTEAD}`]];
}

const VERIFY_INSTEAD = 'Name the authority in tls.caFile or pkipath, for ssh the keys of hosts in known_hosts, instead';

/** Properties that are handed on to librdkafka, and what they have to be for nobody to be checked. */
const UNCHECKED: readonly (readonly [property: string, value: string])[] = [
  ['enable.ssl.certificate.verification', 'false'],
  ['ssl.endpoint.identification.algorithm', 'none'],
];

function uncheckedBrokers(place: object): readonly Unchecked[] {
  const properties = memberOf(place, 'librdkafka');
  return UNCHECKED.flatMap(([property, value]): readonly Unchecked[] => {
    if (String(memberOf(properties, property)).toLowerCase() !== value) return [];
    return [[['librdkafka', property], `is ${value}: ${DANGER}. Name the authority in tls.caFile instead`]];
  });
}

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

const SECRETS = ['password', 'tokenSecret', 'applicationCredentialSecret'];
/** Templates of discovery may name the files of secrets, which are read when there are hosts. */
const CREDENTIALS = [...SECRETS, ...SECRETS.map((name) => `${name}File`), 'auth'];

const hasCredentials = (place: object): boolean => CREDENTIALS.some((name) => memberOf(place, name) !== undefined);

/** Whether a web address is plain HTTP to another machine. */
function isOpen(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** The settings and list entries at the top of a configuration, where servers are named, and templates of such entries. */
function places(config: object): readonly Place[] {
  const top = Object.entries(config).flatMap(([key, value]) => placesIn([key], value));
  return top.flatMap(([path, place]): readonly Place[] => [
    [path, place],
    ...(path[0] === 'discovery' ? placesIn([...path, 'entry'], memberOf(place, 'entry')) : []),
  ]);
}

type Place = readonly [Path, object];

/** A value, or the entries of a list, that is an object. */
function placesIn(path: Path, value: unknown): readonly Place[] {
  if (Array.isArray(value)) return value.flatMap((entry, index) => placesIn([...path, index], entry));
  return value instanceof Object ? [[path, value]] : [];
}
