import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as answers from './answers.ts';

/** One query of a QueryPerf call. */
export interface Query {
  readonly entity: string;
  readonly type: string;
  /** NaN: none was given. */
  readonly startTime: number;
  readonly maxSample: number;
  readonly metrics: number;
}

export interface Call {
  readonly method: string;
  readonly body: string;
  readonly cookie: string | undefined;
  readonly queries: readonly Query[];
}

/** What a call gets in place of the usual answer: XML with its status, a hang, a cut; undefined: the usual one. */
export type Reaction =
  | { readonly status: number; readonly xml: string; readonly type?: string }
  | 'hang'
  | 'cut'
  | undefined;

/**
 * A small vCenter on loopback by script: sessions by cookie, one set of updates after the other, and samples of one
 * counter (cpu.used of VMs, cpu.usage of hosts; the number of the sample modulo 1000) that end every 20 s of its clock.
 */
export class ScriptedVcenter {
  readonly calls: Call[] = [];
  readonly sessions = new Set<string>();
  loggedIn = 0;
  /** Answers to WaitForUpdatesEx, one after the other; after the last nothing changed. */
  updates: string[] = [];
  counters = answers.COUNTERS;
  react: (call: Call) => Reaction = () => undefined;
  /** Microseconds since 1970; sample times are its multiples of 20 s. */
  now: () => number = () => Date.now() * 1000;
  /** Calls to WaitForUpdatesEx that wait for something to happen. */
  readonly #waiting: ((updates: string) => void)[] = [];
  readonly #untold: string[] = [];
  readonly #server = createServer((request, response) => {
    void this.#serve(request, response);
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/sdk`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Something happens: the call that waits is answered, or the next one. */
  tell(updates: string): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(updates);
    else this.#untold.push(updates);
  }

  /** How many calls wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  methods(): string[] {
    return this.calls.map(({ method }) => method);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const method = /<(\w+) xmlns="urn:vim25">/.exec(body)?.[1] ?? '';
    const call = { method, body, cookie: request.headers.cookie, queries: queriesIn(body) };
    this.calls.push(call);
    const reaction = this.react(call);
    if (reaction === 'hang') return;
    if (reaction === 'cut') {
      request.socket.destroy();
      return;
    }
    const waits = reaction === undefined && method === 'WaitForUpdatesEx' && !body.includes('<maxWaitSeconds>0<');
    const { status, xml, type } = reaction ?? (waits ? await this.#news(request, call) : this.#usual(call, response));
    response.writeHead(status, { 'content-type': type ?? 'text/xml; charset=utf-8' }).end(xml);
  }

  async #news(request: IncomingMessage, { method, cookie }: Call): Promise<Exclude<Reaction, string | undefined>> {
    if (!this.sessions.has(/s=(\w+)/.exec(cookie ?? '')?.[1] ?? ''))
      return { status: 500, xml: answers.fault('NotAuthenticated') };
    const told = this.#untold.shift() ?? (await this.#wait(request));
    return { status: 200, xml: answers.answer(method, told) };
  }

  #wait(request: IncomingMessage): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      request.socket.once('close', () => {
        const at = this.#waiting.indexOf(resolve);
        if (at >= 0) this.#waiting.splice(at, 1);
      });
    });
  }

  #usual(call: Call, response: ServerResponse): Exclude<Reaction, string | undefined> {
    const { method, cookie } = call;
    const session = /s=(\w+)/.exec(cookie ?? '')?.[1] ?? '';
    const ok = (content: string) => ({ status: 200, xml: answers.answer(method, content) });
    const no = (name: string) => ({ status: 500, xml: answers.fault(name) });
    if (method === 'RetrieveServiceContent') return ok(answers.SERVICE);
    if (method === 'Login') {
      if (this.sessions.has(session) || !call.body.includes('<password>p&amp;p</password>')) return no('InvalidLogin');
      const key = `k${++this.loggedIn}`;
      this.sessions.add(key);
      response.setHeader('set-cookie', [`s=${key}; Path=/; HttpOnly`]);
      return ok(`<returnval><key>${key}</key></returnval>`);
    }
    if (!this.sessions.has(session)) return no('NotAuthenticated');
    switch (method) {
      case 'Logout':
        this.sessions.delete(session);
        return ok('');
      case 'CurrentTime':
        return ok(`<returnval>${new Date(this.now() / 1000).toISOString()}</returnval>`);
      case 'RetrievePropertiesEx':
        return ok(answers.counterTable(this.counters));
      case 'CreateContainerView':
        return ok(`<returnval type="ContainerView">view-${session}</returnval>`);
      case 'CreatePropertyCollector':
        return ok(`<returnval type="PropertyCollector">own-${session}</returnval>`);
      case 'CreateFilter':
        return ok(`<returnval type="PropertyFilter">filter-${session}</returnval>`);
      case 'WaitForUpdatesEx':
        return ok(this.updates.shift() ?? '');
      case 'QueryPerf':
        return ok(call.queries.map((query) => this.#samples(query)).join(''));
      default:
        return ok('');
    }
  }

  #samples({ entity, type, startTime, maxSample }: Query): string {
    const times: number[] = [];
    const grid = 20_000_000;
    for (let at = Math.floor(this.now() / grid) * grid; !(at < startTime) && times.length < maxSample; at -= grid)
      times.push(at);
    const csv = times.map((at) => `20,${new Date(at / 1000).toISOString()}`).join(',');
    const values = times.map((at) => (at / grid) % 1000).join(',');
    return `<returnval xsi:type="PerfEntityMetricCSV"><entity type="${type}">${entity}</entity><sampleInfoCSV>${csv}</sampleInfoCSV><value><id><counterId>${answers.COUNTERS[type === 'HostSystem' ? 'cpu.usage.average' : 'cpu.used.summation']}</counterId><instance></instance></id><value>${values}</value></value></returnval>`;
  }
}

function queriesIn(body: string): Query[] {
  return [...body.matchAll(/<querySpec>(.*?)<\/querySpec>/gs)].map(([, spec = '']) => ({
    entity: /<entity type="\w+">(.*?)</.exec(spec)?.[1] ?? '',
    type: /<entity type="(\w+)"/.exec(spec)?.[1] ?? '',
    startTime: Date.parse(/<startTime>(.*?)</.exec(spec)?.[1] ?? '') * 1000,
    maxSample: Number(/<maxSample>(\d+)</.exec(spec)?.[1]),
    metrics: spec.split('<metricId>').length - 1,
  }));
}
