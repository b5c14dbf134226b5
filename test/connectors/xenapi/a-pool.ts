import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Value } from '../../../connectors/xenapi/protocol.ts';
import { SPEED } from './a-clock.ts';
import { ENCODINGS } from './encodings.ts';
import { parseCall, xmlReply } from './xml-call.ts';

/** What a test has a host do in place of its answer. */
export type Reaction =
  | { readonly fail: readonly string[] }
  | { readonly value: Value }
  | { readonly status: number; readonly type?: string; readonly body?: string }
  | { readonly stream: (response: ServerResponse) => void }
  | 'hang'
  | 'cut';

export interface Asked {
  readonly host: number;
  /** `VM.get_all_records`, `rrd_updates` … */
  readonly name: string;
  readonly params: readonly Value[];
  readonly query: URLSearchParams;
}

export interface PoolOptions {
  /** Seconds by the hosts' clocks. */
  readonly nowS: () => number;
  readonly hosts?: number;
  readonly wire?: 'json' | 'xml' | '404';
  readonly encoding?: string;
  readonly react?: (asked: Asked) => Reaction | undefined;
  /** Each host's own certificate, PEM. */
  readonly tls?: readonly { readonly cert: string; readonly key: string }[];
}

type Record_ = { [name: string]: Value };

/** Column values by VM or host uuid: rates of (t − step, t]. Undefined: that host does not show it. */
export type Shows = (
  host: number,
  t: number,
  stepS: number,
) => Readonly<Record<string, Readonly<Record<string, number>>>>;

export const hostUuid = (n: number): string => `0000000${n}-0000-4000-8000-0000000000aa`;
const ARCHIVES = [
  [5, 120],
  [60, 120],
  [3600, 168],
] as const;

/** A scripted pool on loopback: enough of XAPI for a session, its events and rrd_updates. */
export class APool {
  readonly asked: Asked[] = [];
  readonly sessions = new Set<string>();
  shows: Shows = () => ({});
  react: PoolOptions['react'];
  coordinator = 0;
  wire: PoolOptions['wire'];
  encoding: string;
  readonly #options: PoolOptions;
  readonly #servers: Server[] = [];
  readonly #ports: number[] = [];
  readonly #sockets: Set<Socket>[] = [];
  readonly #objects = new Map<string, { className: string; record: Record_ }>();
  readonly #log: { className: string; operation: string; reference: string }[] = [];
  #forgotten = 0;
  #waiting: (() => void)[] = [];
  #logins = 0;

  private constructor(options: PoolOptions) {
    this.#options = options;
    this.react = options.react;
    this.wire = options.wire ?? 'json';
    this.encoding = options.encoding ?? 'strings';
  }

  static async start(options: PoolOptions): Promise<APool> {
    const pool = new APool(options);
    for (let n = 0; n < (options.hosts ?? 1); n++) await pool.#listen(n);
    pool.put('pool', 'OpaqueRef:pool', { uuid: 'p', master: 'OpaqueRef:host0' });
    return pool;
  }

  urlOf(n: number): string {
    return `${this.#options.tls ? 'https' : 'http'}://${this.addressOf(n)}`;
  }

  addressOf(n: number): string {
    return `127.0.0.1:${this.#ports[n]}`;
  }

  count(name: string): number {
    return this.asked.filter((each) => each.name === name).length;
  }

  /** Creates or changes an object. */
  put(className: string, reference: string, changes: Record_): void {
    const old = this.#objects.get(reference);
    this.#objects.set(reference, { className, record: { ...old?.record, ...changes } });
    this.#tell(className, old ? 'mod' : 'add', reference);
  }

  drop(reference: string): void {
    const { className = '' } = this.#objects.get(reference) ?? {};
    this.#objects.delete(reference);
    this.#tell(className, 'del', reference);
  }

  /** All tokens that were given are too old now. */
  forgetEvents(): void {
    this.#forgotten = this.#log.length + 1;
    this.#tell('pool', 'mod', 'OpaqueRef:pool');
  }

