import type { Clock } from '../../../pipeline/runtime/clock.ts';
import { EndpointError } from '../../connector.ts';
import { createHttpClient, type HttpClient } from '../../http-client.ts';
import type { HttpTls } from '../../http-tls.ts';
import { type FillTemplate, isRejected } from '../entry-template.ts';
import { type Filter, type Placed, passes, select } from '../select.ts';
import type { Findings, Rejected, Source } from '../source.ts';
import type { Credentials } from './credentials.ts';
import { type Hypervisor, type Hypervisors, listHypervisors, TokenRefused, valuesOf } from './hypervisors.ts';
import { computeUrl, logIn, type Token } from './keystone.ts';

export interface NovaSourceOptions extends Pick<Source, 'name' | 'refreshMs' | 'timeoutMs' | 'emptyAfter'> {
  readonly clock: Clock;
  readonly authUrl: string;
  readonly credentials: Credentials;
  /** Of the compute API; undefined: as the service catalogue has it. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  /** `public`, `internal` or `admin`. */
  readonly face: string;
  readonly microversion: string;
  readonly pageSize: number;
  readonly tls: HttpTls;
  readonly filter: Filter;
  readonly fill: FillTemplate;
}

/** A token is renewed while it still lasts so long, so that a look does not outlive it. */
const MARGIN_US = 60e6;

/** The compute hosts that nova knows, asked anew at each refresh; a token is kept as long as it is good. */
export function novaSource(options: NovaSourceOptions): Source {
  const { name, refreshMs, timeoutMs, emptyAfter, filter, fill } = options;
  const access = new Access(options);
  return {
    name,
    kind: 'nova',
    refreshMs,
    timeoutMs,
    emptyAfter,
    look: async (signal) => findingsOf(await access.list(signal), name, filter, fill),
    close: () => access.close(),
  };
}

function findingsOf({ hypervisors, odd }: Hypervisors, name: string, filter: Filter, fill: FillTemplate): Findings {
  const listed: (Placed & { readonly host: string })[] = [];
  const rejected: Rejected[] = odd.map((message) => ({ reason: 'invalid', where: name, message }));
  for (const one of hypervisors) {
    const host = one.hypervisor_hostname;
    if (!passes(host, filter)) continue;
    const made = fill(valuesOf(one), `${name}: ${host}`);
    if (isRejected(made)) rejected.push(made);
    else listed.push({ entry: made, host, where: `${name}: ${host}` });
  }
  return { ...select(listed, rejected, filter), remarks: remarksOn(hypervisors) };
}

function remarksOn(hypervisors: readonly Hypervisor[]): readonly string[] {
  const down = hypervisors.filter(({ state }) => state === 'down').map((one) => one.hypervisor_hostname);
  const disabled = hypervisors.filter(({ status }) => status === 'disabled').map((one) => one.hypervisor_hostname);
  return [
    ...(down.length > 0 ? [`nova-compute is down on ${down.join(', ')}`] : []),
    ...(disabled.length > 0 ? [`disabled: ${disabled.join(', ')}`] : []),
  ];
}

/** Keeps a token and the connections to Keystone and nova. */
class Access {
  readonly #options: NovaSourceOptions;
  readonly #clients = new Map<string, Promise<HttpClient>>();
  #token: Token | null = null;

  constructor(options: NovaSourceOptions) {
    this.#options = options;
  }

  async list(signal: AbortSignal): Promise<Hypervisors> {
    const isNew = this.#token === null || this.#isStale(this.#token);
    try {
      return await this.#listWith(isNew ? await this.#logIn(signal) : this.#token, signal);
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      if (isNew) throw this.#stillRefused(error);
    }
    // It was revoked, or the clocks differ.
    try {
      return await this.#listWith(await this.#logIn(signal), signal);
    } catch (error) {
      throw error instanceof TokenRefused ? this.#stillRefused(error) : error;
    }
  }

  #stillRefused(cause: Error): EndpointError {
    const message = 'nova refuses a token that Keystone has just given (401): see the keystone_authtoken of nova';
    this.#token = null;
    return new EndpointError('refused', this.#options.name, message, cause);
  }

  #isStale({ expiresAt }: Token): boolean {
    return Number.isNaN(expiresAt) ? false : this.#options.clock.now() > expiresAt - MARGIN_US;
  }

  async #logIn(signal: AbortSignal): Promise<Token> {
    const { name, authUrl, credentials } = this.#options;
    const { origin, pathname } = new URL(authUrl);
    const path = pathname.replace(/\/$/, '');
    const client = await this.#client(origin);
    this.#token = await logIn(client, name, path.endsWith('/v3') ? path : `${path}/v3`, credentials, signal);
    return this.#token;
  }

  async #listWith(token: Token | null, signal: AbortSignal): Promise<Hypervisors> {
    const { name, endpoint, region, face, microversion, pageSize } = this.#options;
    if (token === null) throw new TokenRefused();
    const url = endpoint ?? computeUrl(token, name, { region, face });
    if (!URL.canParse(url)) throw new EndpointError('protocol', name, `the catalogue's ${url} is no URL: set endpoint`);
    const { origin, pathname } = new URL(url);
    const client = await this.#client(origin);
    const list = { client, source: name, path: pathname.replace(/\/$/, ''), microversion, pageSize };
    return listHypervisors(list, token.value, signal);
  }

  #client(origin: string): Promise<HttpClient> {
    const { name: endpoint, tls, timeoutMs } = this.#options;
    const known = this.#clients.get(origin);
    if (known !== undefined) return known;
    const client = createHttpClient({ endpoint, origin, tls, connections: 1, timeoutMs });
    this.#clients.set(origin, client);
    // A file of a CA that cannot be read today may be there at the next look.
    client.catch(() => this.#clients.delete(origin));
    return client;
  }

  async close(): Promise<void> {
    const clients = await Promise.allSettled(this.#clients.values());
    this.#clients.clear();
    for (const client of clients) if (client.status === 'fulfilled') await client.value.close();
  }
}
