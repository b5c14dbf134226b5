import { isIPv4, isIPv6 } from 'node:net';
import { isDevice, isMac, isNil, isReference, isTime, isUuid, isWhole } from './shapes.ts';

const PSEUDONYM_KINDS = ['name', 'uuid', 'mac', 'ipv4', 'ipv6', 'reference'] as const;
export type PseudonymKind = (typeof PSEUDONYM_KINDS)[number];

/** Of one kind: how many different texts there were, and how often one was replaced. */
export interface Substitutions {
  readonly distinct: number;
  readonly replaced: number;
}

export interface PseudonymOptions {
  /** Names that people see stay as they are. */
  readonly keepNames: boolean;
  /** Of the endpoint; epochs hold it. */
  readonly endpoint: string;
  /** What must not come out in any form: who logs in, and with what. */
  readonly users: readonly string[];
  readonly secrets: readonly string[];
}

/** Stands for what is not written in any form. */
const REMOVED = 'removed';
/** The name of the endpoint that a replay has. */
export const CAPTURED = 'captured';

/** A shorter secret is in any text by chance. */
const LEAST_SECRET = 6;
const EXTENSION = /\.(?:vmdk|vmx|vmtx|nvram|iso|img|a?vhdx?|vhds|vhdpmem|qcow2)$/i;

/**
 * Replaces texts by others of the same form that hold nothing of them: they are numbered in the order in which they are
 * first seen, by a table that dies with the process. The same text is always replaced by the same one, wherever it stands, so
 * that what belongs together still does.
 */
export class Pseudonyms {
  readonly #options: PseudonymOptions;
  readonly #tables = new Map<PseudonymKind, Map<string, string>>(PSEUDONYM_KINDS.map((kind) => [kind, new Map()]));
  readonly #replaced = new Map<PseudonymKind, number>();
  readonly #users = new Set<string>();
  readonly #secrets = new Set<string>();
  #removed = 0;

  constructor(options: PseudonymOptions) {
    this.#options = options;
    for (const user of options.users) this.addUser(user);
    for (const secret of options.secrets) this.addSecret(secret);
  }

  /** A text that names the user is not written from now on. */
  addUser(user: string): void {
    if (user !== '') this.#users.add(user);
  }

  /** What must stand nowhere from now on. */
  addSecret(secret: string): void {
    if (secret !== '') this.#secrets.add(secret);
  }

  /** True if a password or a session is in what was written: of those that are too long to be there by chance. */
  betrays(written: string): boolean {
    return isAnyIn(this.#secrets, written);
  }

  get substitutions(): Readonly<Record<PseudonymKind, Substitutions>> & { readonly removed: number } {
    const of = (kind: PseudonymKind): Substitutions => ({
      distinct: this.#tables.get(kind)?.size ?? 0,
      replaced: this.#replaced.get(kind) ?? 0,
    });
    return {
      name: of('name'),
      uuid: of('uuid'),
      mac: of('mac'),
      ipv4: of('ipv4'),
      ipv6: of('ipv6'),
      reference: of('reference'),
      removed: this.#removed,
    };
  }

  /** For what is not to be written in any form. */
  remove(): string {
    this.#removed++;
    return REMOVED;
  }

  /** Any text. Uuids, addresses and paths keep their form, everything else is a name; nothing stays nothing. */
  text(raw: string): string {
    if (/^\s*$/.test(raw)) return raw;
    if (this.#isPrivate(raw)) return this.remove();
    const text = unescaped(raw);
    const reference = /^OpaqueRef:(.*)$/s.exec(text)?.[1];
    if (reference !== undefined) return reference === 'NULL' ? text : `OpaqueRef:${this.text(reference)}`;
    return this.#formed(text) ?? (/[/\\]/.test(text) ? this.#path(text) : this.#word(text));
  }

  /** A name that people see. */
  name(raw: string): string {
    if (!this.#options.keepNames || this.#isPrivate(raw)) return this.text(raw);
    return this.#formed(unescaped(raw)) ?? raw;
  }

  /** A device; several of a VM's nics with one address have a number behind it. */
  device(text: string): string {
    const [, address = text, number = ''] = /^(.*?)(\/\d{1,3})?$/s.exec(text) ?? [];
    return isDevice(address) ? text : `${this.text(address)}${number}`;
  }

  /** A reference to a managed object. */
  reference(text: string): string {
    return text === '' || isReference(text) ? text : this.#numbered('reference', text, (n) => `ref-${n}`);
  }

  /** What a connector calls the life of an instance: parts with `/` or `@` between them. */
  epoch(text: string): string {
    const { endpoint } = this.#options;
    const [head, rest] = text.startsWith(`${endpoint}/`)
      ? [`${CAPTURED}/`, text.slice(endpoint.length + 1)]
      : ['', text];
    const parts = rest.split(/([/@])/).map((part, n) => {
      if (n % 2 === 1 || part === '' || isWhole(part) || isTime(part)) return part;
      return isUuid(part) ? this.text(part) : this.reference(part);
    });
    return head + parts.join('');
  }

  #isPrivate(raw: string): boolean {
    return [this.#users, this.#secrets].some((texts) => texts.has(raw) || isAnyIn(texts, raw));
  }

  /** Uuids, MACs and IP addresses, these with a port or a length; undefined: it is none of them. */
  #formed(text: string): string | undefined {
    if (isUuid(text)) return isNil(text) ? text : this.#uuid(text);
    if (isMac(text)) return this.#mac(text);
    const [, address = '', tail = ''] = /^(.*?)((?::\d{1,5}|\/\d{1,3})?)$/s.exec(text) ?? [];
    if (isIPv4(address)) return this.#numbered('ipv4', address, ipv4Of) + tail;
    if (isIPv6(text)) return this.#numbered('ipv6', text.toLowerCase(), ipv6Of);
    const [, bracketed = '', port = ''] = /^\[(.*)\](:\d{1,5})?$/s.exec(text) ?? [];
    return isIPv6(bracketed) ? `[${this.#numbered('ipv6', bracketed.toLowerCase(), ipv6Of)}]${port}` : undefined;
  }

  #uuid(text: string): string {
    const digits = text.replaceAll('-', '').toLowerCase();
    return this.#numbered('uuid', digits, (n) => `00000000-0000-4000-8000-${hex(n, 12)}`);
  }

  /** Locally administered. */
  #mac(text: string): string {
    const digits = text.replace(/[:-]/g, '').toLowerCase();
    return this.#numbered('mac', digits, (n) => `02:00:${hex(n, 8).replace(/..(?!$)/g, '$&:')}`);
  }