  /** A VM with one disk and one nic, running on a host. */
  addVm(n: number, host: number, changes: Record_ = {}, startTime = '20260308T09:00:00Z'): string {
    const uuid = `1000000${n}-0000-4000-8000-0000000000bb`;
    this.put('VM_metrics', `OpaqueRef:metrics${n}`, { VCPUs_number: 2, start_time: startTime });
    this.put('VIF', `OpaqueRef:vif${n}`, { VM: `OpaqueRef:vm${n}`, device: '0', MAC: `AA:BB:00:00:00:0${n}` });
    this.put('VDI', `OpaqueRef:vdi${n}`, { uuid: 'd', virtual_size: 2 ** 33, physical_utilisation: 2 ** 30 });
    this.put('VBD', `OpaqueRef:vbd${n}`, {
      VM: `OpaqueRef:vm${n}`,
      VDI: `OpaqueRef:vdi${n}`,
      device: 'xvda',
      type: 'Disk',
    });
    this.put('VM', `OpaqueRef:vm${n}`, {
      uuid,
      name_label: `vm${n}`,
      power_state: 'Running',
      resident_on: `OpaqueRef:host${host}`,
      domid: 7,
      is_a_template: false,
      is_a_snapshot: false,
      is_control_domain: false,
      metrics: `OpaqueRef:metrics${n}`,
      guest_metrics: 'OpaqueRef:NULL',
      VCPUs_max: 2,
      other_config: {},
      tags: ['gold'],
      ...changes,
    });
    return uuid;
  }

