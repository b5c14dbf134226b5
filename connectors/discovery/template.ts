import { isIPv6 } from 'node:net';
import type { Settings } from '../connector.ts';

/** What a source knows of one host, by the names of its placeholders. */
export type Values = Readonly<Record<string, string>>;

/** `{name}`; `{{` and `}}` are the braces themselves. */
const PLACEHOLDER = /\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*$/i;
const HOST = /^(?:[\w.~-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** A template has a placeholder that its source does not know. */
export class PlaceholderError extends Error {
  override readonly name = 'PlaceholderError';
  constructor(placeholder: string, known: Iterable<string>) {
    const names = [...known].map((name) => `{${name}}`).join(', ');
    super(`there is no {${placeholder}} here; there are ${names}, and {{ for the brace itself`);
  }
}

/** What would come where a host belongs is none. */
export class HostError extends Error {
  override readonly name = 'HostError';
  constructor(value: string) {
    const what = value === '' ? 'there is nothing to put' : `there is no host in ${JSON.stringify(value)} to put`;
    super(`${what} into the address`);
  }
}

/**
 * A text with its placeholders replaced. In a URL what comes in is escaped: it can add no path, query or user; where a
 * host belongs an IPv6 address gets its brackets, and `host:port` stays as it is. Throws a PlaceholderError, or a
 * HostError.
 */
export function fillText(text: string, values: Values): string {
  let made = '';
  let end = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    made += text.slice(end, match.index);
    end = match.index + match[0].length;
    const [whole, name] = match;
    if (name === undefined) made += whole.slice(1);
    else made += escaped(made, text.slice(end), knownValue(name, values));
  }
  return made + text.slice(end);
}

function knownValue(name: string, values: Values): string {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) throw new PlaceholderError(name, Object.keys(values));
  return value;
}

function escaped(before: string, after: string, value: string): string {
  if (!before.includes('://')) return value;
  const isUser = /^[^/?#]*@/.test(after);
  if (!AUTHORITY.test(before) || isUser) return encoded(value);
  if (isIPv6(value)) return before.endsWith('[') ? value : `[${value.replace('%', '%25')}]`;
  // A port may well be missing.
  if (HOST.test(value) || (value === '' && before.endsWith(':'))) return value;
  throw new HostError(value);
}

/** Half a surrogate pair, which JSON can hold, is no text. */
const encoded = (value: string): string => encodeURIComponent(value.replaceAll(/\p{Surrogate}/gu, '\ufffd'));

/** Settings with the placeholders of all their texts replaced. Throws a PlaceholderError. */
export const fillSettings = (settings: Settings, values: Values): Settings =>
  Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, fillValue(value, values)]));

function fillValue(value: unknown, values: Values): unknown {
  if (typeof value === 'string') return fillText(value, values);
  if (Array.isArray(value)) return value.map((entry) => fillValue(entry, values));
  return typeof value === 'object' && value !== null ? fillSettings(value as Settings, values) : value;
}

/** Every placeholder of the texts in a value, with where it stands. */
export function placeholdersOf(
  value: unknown,
  path: readonly (string | number)[] = [],
): readonly { readonly name: string; readonly path: readonly (string | number)[] }[] {
  if (typeof value === 'string')
    return [...value.matchAll(PLACEHOLDER)].flatMap(([, name]) => (name === undefined ? [] : [{ name, path }]));
  if (Array.isArray(value)) return value.flatMap((entry, index) => placeholdersOf(entry, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => placeholdersOf(member, [...path, key]));
}
