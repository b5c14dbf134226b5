import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Certificate, Listener } from '../xenapi/listener.ts';

/** A compute host as nova lists it; members that are missing are as on a host in good order. */
export interface ComputeHost {
  readonly hostname: string;
  readonly ip?: string;
  readonly type?: string;
  readonly state?: 'up' | 'down';
  readonly status?: 'enabled' | 'disabled';
}

export interface FakeOptions {
  readonly tls?: Certificate;
  /** Hypervisors in one answer at most, whatever is asked for (nova: osapi_max_limit, 1000). */
  readonly maxLimit?: number;
  /** Links as nova had them for years: to hypervisors/detail, a path that it does not have; and to an inner address. */
  readonly oldLinks?: boolean;
  readonly tokenSeconds?: number;
  readonly now?: () => number;
  /** May this user list hypervisors? Else 403. */
  readonly mayList?: (user: string) => boolean;
  readonly regions?: readonly string[];
}

export const USER = { username: 'metering', password: 'p&ss"wörd', project: 'admin' } as const;
export const CREDENTIAL = { id: '423f19a4ac1e4f48bbb4180756e6eb6c', secret: 'rEaqvJka48mpv' } as const;

interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Keystone (Identity API v3) and nova (Compute API 2.1, microversions 2.33 to 2.96) in one server on loopback, as far as
 * a list of hypervisors goes. Their answers have the form of the samples in the API references of both.
 */