  /** Cuts a host's connections and refuses new ones. */
  async stop(n: number): Promise<void> {
    for (const socket of this.#sockets[n] ?? []) socket.destroy();
    await new Promise<void>((resolve) => this.#servers[n]?.close(() => resolve()) ?? resolve());
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((_, n) => this.stop(n)));
  }

  async #listen(n: number): Promise<void> {
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(n, request, response).catch((error: unknown) => response.destroy(error as Error));
    };
    const certificate = this.#options.tls?.[n];
    const server = certificate ? createTlsServer(certificate, serve) : createServer(serve);
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#servers.push(server);
    this.#ports.push((server.address() as AddressInfo).port);
    this.#sockets.push(sockets);
    this.put('host_metrics', `OpaqueRef:hm${n}`, { live: true });
    this.put('host', `OpaqueRef:host${n}`, {
      uuid: hostUuid(n),
      name_label: `xs${n}`,
      address: this.addressOf(n),
      metrics: `OpaqueRef:hm${n}`,
      cpu_info: { cpu_count: '2' },
      other_config: { boot_time: '1772900000.' },
    });
  }

  #tell(className: string, operation: string, reference: string): void {
    this.#log.push({ className, operation, reference });
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #serve(host: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://h');
    const body = await textOf(request);
    const isRrd = url.pathname === '/rrd_updates';
    if (url.pathname === '/jsonrpc' && this.wire !== 'json') {
      if (this.wire === '404') response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'text/xml' }).end('<methodResponse/>');
      return;
    }
    const json = url.pathname === '/jsonrpc' ? JSON.parse(body) : undefined;
    const call = isRrd ? { method: 'rrd_updates', params: [] } : (json ?? (await parseCall(body)));
    const asked: Asked = { host, name: call.method, params: call.params, query: url.searchParams };
    this.asked.push(asked);
    const reaction = this.react?.(asked);
    if (reaction === 'hang') return;
    if (reaction === 'cut') return void response.destroy();
    if (reaction && 'stream' in reaction) return reaction.stream(response);
    if (reaction && 'status' in reaction)
      return void response
        .writeHead(reaction.status, { 'content-type': reaction.type ?? 'application/json' })
        .end(reaction.body);
    if (isRrd) return this.#rrd(asked, response);
    const result = reaction && 'fail' in reaction ? reaction : await this.#answer(asked, reaction);
    if (json === undefined) return void response.writeHead(200, { 'content-type': 'text/xml' }).end(xmlReply(result));
    const answer =
      'fail' in result
        ? { error: { code: 1, message: result.fail[0] ?? '', data: result.fail.slice(1) } }
        : { result: result.value };
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ jsonrpc: '2.0', id: json.id, ...answer }));
  }

  async #answer(
    { host, name, params }: Asked,
    reaction: { value: Value } | undefined,
  ): Promise<{ value: Value } | { fail: readonly string[] }> {
    if (reaction) return reaction;
    if (host !== this.coordinator) return { fail: ['HOST_IS_SLAVE', this.addressOf(this.coordinator)] };
    if (name === 'session.login_with_password') {
      if (params[1] !== 'secret') return { fail: ['SESSION_AUTHENTICATION_FAILED', String(params[0]), 'bad secret'] };
      const session = `OpaqueRef:session${++this.#logins}`;
      this.sessions.add(session);
      return { value: session };
    }
    const session = String(params[0]);
    if (!this.sessions.has(session)) return { fail: ['SESSION_INVALID', session] };
    if (name === 'session.logout') {
      this.sessions.delete(session);
      return { value: '' };
    }
    if (name === 'event.from') return this.#events(params);
    const certificate = this.#options.tls?.[Number(String(params[1]).slice(-1))];
    if (name === 'host.get_server_certificate' && certificate) return { value: certificate.cert };
    const [className, method] = name.split('.');
    if (method !== 'get_all_records') return { fail: ['MESSAGE_METHOD_UNKNOWN', name] };
    const records = [...this.#objects].filter(([, object]) => object.className === className);
    return { value: Object.fromEntries(records.map(([reference, { record }]) => [reference, record])) };
  }

  async #events(params: readonly Value[]): Promise<{ value: Value } | { fail: readonly string[] }> {
    const [, classes, token, timeout] = params as [string, string[], string, number | string];
    const since = Number(token.replace('T', '') || -1);
    if (token !== '' && since < this.#forgotten) return { fail: ['EVENTS_LOST'] };
    const isOver = AbortSignal.timeout((Number(timeout) * 1000) / SPEED);
    while (since >= this.#log.length && !isOver.aborted)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        isOver.addEventListener('abort', () => resolve());
      });
    const all = [...this.#objects].map(([reference, { className }]) => ({ className, operation: 'add', reference }));
    const news = since < 0 ? all : this.#log.slice(since);
    const seen = news.filter(({ className }) => classes.includes(className));
    const events = seen.map(({ className, operation, reference }) => {
      const record = this.#objects.get(reference)?.record;
      const head = { id: '1', timestamp: '0.', class: className.toLowerCase(), operation, ref: reference };
      return record === undefined ? { ...head, operation: 'del' } : { ...head, snapshot: record };
    });
    const counts: Record<string, number> = {};
    for (const { className } of this.#objects.values())
      counts[className.toLowerCase()] = (counts[className.toLowerCase()] ?? 0) + 1;
    return { value: { events, token: `T${this.#log.length}`, valid_ref_counts: counts } };
  }

  /** As xcp-rrdd: the first archive that is coarse enough and reaches back so far; rows newest first. */
  #rrd({ host, query }: Asked, response: ServerResponse): void {
    if (!this.sessions.has(query.get('session_id') ?? '')) return void response.writeHead(401).end();
    const now = Math.floor(this.#options.nowS() / 5) * 5;
    const start = now + Number(query.get('start'));
    const interval = Number(query.get('interval'));
    const fits = ([step, rows]: readonly [number, number]): boolean => step >= interval && start > now - step * rows;
    const [stepS] = ARCHIVES.find(fits) ?? [3600, 168];
    const endS = Math.floor(now / stepS) * stepS;
    const sample = this.shows(host, endS, stepS);
    const owners = Object.keys(sample).flatMap((owner) =>
      Object.keys(sample[owner] ?? {}).map((name) => [owner, name]),
    );
    const rows = [];
    for (let t = endS; t >= start; t -= stepS) {
      const shown = this.shows(host, t, stepS);
      rows.push({ t, values: owners.map(([owner = '', name = '']) => shown[owner]?.[name] ?? Number.NaN) });
    }
    const legend = owners.map(
      ([owner = '', name]) => `AVERAGE:${owner.endsWith('aa') ? 'host' : 'vm'}:${owner}:${name}`,
    );
    const text = ENCODINGS[this.encoding]?.({ stepS, endS, legend, rows });
    response.writeHead(200, { 'content-type': this.encoding === 'xml' ? 'text/xml' : 'application/json' }).end(text);
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}
