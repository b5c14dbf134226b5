import { LATE, orLate, within } from '../../pipeline/runtime/deadline.ts';
import { type ConnectorContext, EndpointError } from '../connector.ts';
import type { Client } from './client.ts';
import { isXapiError, type Parameter, type Value, XapiError } from './protocol.ts';

const RENEWAL_MS = 4000;
const LOGOUT_MS = 2000;
const MOST_LEFT = 8;

/** Who logs in: XAPI allows 500 sessions for each originator and each user. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface CoordinatorOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly credentials: Credentials;
  /** Sessions that could not be given back, for whoever logs in next. */
  readonly left: Set<string>;
}

/** The pool's coordinator with a session, which is renewed when XAPI has dropped it. */
export class Coordinator {
  readonly client: Client;
  readonly #options: CoordinatorOptions;
  #session: string;
  #renewal: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  private constructor(client: Client, session: string, options: CoordinatorOptions) {
    this.client = client;
    this.#session = session;
    this.#options = options;
  }

  /**
   * Logs in; the client is the coordinator's from then on. Rejects with XapiError (HOST_IS_SLAVE, …) or EndpointError.
   * No signal: a login whose answer nobody awaits leaves its session behind.
   */
  static async login(client: Client, options: CoordinatorOptions): Promise<Coordinator> {
    const coordinator = new Coordinator(client, await login(client, options), options);
    for (const session of options.left) await coordinator.#logout(session);
    return coordinator;
  }

  get session(): string {
    return this.#session;
  }

  /** A call that has the session as its first parameter. With a new session if XAPI does not know the old one. */
  call(method: string, params: readonly Parameter[], signal: AbortSignal, over: Client = this.client): Promise<Value> {
    return this.withSession(
      (session) => over.call(method, [session, ...params], signal),
      (error) => isXapiError(error, 'SESSION_INVALID'),
    );
  }

  /** Does something with the session and, if that is refused for it, once more with a new one. */
  async withSession<T>(work: (session: string) => Promise<T>, isInvalid: (error: unknown) => boolean): Promise<T> {
    const session = this.#session;
    try {
      return await work(session);
    } catch (error) {
      if (!isInvalid(error)) throw error;
      await this.#renew(session);
      return work(this.#session);
    }
  }

  /** Everybody whose session was the old one waits for the same login. */
  #renew(old: string): Promise<void> {
    if (this.#closing !== null) throw new EndpointError('lost', this.#options.endpoint, 'the session is closed');
    if (this.#session !== old) return Promise.resolve();
    this.#renewal ??= this.#loginInTime()
      .then((session) => {
        this.#session = session;
      })
      .catch((error: unknown) => {
        throw userRefusal(error, this.client.origin, this.#options) ?? error;
      })
      .finally(() => {
        this.#renewal = null;
      });
    return this.#renewal;
  }

  /** One that never answers must not keep whoever needs a session later waiting as well. */
  async #loginInTime(): Promise<string> {
    const { clock, endpoint } = this.#options;
    const work = login(this.client, this.#options);
    const outcome = await orLate(clock, RENEWAL_MS, work, () => undefined);
    if (outcome !== LATE) return outcome;
    // Nobody waits for a late session: it is given back.
    work.then((late) => this.#logout(late)).catch(() => undefined);
    const words = `${this.client.origin} did not answer the login within ${RENEWAL_MS / 1000} s`;
    throw new EndpointError('timeout', endpoint, words);
  }

  /** Logs out, if the coordinator answers in time, and lets go. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    // Whoever waits for the renewal is told of its failure.
    await this.#renewal?.catch(() => undefined);
    await this.#logout(this.#session);
    await this.client.close();
  }

  async #logout(session: string): Promise<void> {
    const { clock, endpoint, report, left } = this.#options;
    const logout = (signal: AbortSignal) => this.client.call('session.logout', [session], signal);
    try {
      await within(clock, LOGOUT_MS, 'session.logout', logout);
      left.delete(session);
    } catch (cause) {
      if (isXapiError(cause, 'SESSION_INVALID')) {
        left.delete(session);
        return;
      }
      // XAPI forgets it after a day; one that hangs is not asked again and again.
      const wasLeft = left.delete(session);
      if (!wasLeft && left.size < MOST_LEFT) left.add(session);
      const error = cause instanceof Error ? cause : new Error(String(cause));
      report({ event: 'part.failed', hypervisor: endpoint, kind: 'xenapi', part: 'logout', reason: 'left', error });
    }
  }
}

async function login(client: Client, { endpoint, credentials }: CoordinatorOptions): Promise<string> {
  const { username, password } = credentials;
  const params = [username, password, '1.0', 'hypermeter'];
  const session = await client.call('session.login_with_password', params, new AbortController().signal);
  if (typeof session === 'string' && session !== '') return session;
  throw new EndpointError('protocol', endpoint, `${client.origin} logs in without giving a session`);
}

/** Refusals that every host of the pool would give. What XAPI says about them may hold what was typed. */
const REFUSALS: Readonly<Record<string, string>> = {
  SESSION_AUTHENTICATION_FAILED: 'wrong username or password (SESSION_AUTHENTICATION_FAILED)',
  RBAC_PERMISSION_DENIED: 'it has no role in the pool, read-only is enough (RBAC_PERMISSION_DENIED)',
  USER_IS_NOT_LOCAL_SUPERUSER: 'it may not log in while the host is in emergency mode (USER_IS_NOT_LOCAL_SUPERUSER)',
};

/** What a login failed with, as an EndpointError, if it was refused to this user; undefined: it was something else. */
export function userRefusal(
  error: unknown,
  origin: string,
  { endpoint, credentials }: Pick<CoordinatorOptions, 'endpoint' | 'credentials'>,
): EndpointError | undefined {
  const remedy = error instanceof XapiError ? REFUSALS[error.code] : undefined;
  if (remedy === undefined) return undefined;
  return new EndpointError('refused', endpoint, `${origin} refuses user ${credentials.username}: ${remedy}`);
}