export class FakeOpenStack {
  hosts: readonly (ComputeHost & { readonly id: string })[] = [];
  readonly tokens = new Map<string, { readonly user: string; readonly expiresAt: number }>();
  logins = 0;
  lists = 0;
  /** What to answer instead, by path. */
  instead: ((path: string) => Answer | 'hang' | undefined) | undefined;
  readonly #options: FakeOptions;
  readonly #listener: Listener;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    this.#listener = new Listener('127.0.0.1', options.tls, (from, to) => void this.#serve(from, to));
  }

  get origin(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.#listener.port}`;
  }

  get authUrl(): string {
    return `${this.origin}/identity/v3`;
  }

  async up(hosts: readonly ComputeHost[] = []): Promise<this> {
    this.set(hosts);
    await this.#listener.up(0);
    return this;
  }

  down(): Promise<void> {
    return this.#listener.down();
  }

  /** Hosts that were there keep their ids. */
  set(hosts: readonly ComputeHost[]): void {
    const ids = new Map(this.hosts.map(({ hostname, id }) => [hostname, id]));
    this.hosts = hosts.map((host) => ({ ...host, id: ids.get(host.hostname) ?? randomUUID() }));
  }

  revokeAll(): void {
    this.tokens.clear();
  }

  async #serve(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of from) chunks.push(chunk as Buffer);
    const url = new URL(from.url ?? '/', this.origin);
    const request = {
      method: from.method ?? 'GET',
      url,
      headers: from.headers,
      body: Buffer.concat(chunks).toString(),
    };
    const instead = this.instead?.(url.pathname);
    if (instead === 'hang') return;
    const { status, body, headers } = instead ?? this.#answer(request);
    const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
    to.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  }

  #answer(request: Request): Answer {
    const { method, url } = request;
    const path = url.pathname.replace(/\/$/, '');
    if (path === '/identity' || path === '/identity/v3') return { status: 200, body: this.#identity() };
    if (path === '/identity/v3/auth/tokens' && method === 'POST') return this.#logIn(request);
    if (path === '/compute' || path === '/compute/v2.1') return { status: 200, body: this.#compute() };
    if (path === '/compute/v2.1/os-hypervisors/detail') return this.#list(request);
    return { status: 404, body: { error: { code: 404, title: 'Not Found', message: 'Not Found' } } };
  }

  #identity(): unknown {
    const links = [{ rel: 'self', href: `${this.authUrl}/` }];
    return { version: { id: 'v3.14', status: 'stable', updated: '2020-04-07T00:00:00Z', links, 'media-types': [] } };
  }

  #compute(): unknown {
    const links = [{ rel: 'self', href: `${this.origin}/compute/v2.1/` }];
    return {
      version: {
        id: 'v2.1',
        status: 'CURRENT',
        version: '2.96',
        min_version: '2.1',
        updated: '2013-07-23T11:33:21Z',
        links,
        'media-types': [],
      },
    };
  }

  #logIn({ body }: Request): Answer {
    const user = userOf(JSON.parse(body));
    if (user === null)
      return {
        status: 401,
        body: {
          error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
        },
      };
    this.logins++;
    const now = this.#options.now?.() ?? Date.now();
    const expiresAt = now + (this.#options.tokenSeconds ?? 3600) * 1000;
    const token = `gAAAA${randomUUID().replaceAll('-', '')}`;
    this.tokens.set(token, { user, expiresAt });
    const regions = this.#options.regions ?? ['RegionOne'];
    const endpoints = (path: string) =>
      regions.flatMap((region) =>
        ['public', 'internal', 'admin'].map((face) => ({
          id: randomUUID(),
          interface: face,
          region_id: region,
          region,
          url: `${this.origin}${path}`,
        })),
      );
    return {
      status: 201,
      headers: { 'x-subject-token': token },
      body: {
        token: {
          methods: ['password'],
          user: { domain: { id: 'default', name: 'Default' }, id: user, name: user, password_expires_at: null },
          audit_ids: ['9JsolhssRzKfyayTIiCRUg'],
          expires_at: stamp(expiresAt),
          issued_at: stamp(now),
          project: {
            domain: { id: 'default', name: 'Default' },
            id: 'a6944d763bf64ee6a275f1263fae0352',
            name: 'admin',
          },
          is_domain: false,
          roles: [{ id: '51cc68287d524c759f47c811e6463340', name: 'admin' }],
          catalog: [
            { type: 'identity', id: randomUUID(), name: 'keystone', endpoints: endpoints('/identity') },
            { type: 'compute', id: randomUUID(), name: 'nova', endpoints: endpoints('/compute/v2.1') },
          ],
        },
      },
    };
  }

  #list({ url, headers }: Request): Answer {
    this.lists++;
    const token = this.tokens.get(`${headers['x-auth-token']}`);
    if (token === undefined || token.expiresAt <= (this.#options.now?.() ?? Date.now()))
      return { status: 401, body: { error: { code: 401, title: 'Unauthorized' } } };
    if (this.#options.mayList?.(token.user) === false)
      return {
        status: 403,
        body: { forbidden: { code: 403, message: "Policy doesn't allow os_compute_api:os-hypervisors:list-detail" } },
      };
    const asked = /^compute 2\.(\d+)$/.exec(`${headers['openstack-api-version']}`)?.[1];
    const minor = Number(asked ?? 1);
    if (minor > 96)
      return { status: 406, body: { computeFault: { code: 406, message: `Version 2.${minor} is not supported` } } };
    const limit = Math.min(Number(url.searchParams.get('limit') ?? 1000), this.#options.maxLimit ?? 1000);
    const marker = url.searchParams.get('marker');
    const idOf = (host: (typeof this.hosts)[number]): string | number =>
      minor >= 53 ? host.id : this.hosts.indexOf(host) + 1;
    const at = marker === null ? 0 : this.hosts.findIndex((host) => `${idOf(host)}` === marker) + 1;
    if (marker !== null && at === 0)
      return { status: 400, body: { badRequest: { code: 400, message: `Marker ${marker} not found` } } };
    const some = minor >= 33 ? this.hosts.slice(at, at + limit) : this.hosts;
    const last = some.at(-1);
    const isMore = last !== undefined && at + some.length < this.hosts.length;
    const [origin, collection] = this.#options.oldLinks
      ? ['http://inside.invalid', 'hypervisors']
      : [this.origin, 'os-hypervisors'];
    const href = last && `${origin}/compute/v2.1/${collection}/detail?limit=${limit}&marker=${idOf(last)}`;
    const links = isMore && minor >= 33 ? { hypervisors_links: [{ href, rel: 'next' }] } : {};
    return { status: 200, body: { hypervisors: some.map((host) => detail(host, idOf(host), minor)), ...links } };
  }
}

const stamp = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

function userOf(body: unknown): string | null {
  const { auth } = body as { auth: { identity: unknown; scope?: unknown } };
  const {
    methods,
    password,
    application_credential: credential,
  } = auth.identity as {
    methods: readonly string[];
    password?: { user: { name: string; password: string; domain: { name?: string; id?: string } } };
    application_credential?: { id: string; secret: string };
  };
  if (methods[0] === 'application_credential')
    // Keystone refuses a scope beside an application credential.
    return credential?.id === CREDENTIAL.id && credential.secret === CREDENTIAL.secret && auth.scope === undefined
      ? 'credential'
      : null;
  const user = password?.user;
  const isGood = user?.name === USER.username && user.password === USER.password && auth.scope !== undefined;
  return isGood && (user.domain.name === 'Default' || user.domain.id === 'default') ? user.name : null;
}

function detail(host: ComputeHost, id: string | number, minor: number): unknown {
  const { hostname, ip = '192.0.2.1', type = 'QEMU', state = 'up', status = 'enabled' } = host;
  const service = { host: hostname.split('.')[0], id: minor >= 53 ? randomUUID() : 7, disabled_reason: null };
  const always = {
    id,
    hypervisor_hostname: hostname,
    hypervisor_type: type,
    hypervisor_version: 8_002_002,
    host_ip: ip,
    state,
    status,
    service,
  };
  if (minor >= 88) return { ...always, uptime: null };
  return {
    ...always,
    cpu_info: { arch: 'x86_64', model: 'Nehalem', vendor: 'Intel', features: ['pge', 'clflush'] },
    current_workload: 0,
    disk_available_least: 0,
    free_disk_gb: 1028,
    free_ram_mb: 7680,
    local_gb: 1028,
    local_gb_used: 0,
    memory_mb: 8192,
    memory_mb_used: 512,
    running_vms: 0,
    vcpus: 2,
    vcpus_used: 0,
  };
}