  /** Of as many parts; what stands in brackets before it is the datastore. */
  #path(text: string): string {
    const [, store, rest = text] = /^\[([^\]]*)\] ?(.*)$/s.exec(text) ?? [];
    const parts = [store === undefined ? '' : `[${this.#word(store)}] `];
    for (const part of rest.split(/([/\\])/))
      parts.push(/^[/\\]?$/.test(part) ? part : (this.#formed(part) ?? this.#word(part)));
    return parts.join('');
  }

  #word(text: string): string {
    if (text === '') return text;
    const extension = EXTENSION.exec(text)?.[0].toLowerCase() ?? '';
    return this.#numbered('name', text, (n) => `name-${n}${extension}`);
  }

  #numbered(kind: PseudonymKind, text: string, make: (number: number) => string): string {
    const table = this.#tables.get(kind) ?? new Map<string, string>();
    let pseudonym = table.get(text);
    if (pseudonym === undefined) {
      pseudonym = make(table.size + 1);
      table.set(text, pseudonym);
    }
    this.#replaced.set(kind, (this.#replaced.get(kind) ?? 0) + 1);
    return pseudonym;
  }
}

function isAnyIn(secrets: ReadonlySet<string>, text: string): boolean {
  for (const secret of secrets) if (secret.length >= LEAST_SECRET && text.includes(secret)) return true;
  return false;
}

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');

/** vSphere writes `%`, `/` and `\` in names as `%25`, `%2f` and `%5c`, which are the same name as without. */
function unescaped(text: string): string {
  const once = text.replace(/%(25|2f|5c)/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return once === text ? text : unescaped(once);
}

/** The three networks for documentation (RFC 5737); if there are more addresses, the one for benchmarks (RFC 2544). */
const DOCUMENTATION = ['192.0.2', '198.51.100', '203.0.113'] as const;
const USABLE = 254;

function ipv4Of(n: number): string {
  const network = DOCUMENTATION[Math.floor((n - 1) / USABLE)];
  if (network !== undefined) return `${network}.${((n - 1) % USABLE) + 1}`;
  const rest = n - DOCUMENTATION.length * USABLE;
  return `198.${18 + ((rest >> 16) & 1)}.${(rest >> 8) & 255}.${rest & 255}`;
}

/** RFC 3849 */
const ipv6Of = (n: number): string => `2001:db8::${(n >>> 16).toString(16)}:${(n & 0xffff).toString(16)}`;
