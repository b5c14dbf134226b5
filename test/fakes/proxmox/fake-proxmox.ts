import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { type Certificate, Listener } from '../xenapi/listener.ts';
import { type Answer, type Reaction, send } from '../xenapi/reaction.ts';
import { AccessControl, type Account } from './access.ts';
import { answer, type Outcome } from './routes.ts';
import type { World } from './world.ts';

/** A request as `react` sees it. */
export interface Call {
  /** The node that it came to. */
  readonly node: string;
  /** `GET /cluster/resources` */
  readonly name: string;
  readonly query: URLSearchParams;
  /** Null: nobody who is let in. */
  readonly user: string | null;
}

export interface FakeOptions {
  readonly world: World;
  readonly accounts?: Readonly<Record<string, Account>>;
  readonly tls?: Certificate;
  readonly react?: (call: Call) => Reaction | undefined;
  /** pveproxy holds the answer to who is not let in back; three seconds. */
  readonly refuseAfterMs?: number;
  readonly port?: number;
}

export const TOKEN = {
  tokenId: 'metering@pve!hypermeter',
  tokenSecret: '0b5a2b3e-1f7c-4c39-9a55-7d1c2a7a1e10',
} as const;
export const USER = { username: 'metering@pve', password: 'p&ss=wörd%' } as const;
const ACCOUNTS: Readonly<Record<string, Account>> = {
  [TOKEN.tokenId]: { secret: TOKEN.tokenSecret, audits: ['/'] },
  [USER.username]: { secret: USER.password, audits: ['/'] },
};

/** The API of a cluster on loopback, one port a node. */
export class FakeProxmox {
  readonly world: World;
  readonly access: AccessControl;
  readonly calls: Call[] = [];
  react: FakeOptions['react'];
  readonly #options: FakeOptions;
  readonly #listeners = new Map<string, Listener>();

  private constructor(options: FakeOptions) {
    this.#options = options;
    this.world = options.world;
    this.react = options.react;
    this.access = new AccessControl(options.accounts ?? ACCOUNTS, options.world.now);
  }

  static async start(options: FakeOptions): Promise<FakeProxmox> {
    const fake = new FakeProxmox(options);
    for (const [n, node] of [...options.world.nodes.keys()].entries()) {
      const listener = new Listener('127.0.0.1', options.tls, (from, to) => {
        fake.#serve(node, from, to).catch((error: unknown) => to.destroy(error as Error));
      });
      await listener.up(n === 0 ? (options.port ?? 0) : 0);
      fake.#listeners.set(node, listener);
    }
    return fake;
  }

  url(node = [...this.world.nodes.keys()][0] ?? ''): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.port(node)}`;
  }

  port(node = [...this.world.nodes.keys()][0] ?? ''): number {
    return this.#listeners.get(node)?.port ?? 0;
  }

  count(name: string): number {
    return this.calls.filter((call) => call.name === name).length;
  }

  /** The node's API is away; `up` brings it back. */
  async down(node: string): Promise<void> {
    await this.#listeners.get(node)?.down();
  }

  async up(node: string): Promise<void> {
    await this.#listeners.get(node)?.up(this.port(node));
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners.values()) await listener.down();
  }

  async #serve(node: string, from: IncomingMessage, to: ServerResponse<IncomingMessage>): Promise<void> {
    const url = new URL(from.url ?? '/', 'http://node');
    const body = await textOf(from);
    const [, path] = /^\/api2\/json(\/.*)$/.exec(url.pathname) ?? [];
    const user = this.access.userOf(from.headers);
    const call: Call = { node, name: `${from.method} ${path ?? url.pathname}`, query: url.searchParams, user };
    this.calls.push(call);
    const reaction = this.react?.(call);
    this.world.advance();
    const outcome = this.#answer(call, path, body);
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    if (outcome.status === 401) await sleep(this.#options.refuseAfterMs ?? 0);
    const isPacked = /gzip/.test(String(from.headers['accept-encoding'] ?? '')) && reaction === undefined;
    const written = write(outcome);
    if (!isPacked || written.body.length < 1024) return send(to, written, reaction, sleep);
    to.writeHead(written.status, { 'content-type': written.type, 'content-encoding': 'gzip' });
    to.end(gzipSync(written.body));
  }

  #answer({ node, name, query, user }: Call, path: string | undefined, body: string): Outcome & { bare?: boolean } {
    if (path === undefined) return { status: 501, message: 'no such uri', bare: true };
    if (name === 'POST /access/ticket') {
      const data = this.access.login(new URLSearchParams(body));
      return data === null ? { status: 401, message: 'authentication failure\n' } : { status: 200, data };
    }
    if (user === null) return { status: 401, message: 'No ticket', bare: true };
    const { world, access } = this;
    const outcome = name.startsWith('GET ') ? answer(path, { world, access, user, self: node, query }) : null;
    return outcome ?? { status: 501, message: `Method '${name}' not implemented` };
  }
}

/** An error of the API is JSON, one of the server or of who is let in is not. */
function write({ status, data = null, message, bare = false }: Outcome & { bare?: boolean }): Answer {
  if (bare) return { status, type: 'text/plain', body: message === 'No ticket' ? '' : (message ?? '') };
  const type = 'application/json;charset=UTF-8';
  return { status, type, body: JSON.stringify(message === undefined ? { data } : { data, message }) };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}
