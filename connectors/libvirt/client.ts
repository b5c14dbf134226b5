import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError, type EndpointErrorCode } from '../connector.ts';
import { isSilent } from './keepalive.ts';
import { PROCEDURES, type Procedure } from './procedures.ts';
import {
  decodePacket,
  encodePacket,
  KEEPALIVE_PROGRAM,
  type Packet,
  PacketSplitter,
  PING,
  PONG,
  REMOTE_PROGRAM,
} from './protocol.ts';
import { decodeError } from './replies.ts';
import type { Transport } from './transport/transport.ts';
import { ProtocolError } from './xdr.ts';

export interface ClientOptions {
  /** The endpoint's id, for errors. */
  readonly endpoint: string;
  readonly clock: Clock;
  /** Told of every call that is sent. */
  readonly onCall: (procedure: Procedure) => void;
  /** Told of every event message; may throw ProtocolError. */
  readonly onEvent: (procedure: number, payload: Buffer) => void;
}

/** A host that is gone does not take the last message. */
const GOODBYE_MS = 1000;

interface Pending {
  readonly resolve: (payload: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection to a libvirt daemon: sends calls, matches replies in any order, answers pings, and fails whatever
 * is outstanding when the connection ends. What the daemon refuses rejects with RemoteError, all else with
 * EndpointError.
 */
export class Client {
  /** Settles when the connection can no longer be used: with the error that ended it, or undefined after `close`. */
  readonly closed: Promise<Error | undefined>;
  readonly #transport: Transport;
  readonly #options: ClientOptions;
  readonly #splitter = new PacketSplitter();
  readonly #pending = new Map<number, Pending>();
  readonly #ended = new AbortController();
  #settleClosed: (error: Error | undefined) => void = () => undefined;
  #failure: Error | undefined;
  // libvirtd sends its events with serial 1 whatever the documentation says: stay clear of it.
  #serial = 1;
  #heard = false;
  #hasAnswered = false;

  constructor(transport: Transport, options: ClientOptions) {
    this.#transport = transport;
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    transport.input.on('data', (chunk: Buffer) => this.#receive(chunk));
    void transport.ended.then((reason) => this.#lose(reason));
  }

  /**
   * Sends one call and resolves with its reply's payload. When the signal aborts it rejects at once (code timeout);
   * libvirt has no way to cancel, so the reply, if it ever comes, goes to `onLate`.
   */
  call(procedure: Procedure, payload: Buffer, signal: AbortSignal, onLate?: () => void): Promise<Buffer> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (signal.aborted) return Promise.reject(this.#timedOut(procedure, signal));
    this.#serial = this.#serial >= 0xffffffff ? 2 : this.#serial + 1;
    const serial = this.#serial;
    return new Promise((resolve, reject) => {
      const abandon = (): void => {
        this.#pending.set(serial, { resolve: () => onLate?.(), reject: () => onLate?.() });
        reject(this.#timedOut(procedure, signal));
      };
      const settled = (): void => signal.removeEventListener('abort', abandon);
      this.#pending.set(serial, {
        resolve: (reply) => {
          settled();
          resolve(reply);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      signal.addEventListener('abort', abandon, { once: true });
      this.#options.onCall(procedure);
      this.#send({ program: REMOTE_PROGRAM, procedure: PROCEDURES[procedure], type: 'call', serial, payload });
    });
  }

  /** Asks the daemon for signs of life, and ends the connection when there are none (see keepalive.ts). */
  async keepAlive(intervalMs: number, count: number): Promise<void> {
    const silent = await isSilent(this.#options.clock, intervalMs, count, this.#ended.signal, {
      heard: () => {
        const heard = this.#heard;
        this.#heard = false;
        return heard;
      },
      ping: () => this.#sendKeepalive(PING),
    });
    if (silent) this.#fail('lost', `${this.#transport.label} answers no pings; is the host up?`);
  }

  /**
   * Gives event callbacks back (ids as registered), says goodbye and lets go; outstanding calls reject. Safe to call
   * twice. Giving them back spares the daemon events for clients that are gone: amid such, libvirtd 9.0 crashed once in
   * tests, of an unknown cause.
   */
  async close(callbacks: readonly Buffer[] = []): Promise<void> {
    if (this.#failure) return;
    for (const id of callbacks) this.#sendLast('CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY', id);
    this.#sendLast('CONNECT_CLOSE', Buffer.alloc(0));
    this.#end(new EndpointError('lost', this.#options.endpoint, 'the connection was closed'), undefined);
    void this.#letGo();
  }

  /** A call whose reply nobody awaits any more. */
  #sendLast(procedure: Procedure, payload: Buffer): void {
    this.#serial++;
    const call = { program: REMOTE_PROGRAM, procedure: PROCEDURES[procedure], type: 'call' as const };
    this.#send({ ...call, serial: this.#serial, payload });
  }

  #send(packet: Parameters<typeof encodePacket>[0]): void {
    this.#transport.output.write(encodePacket(packet));
  }

  #sendKeepalive(procedure: number): void {
    this.#send({ program: KEEPALIVE_PROGRAM, procedure, type: 'message', serial: 0, payload: Buffer.alloc(0) });
  }

  #receive(chunk: Buffer): void {
    if (this.#failure) return;
    this.#heard = true;
    this.#hasAnswered = true;
    try {
      for (const bytes of this.#splitter.push(chunk)) this.#dispatch(decodePacket(bytes));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail('protocol', `what ${this.#transport.label} sends is not libvirt's protocol: ${error.message}`, error);
    }
  }

  #dispatch(packet: Packet): void {
    if (packet.program === KEEPALIVE_PROGRAM) {
      if (packet.procedure === PING) this.#sendKeepalive(PONG);
    } else if (packet.type === 'message') this.#options.onEvent(packet.procedure, packet.payload);
    else if (packet.type === 'reply') this.#settle(packet);
    else throw new ProtocolError(`a packet for procedure ${packet.procedure} that is neither a reply nor an event`);
  }

  #settle(packet: Packet): void {
    const pending = this.#pending.get(packet.serial);
    if (!pending) throw new ProtocolError(`a reply to call ${packet.serial}, which was not made`);
    const refusal = packet.failed ? decodeError(packet.payload) : undefined;
    this.#pending.delete(packet.serial);
    if (refusal) pending.reject(refusal);
    else pending.resolve(packet.payload);
  }

  #timedOut(procedure: Procedure, signal: AbortSignal): EndpointError {
    const { label } = this.#transport;
    const hint = this.#hasAnswered ? '' : '; it has said nothing yet: is it a libvirt daemon, and is that well?';
    const told = `no answer to ${procedure} from ${label} in time${hint}`;
    return new EndpointError('timeout', this.#options.endpoint, told, signal.reason);
  }

  #lose(cause: Error | undefined): void {
    const why = cause?.message ?? 'the daemon closed it';
    // Who speaks TLS, or another protocol, hangs up on the first words.
    const hint = this.#hasAnswered ? '' : '; a TLS port (16514) takes qemu+tls://, and another server is no libvirtd';
    if (cause instanceof EndpointError) this.#end(cause, cause);
    else this.#fail('lost', `the connection to ${this.#transport.label} was lost: ${why}${hint}`, cause);
  }

  #fail(code: EndpointErrorCode, message: string, cause?: unknown): void {
    const error = new EndpointError(code, this.#options.endpoint, message, cause);
    this.#end(error, error);
    this.#transport.destroy();
  }

  #end(failure: Error, outcome: Error | undefined): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.#ended.abort();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(failure);
    this.#settleClosed(outcome);
  }

  /** Ends the transport politely, then for good. */
  async #letGo(): Promise<void> {
    const gone = new AbortController();
    void this.#transport.ended.then(() => gone.abort());
    this.#transport.close();
    try {
      await this.#options.clock.sleep(GOODBYE_MS, gone.signal);
    } catch {
      return; // it is gone, the only thing that interrupts the sleep
    }
    this.#transport.destroy();
  }
}
