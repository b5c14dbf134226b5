import type { Clock } from '../../pipeline/runtime/clock.ts';
import { exactJson } from '../../pipeline/runtime/json.ts';
import type { HttpTap, TappedRequest } from '../http-tap.ts';
import { rewriteBody } from './body.ts';
import { type Call, callOf, shownPath } from './call.ts';
import { MalformedBody } from './malformed.ts';
import type { Product } from './product.ts';
import type { Pseudonyms } from './pseudonyms.ts';

/** What is written of an exchange besides its bodies. Times in microseconds since the first exchange of all. */
export interface Exchange {
  readonly call: string;
  /** Which server it was with, in the order of their first exchanges. */
  readonly server: number;
  readonly method: string;
  readonly path: string;
  readonly at: number;
  /** Null: there was no answer. */
  readonly status: number | null;
  readonly contentType: string | null;
  readonly endedAt: number | null;
  /** The answer was read to its end. */
  readonly whole: boolean;
  /** Why a body is not there. */
  readonly withheld: readonly string[];
}

export interface RecorderOptions {
  readonly clock: Clock;
  readonly texts: Pseudonyms;
  readonly product: Product;
  /** Writes a file; is not called again before it has resolved. */
  readonly write: (name: string, content: string) => Promise<void>;
}

/** A body is rewritten when it is whole: that of a larger fleet than is of use here. */
const MOST_BYTES = 64 * 2 ** 20;
const CONTENT_TYPE = /^[\w/+.;= "-]{1,80}$/;
const LOGIN = 'a login: its request is not written';

/** One exchange while it goes on. */
interface Current {
  readonly number: number;
  readonly call: Call;
  readonly draft: Omit<Exchange, 'whole' | 'endedAt'> & { withheld: string[] };
  pieces: Uint8Array[];
  bytes: number;
  status: number | null;
  contentType: string | null;
}

/**
 * Writes what goes by, rewritten: nothing reaches the disk as it was. Holds the answers that are being read, 64 MiB each at
 * most.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #origins: string[] = [];
  readonly #open = new Set<Current>();
  #firstAt: number | null = null;
  #startedAt: number | null = null;
  #count = 0;
  readonly #withheld: string[] = [];
  #writes: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  /** Bodies that were not written because they were not understood, or too long: which, and why. */
  get withheld(): readonly string[] {
    return this.#withheld;
  }

  /** Wall clock of the first exchange, microseconds. */
  get startedAt(): number | null {
    return this.#startedAt;
  }

  /** Microseconds since the first exchange. */
  elapsed(): number {
    return this.#firstAt === null ? 0 : this.#options.clock.monotonic() - this.#firstAt;
  }

  /** The servers' pseudonyms and ports, in their order. */
  get servers(): readonly { readonly address: string; readonly port: number }[] {
    return this.#origins.map((origin) => {
      const { hostname, port, protocol } = new URL(origin);
      const address = this.#options.texts.text(hostname.replace(/^\[|\]$/g, ''));
      return { address, port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port) };
    });
  }

  readonly tap: HttpTap = (request) => {
    const current = this.#begin(request);
    return {
      head: (status, headers) => {
        current.status = status;
        current.contentType = shownType(headers['content-type']);
        for (const cookie of [headers['set-cookie'] ?? []].flat())
          this.#options.texts.addSecret(cookie.replace(/;.*$/s, '').replace(/^[^=]*="?|"$/g, ''));
      },
      bytes: (piece) => {
        current.bytes += piece.length;
        if (current.bytes <= MOST_BYTES) current.pieces.push(piece);
        else current.pieces = [];
      },
      end: (whole) => this.#end(current, whole),
    };
  };

  /** Writes what has begun and not ended. Rejects with what writing failed with. */
  async finish(): Promise<void> {
    for (const current of this.#open) this.#end(current, false);
    await this.#writes;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #begin({ origin, method, path, body }: TappedRequest): Current {
    const { clock, texts } = this.#options;
    this.#firstAt ??= clock.monotonic();
    this.#startedAt ??= clock.now();
    if (!this.#origins.includes(origin)) this.#origins.push(origin);
    const given = typeof body === 'string' ? Buffer.from(body) : body;
    const call = callOf(path, given === null ? '' : Buffer.from(given).toString('latin1'));
    const current: Current = {
      number: ++this.#count,
      call,
      draft: {
        call: call.name,
        server: this.#origins.indexOf(origin),
        method,
        path: shownPath(path, (part) => texts.text(part)),
        at: this.elapsed(),
        status: null,
        contentType: null,
        withheld: call.isLogin ? [LOGIN] : [],
      },
      pieces: [],
      bytes: 0,
      status: null,
      contentType: null,
    };
    this.#open.add(current);
    if (given !== null && !call.isLogin) this.#writeBody(current, 'request', given);
    return current;
  }

  #end(current: Current, whole: boolean): void {
    if (!this.#open.delete(current)) return;
    const { draft, pieces, bytes, status, contentType, number, call } = current;
    const endedAt = status === null ? null : this.elapsed();
    if (bytes > MOST_BYTES) this.#withhold(current, 'answer', 'longer than 64 MiB, which is not taken');
    else if (bytes > 0) this.#writeBody(current, 'answer', Buffer.concat(pieces));
    const exchange: Exchange = { ...draft, status, contentType, endedAt, whole };
    this.#write(`${fileOf(number, call)}.json`, `${exactJson(exchange, 2)}\n`);
  }

  #writeBody(current: Current, part: 'request' | 'answer', bytes: Uint8Array): void {
    const { texts, product } = this.#options;
    const { call, number } = current;
    try {
      const isLogin = call.isLogin && part === 'answer';
      this.#write(`${fileOf(number, call)}.${part}`, rewriteBody(bytes, { texts, product, isLogin }));
    } catch (error) {
      if (!(error instanceof MalformedBody)) throw error;
      this.#withhold(current, part, error.message);
    }
  }

  #withhold({ draft, number, call }: Current, part: string, why: string): void {
    this.#withheld.push(`${fileOf(number, call)}.${part}: ${why}`);
    draft.withheld.push(`${part}: ${why}`);
  }

  #write(name: string, content: string): void {
    this.#writes = this.#writes.then(async () => {
      if (this.#failure !== undefined) return;
      try {
        await this.#options.write(name, content);
      } catch (error) {
        this.#failure = error instanceof Error ? error : new Error(String(error));
      }
    });
  }
}

const fileOf = (number: number, { name }: Call): string => `exchanges/${String(number).padStart(3, '0')}-${name}`;

function shownType(given: string | readonly string[] | undefined): string | null {
  const type = [given ?? []].flat()[0];
  return type !== undefined && CONTENT_TYPE.test(type) ? type : null;
}
