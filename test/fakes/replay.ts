import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { callOf } from '../../connectors/capture/call.ts';
import type { Manifest } from '../../connectors/capture/manifest.ts';
import type { Exchange } from '../../connectors/capture/recorder.ts';

export interface CapturedExchange extends Exchange {
  /** Null: it was not written, or there is none. */
  readonly request: string | null;
  readonly answer: string | null;
}

/** A folder that `hypermeter capture` has written. */
export interface Capture {
  readonly manifest: Manifest;
  /** In the order in which they began. */
  readonly exchanges: readonly CapturedExchange[];
  /** `observations.json` as it is. */
  readonly observations: string;
}

export function readCapture(folder: string): Capture {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const files = readdirSync(join(folder, 'exchanges')).sort();
  const textOf = (name: string): string | null => (files.includes(name) ? read(join('exchanges', name)) : null);
  const exchanges = files
    .filter((name) => name.endsWith('.json'))
    .sort((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10))
    .map((name): CapturedExchange => {
      const stem = name.replace(/\.json$/, '');
      const exchange = JSON.parse(read(join('exchanges', name))) as Exchange;
      return { ...exchange, request: textOf(`${stem}.request`), answer: textOf(`${stem}.answer`) };
    });
  return { manifest: JSON.parse(read('manifest.json')), exchanges, observations: read('observations.json') };
}

interface Waiting {
  readonly exchange: CapturedExchange;
  readonly response: ServerResponse;
}

/**
 * The servers of a capture on loopback: each answers the calls that were recorded of it, those of one name in their order,
 * and each when its recorded time has come. What had no answer has none.
 */
export class Replay {
  /** Requests that nothing was recorded of. They are not answered. */
  readonly unexpected: string[] = [];
  readonly #capture: Capture;
  readonly #left: CapturedExchange[];
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #waiting: Waiting[] = [];
  #time = 0;

  private constructor(capture: Capture) {
    this.#capture = capture;
    this.#left = [...capture.exchanges];
  }

  static async start(capture: Capture): Promise<Replay> {
    const replay = new Replay(capture);
    for (const [n] of capture.manifest.servers.entries()) await replay.#listen(n);
    return replay;
  }

  url(server = 0): string {
    return `http://127.0.0.1:${this.#portOf(server)}`;
  }

  /** Recorded exchanges that were not asked for yet. */
  get left(): readonly CapturedExchange[] {
    return this.#left;
  }

  /** The recorded time is `us` now: answers that were there by then are sent. */
  moveTo(us: number): void {
    this.#time = us;
    const due = this.#waiting.filter(({ exchange }) => this.#isDue(exchange));
    this.#waiting = this.#waiting.filter(({ exchange }) => !this.#isDue(exchange));
    for (const waiting of due) this.#answer(waiting);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #listen(n: number): Promise<void> {
    const server = createServer((request, response) => {
      textOf(request).then(
        (body) => this.#take(n, request, body, response),
        () => response.destroy(),
      );
    });
    server.on('connection', (socket) => this.#sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#servers.push(server);
  }

  #portOf(server: number): number {
    const address = this.#servers[server]?.address() as AddressInfo | undefined;
    if (address === undefined) throw new Error(`the capture has no server ${server}`);
    return address.port;
  }

  #isDue({ endedAt }: Exchange): boolean {
    return endedAt !== null && endedAt <= this.#time;
  }

  #take(server: number, { method = '', url = '' }: IncomingMessage, body: string, response: ServerResponse): void {
    const { name } = callOf(url, body);
    const same = this.#left.filter((exchange) => exchange.server === server && exchange.call === name);
    // Calls that were under way at once may come in another order.
    const exchange = same.find(({ request }) => aboutOf(request ?? '') === aboutOf(body)) ?? same[0];
    if (exchange === undefined) {
      this.unexpected.push(`${method} ${name} of server ${server}`);
      return;
    }
    this.#left.splice(this.#left.indexOf(exchange), 1);
    const waiting = { exchange, response };
    if (this.#isDue(exchange)) this.#answer(waiting);
    else this.#waiting.push(waiting);
  }

  #answer({ exchange, response }: Waiting): void {
    const { status, contentType, answer, call } = exchange;
    response.writeHead(status ?? 500, {
      ...(contentType !== null && { 'content-type': contentType }),
      ...(call === 'Login' && { 'set-cookie': 'vmware_soap_session="replayed"; Path=/; HttpOnly' }),
    });
    response.end(this.#reachable(answer ?? ''));
  }

  /** The members of a pool have addresses that nobody has: they are where we listen. */
  #reachable(answer: string): string {
    const { kind, servers } = this.#capture.manifest;
    if (kind !== 'xenapi') return answer;
    return servers.reduce((text, { address, port }, n) => {
      const here = `127.0.0.1:${this.#portOf(n)}`;
      return [address, `${address}:${port}`].reduce((before, there) => {
        const named = before
          .replaceAll(`"address":"${there}"`, `"address":"${here}"`)
          .replaceAll(`<name>address</name><value>${there}<`, `<name>address</name><value>${here}<`);
        return named.includes('HOST_IS_SLAVE') ? named.replaceAll(there, here) : named;
      }, text);
    }, answer);
  }
}

/** Whose samples a call asks for. */
const aboutOf = (request: string): string =>
  [...request.matchAll(/<entity type="\w+">([^<]*)<\/entity>/g)].map(([, id]) => id).join();

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}
