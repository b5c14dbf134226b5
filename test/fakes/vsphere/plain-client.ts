import { child, type Element, parseElement } from './element.ts';
import { fleet } from './fleet.ts';
import { PLACES } from './places.ts';
import type { Ref } from './value.ts';
import { type FakeOptions, FakeVsphere } from './vsphere.ts';
import { World, type WorldOptions } from './world.ts';

export interface PlainAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** The response element, or the soap fault. */
  readonly element: Element;
  /** Type of the fault of vim25; null: it is none. */
  readonly fault: string | null;
}

/** A client that sends what it is told, for tests of the fake itself. */
export class PlainClient {
  readonly #url: string;
  #cookie = '';

  constructor(url: string) {
    this.#url = url;
  }

  /** Calls a method with these elements after _this. */
  async call(method: string, self: Ref, inner = ''): Promise<PlainAnswer> {
    return this.send(
      '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" ' +
        `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body><${method} xmlns="urn:vim25">` +
        `<_this type="${self.type}">${self.value}</_this>${inner}</${method}></e:Body></e:Envelope>`,
    );
  }

  async send(body: string): Promise<PlainAnswer> {
    const headers = { 'content-type': 'text/xml; charset=utf-8', cookie: this.#cookie };
    const response = await fetch(this.#url, { method: 'POST', body, headers });
    const set = response.headers.getSetCookie()[0];
    if (set !== undefined) this.#cookie = set.split(';')[0] ?? '';
    const text = await response.text();
    const element = child(parseElement(text), 'Body')?.children[0];
    if (element === undefined) throw new Error(text);
    const detail = child(element, 'detail')?.children[0];
    return {
      status: response.status,
      text,
      headers: response.headers,
      element,
      fault: detail?.attributes.type ?? null,
    };
  }

  /** Sends no cookie any more. */
  forget(): void {
    this.#cookie = '';
  }

  login(self: Ref, user = 'u', password = 'p'): Promise<PlainAnswer> {
    return this.call('Login', self, `<userName>${user}</userName><password>${password}</password>`);
  }
}

export interface Bench {
  readonly world: World;
  readonly fake: FakeVsphere;
  readonly client: PlainClient;
  readonly places: (typeof PLACES)['vcenter' | 'esx'];
  readonly clock: { now: number };
}

/** When the clock of a bench stands still at first; its machines run since an hour. */
export const NOON = Date.UTC(2026, 10, 26, 12) * 1000;

/** A fake with some machines and a clock that is set by hand, and a client that is logged in. */
export async function bench(
  machines: number,
  options: Partial<FakeOptions> = {},
  changes: Partial<WorldOptions> = {},
): Promise<Bench> {
  const clock = { now: NOON };
  const mode = changes.mode ?? 'vcenter';
  const world = new World({ ...fleet(mode, machines, 2, NOON - 3_600_000_000), ...changes, now: () => clock.now });
  const fake = await FakeVsphere.start({ world, ...options });
  const client = new PlainClient(fake.url);
  const places = PLACES[mode];
  await client.login(places.sessionManager);
  return { world, fake, client, places, clock };
}
