import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';
import { type Client, type Reply, StatusError } from './client.ts';
import { decodeTicket, ProtocolError, TICKET } from './protocol.ts';
import { explainStatus, secondFactor } from './remedies.ts';

export type Credentials =
  /** `user@realm!name`, and its secret. */
  { readonly tokenId: string; readonly tokenSecret: string } | { readonly username: string; readonly password: string };

/** A ticket lives two hours (PVE::AccessControl), and one that dies on the way costs a poll. */
const RENEW_US = 100 * 60e6;

/** Asks one node with what opens it: a token, which goes with every request, or a ticket that is renewed in time. */
export class Access {
  readonly client: Client;
  readonly #endpoint: string;
  readonly #clock: Clock;
  readonly #credentials: Credentials;
  #ticket: { readonly text: string; readonly since: number } | null = null;

  constructor(client: Client, endpoint: string, clock: Clock, credentials: Credentials) {
    this.client = client;
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#credentials = credentials;
  }

  /** `GET`s; with a ticket that is refused once more with a new one. Rejects with EndpointError or the signal's reason. */
  async get(path: string, signal: AbortSignal): Promise<Reply> {
    try {
      return await this.#getOrLogin(path, signal);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      throw explainStatus(error, path, this.client.origin, this.#endpoint, this.#credentials);
    }
  }

  async #getOrLogin(path: string, signal: AbortSignal): Promise<Reply> {
    const before = this.#ticket;
    try {
      return await this.client.get(path, await this.#headers(signal), signal);
    } catch (error) {
      const mayBeOld = error instanceof StatusError && error.status === 401 && before !== null;
      if (!mayBeOld) throw error;
      // Somebody else may have seen it first.
      if (this.#ticket === before) this.#ticket = null;
      return this.client.get(path, await this.#headers(signal), signal);
    }
  }

  async #headers(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const credentials = this.#credentials;
    if ('tokenId' in credentials)
      return { authorization: `PVEAPIToken=${credentials.tokenId}=${credentials.tokenSecret}` };
    const now = this.#clock.monotonic();
    if (this.#ticket === null || now - this.#ticket.since > RENEW_US)
      this.#ticket = { text: await this.#login(credentials, signal), since: now };
    return { cookie: `PVEAuthCookie=${encodeURIComponent(this.#ticket.text)}` };
  }

  async #login({ username, password }: { username: string; password: string }, signal: AbortSignal): Promise<string> {
    const { data } = await this.client.post(TICKET, { username, password }, signal).catch((error: unknown) => {
      if (!(error instanceof StatusError)) throw error;
      throw explainStatus(error, TICKET, this.client.origin, this.#endpoint, this.#credentials);
    });
    try {
      const outcome = decodeTicket(data);
      if (outcome === 'second factor') throw secondFactor(this.client.origin, this.#endpoint, username);
      return outcome.ticket;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      throw new EndpointError('protocol', this.#endpoint, `${this.client.origin}: ${error.message}`, error);
    }
  }
}
