import { randomUUID } from 'node:crypto';
import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';
import { inTime } from '../in-time.ts';
import type { CallLimit } from '../patience.ts';
import { readXml, XmlError } from '../xml-stream.ts';
import type { Carrier } from './carrier.ts';
import { Fault, isFault } from './fault.ts';
import {
  AnswerReader,
  type Asked,
  encodeEnumerate,
  encodePull,
  encodeRelease,
  MAX_ELEMENTS,
  type Portion,
  type Query,
  type Sender,
  type WmiRow,
} from './protocol.ts';

export interface ClientOptions {
  readonly endpoint: string;
  readonly clock: Clock;
  /** `https://hv1:5986` and `/wsman` */
  readonly origin: string;
  readonly path: string;
  readonly carrier: Carrier;
  /** Told of every message that is sent. */
  readonly onCall: (action: string) => void;
}

/** An answer that is in a hurry comes before we give up, so that the connection, and with it the login, is kept. */
const AHEAD_MS = 500;
const LEAST_MS = 200;
const RELEASE_MS = 1000;
/** Far above any host: vCPUs, disks. */
const MOST_ROWS = 100_000;
const FEWEST_ELEMENTS = 8;

/**
 * Asks the WMI of one host by WQL, over WS-Management. An enumeration rejects with a Fault if the service refuses, with
 * an EndpointError if there is no answer that can be read, with the signal's reason when that aborts. What may well do
 * at a second try is tried a second time: WMI that was slow, an enumeration that was forgotten, a connection that was
 * closed meanwhile.
 */
export class Client {
  readonly #options: ClientOptions;
  readonly #sender: Sender;
  /** Fewer after an answer that did not fit. */
  #maxElements = MAX_ELEMENTS;
  /** A connection carries one message at a time. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#sender = { to: options.origin + options.path, sessionId: randomUUID() };
  }

  /** All instances that the query selects. `limit` is for each of at most two tries. */
  async enumerate(query: Query, limit: () => CallLimit): Promise<WmiRow[]> {
    let secondTry = false;
    for (;;) {
      try {
        return await this.#enumerate(query, limit());
      } catch (error) {
        if (isFault(error, 'envelope') && this.#maxElements > FEWEST_ELEMENTS)
          this.#maxElements = Math.ceil(this.#maxElements / 4);
        else if (secondTry || !isWorthAnother(error)) throw error;
        else secondTry = true;
      }
    }
  }

  async #enumerate(query: Query, { ms, signal }: CallLimit): Promise<WmiRow[]> {
    const { clock, endpoint } = this.#options;
    const limit = { clock, endpoint, ms, what: query.wql.replace(/^.* from /i, ''), stop: signal };
    let context: string | null = null;
    const timeoutMs = Math.max(LEAST_MS, ms - AHEAD_MS);
    const work = async (over: AbortSignal): Promise<WmiRow[]> => {
      let portion = await this.#ask(
        'Enumerate',
        encodeEnumerate(this.#sender, query, this.#maxElements, asked(timeoutMs)),
        over,
      );
      const rows = [...portion.rows];
      while (!portion.isEnd) {
        context = portion.context ?? context;
        if (context === null) throw this.#misunderstood('an enumeration that neither ends nor goes on');
        portion = await this.#ask(
          'Pull',
          encodePull(this.#sender, query, context, this.#maxElements, asked(timeoutMs)),
          over,
        );
        for (const row of portion.rows) rows.push(row);
        if (rows.length > MOST_ROWS) throw this.#misunderstood(`more than ${MOST_ROWS} instances`);
      }
      context = null;
      return rows;
    };
    try {
      return await inTime(limit, work, async () => undefined);
    } catch (error) {
      if (context !== null && !isFault(error, 'context')) await this.#release(query, context);
      throw error;
    }
  }

  /** So that the service does not keep it for minutes. It is no matter if that fails. */
  async #release(query: Query, context: string): Promise<void> {
    const { clock, endpoint, onCall } = this.#options;
    const limit = { clock, endpoint, ms: RELEASE_MS, what: 'Release', stop: new AbortController().signal };
    onCall('Release');
    const message = encodeRelease(this.#sender, query, context, asked(RELEASE_MS));
    const work = (over: AbortSignal): Promise<void> =>
      this.#inTurn(async () => {
        const reply = await this.#options.carrier.send(message, over);
        for await (const chunk of reply.body) if (chunk.length > 0) over.throwIfAborted();
      });
    await inTime(limit, work, async () => undefined).catch((error: unknown) => {
      if (!(error instanceof EndpointError)) throw error;
    });
  }

  #ask(action: 'Enumerate' | 'Pull', message: string, signal: AbortSignal): Promise<Portion> {
    return this.#inTurn(async () => {
      signal.throwIfAborted();
      this.#options.onCall(action);
      const reply = await this.#options.carrier.send(message, signal);
      // A fault comes with status 500, or 400; a proxy's page is no SOAP.
      if (reply.status !== 200 && !/soap|xml/i.test(reply.contentType)) {
        await reply.discard();
        throw this.#badStatus(reply.status);
      }
      const reader = new AnswerReader();
      try {
        await readXml(reply.body, reader);
        return reader.finish(`${action}Response`);
      } catch (error) {
        if (error instanceof Fault) throw error;
        await reply.discard();
        throw error instanceof XmlError ? this.#misunderstood(error.message, error) : error;
      }
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#before.then(work);
    this.#before = turn.catch(() => undefined); // told to whoever asked
    return turn;
  }

  #misunderstood(why: string, cause?: unknown): EndpointError {
    const { endpoint, origin } = this.#options;
    return new EndpointError('protocol', endpoint, `${origin} answers with what is not understood: ${why}`, cause);
  }

  #badStatus(status: number): EndpointError {
    const { endpoint, origin, path } = this.#options;
    const remedy =
      status === 404
        ? `there is no WS-Management at ${path}: check the url, and winrm enumerate winrm/config/listener there`
        : status === 415
          ? 'it takes no SOAP: is it WinRM?'
          : status === 403
            ? 'the user may not use WS-Management: add it to the group Remote Management Users there'
            : 'is WinRM overloaded, or is it another server?';
    const code = status === 403 ? 'refused' : status < 500 ? 'unsupported' : 'lost';
    return new EndpointError(code, endpoint, `${origin} answers with HTTP status ${status}: ${remedy}`);
  }
}

const asked = (timeoutMs: number): Asked => ({ messageId: randomUUID(), timeoutMs });

const isWorthAnother = (error: unknown): boolean =>
  isFault(error, 'context', 'timeout') || (error instanceof EndpointError && error.code === 'lost');
