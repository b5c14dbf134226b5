import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Who may do what. `audits`: paths on which it has VM.Audit and Sys.Audit, `/` for all. */
export interface Account {
  readonly secret: string;
  readonly audits: readonly string[];
  readonly secondFactor?: boolean;
}

const TICKET_US = 7200e6;

/** Tokens and tickets as PVE::AccessControl has them. */
export class AccessControl {
  readonly accounts: Map<string, Account>;
  readonly #now: () => number;
  #key = randomBytes(16);
  /** Tickets that were given out. */
  logins = 0;

  constructor(accounts: Readonly<Record<string, Account>>, now: () => number) {
    this.accounts = new Map(Object.entries(accounts));
    this.#now = now;
  }

  /** All tickets are void, as after the key was rotated twice. */
  rotate(): void {
    this.#key = randomBytes(16);
  }

  /** Who asks; null: nobody who is let in. */
  userOf(headers: IncomingHttpHeaders): string | null {
    const ticket = credentialIn(headers.cookie, 'PVEAuthCookie');
    if (ticket !== null) return this.#userOfTicket(ticket);
    const token = credentialIn(headers.authorization, 'PVEAPIToken');
    const [, id = '', secret = ''] = /^(.*)=(.*)$/.exec(token ?? '') ?? [];
    return id.includes('!') && this.accounts.get(id)?.secret === secret ? id : null;
  }

  /** What POST /access/ticket gives; null: authentication failure. The password may be a ticket that is still good. */
  login(form: URLSearchParams): Readonly<Record<string, unknown>> | null {
    const [name, realm] = [form.get('username') ?? '', form.get('realm')];
    const username = realm === null ? name : `${name}@${realm}`;
    const password = form.get('password') ?? '';
    const account = username.includes('!') ? undefined : this.accounts.get(username);
    if (account === undefined) return null;
    if (account.secret !== password && this.#userOfTicket(password) !== username) return null;
    if (account.secondFactor) return { username, NeedTFA: 1, ticket: 'PVE:!tfa!%7B%22totp%22%3Atrue%7D:0::x' };
    this.logins++;
    const body = `PVE:${username}:${Math.floor(this.#now() / 1e6)
      .toString(16)
      .toUpperCase()}`;
    return {
      username,
      ticket: `${body}::${this.#sign(body)}`,
      CSRFPreventionToken: `00000000:${this.#sign(username)}`,
      cap: {},
    };
  }

  mayAudit(user: string, path: string): boolean {
    const audits = this.accounts.get(user)?.audits ?? [];
    return audits.includes('/') || audits.includes(path);
  }

  permissionsOf(user: string): Readonly<Record<string, unknown>> {
    const privileges = { 'VM.Audit': 1, 'Sys.Audit': 1, 'Datastore.Audit': 1, 'Pool.Audit': 1 };
    return Object.fromEntries((this.accounts.get(user)?.audits ?? []).map((path) => [path, privileges]));
  }

  #userOfTicket(ticket: string): string | null {
    const [, body = '', user = '', time = '', signature] = /^(PVE:([^:]+):([0-9A-F]+))::(.*)$/.exec(ticket) ?? [];
    if (signature !== this.#sign(body)) return null;
    const age = this.#now() - Number.parseInt(time, 16) * 1e6;
    return age > -300e6 && age < TICKET_US ? user : null;
  }

  #sign(text: string): string {
    return createHmac('sha1', this.#key).update(text).digest('base64');
  }
}

function credentialIn(header: string | undefined, key: string): string | null {
  const [, value] = new RegExp(`(?:^|\\s)${key}(?:=| )([^;]*)`).exec(header ?? '') ?? [];
  return value === undefined ? null : decodeURIComponent(value);
}
