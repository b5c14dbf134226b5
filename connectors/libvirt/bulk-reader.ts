import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';
import type { Client } from './client.ts';
import type { ReadTime } from './decode.ts';
import { middleOf, withPatience } from './patience.ts';
import { type DomainRef, ERRORS, encodeListQuery, encodeStatsQuery, GROUPS, NOWAIT } from './procedures.ts';
import { type DomainStats, decodeAllStats, decodeDomainList, RemoteError } from './replies.ts';
import { reply } from './reply.ts';

/** Domains as one read saw them, each with the time of that read. */
export type TimedRecord = DomainStats & { readonly time: ReadTime };

const FULL = GROUPS.state | GROUPS.cpuTotal | GROUPS.balloon | GROUPS.vcpu | GROUPS.interface | GROUPS.block;
/** Groups for which libvirtd asks no QEMU, so that none can hold them up. */
const WITHOUT_MONITOR = GROUPS.state | GROUPS.interface;
/** A daemon works on 5 calls of a client and 20 in all: hung ones must not use them up. */
const MAX_HUNG = 2;
/** With a fifth one the daemon would stop reading from this connection, pings included. */
const MAX_UNANSWERED = 4;
const PATIENCE_FACTOR = 3;

export interface BulkOptions {
  readonly endpoint: string;
  readonly clock: Clock;
  readonly perf: boolean;
  readonly stuckAfterMs: number;
}

/** Refusals that would be the same for any list of domains. */
const FINAL: readonly number[] = [ERRORS.noSupport, ERRORS.operationDenied, ERRORS.authFailed, ERRORS.accessDenied];

/**
 * Reads all domains with one call. libvirtd has no deadline towards a QEMU: one that stands still (stopped, on dead
 * storage) hangs the call that holds its job. The same call again on the same connection is answered at once, the
 * stuck domain with the few fields that need no job. So a call that takes too long is left outstanding and made
 * again; when two hang, only what needs no QEMU is asked, until one of them is answered.
 */
export class BulkReader {
  readonly #client: Client;
  readonly #options: BulkOptions;
  #hung = 0;
  #sent = 0;
  /** Of the answered call that was sent last: a slow host is not a stuck one. */
  #answered = { order: 0, durationMs: 0 };

  constructor(client: Client, options: BulkOptions) {
    this.#client = client;
    this.#options = options;
  }

  /**
   * A domain whose statistics fail fails the call for all: then the list of domains is halved until it stands alone,
   * and is listed without values. Rejects with RemoteError if the daemon refuses altogether, with EndpointError if
   * the signal aborts or the connection ends.
   */
  async read(signal: AbortSignal): Promise<TimedRecord[]> {
    try {
      return await this.#readAll(signal);
    } catch (error) {
      if (!(error instanceof RemoteError) || FINAL.includes(error.code)) throw error;
      const call = this.#client.call('CONNECT_LIST_ALL_DOMAINS', encodeListQuery(), signal);
      return this.#isolate(await reply(this.#options.endpoint, call, decodeDomainList), signal);
    }
  }

  get #mask(): number {
    return this.#options.perf ? FULL | GROUPS.perf : FULL;
  }

  async #readAll(signal: AbortSignal): Promise<TimedRecord[]> {
    const { endpoint, clock, stuckAfterMs } = this.#options;
    while (this.#hung < MAX_HUNG) {
      const patienceMs = Math.max(stuckAfterMs, this.#answered.durationMs * PATIENCE_FACTOR);
      const records = await withPatience(clock, patienceMs, signal, (patient) =>
        this.#ask(this.#mask, patient, signal),
      );
      if (records) return records;
    }
    if (this.#hung >= MAX_UNANSWERED)
      throw new EndpointError('timeout', endpoint, `the daemon owes ${this.#hung} answers; is it stuck itself?`);
    return (await this.#ask(WITHOUT_MONITOR, signal, signal)) ?? [];
  }

  async #isolate(domains: readonly DomainRef[], signal: AbortSignal): Promise<TimedRecord[]> {
    const [domain] = domains;
    if (!domain) return [];
    const begun = this.#begin();
    try {
      return (await this.#ask(this.#mask, signal, signal, domains)) ?? [];
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      if (domains.length === 1) return [{ domain, stats: new Map(), time: middleOf(this.#options.clock, begun) }];
      const half = domains.length >> 1;
      const first = await this.#isolate(domains.slice(0, half), signal);
      return [...first, ...(await this.#isolate(domains.slice(half), signal))];
    }
  }

  #begin(): { wall: number; monotonic: number } {
    return { wall: this.#options.clock.now(), monotonic: this.#options.clock.monotonic() };
  }

  /** Undefined: patience ended before an answer came. No domains: all. */
  async #ask(
    mask: number,
    patient: AbortSignal,
    signal: AbortSignal,
    domains: readonly DomainRef[] = [],
  ): Promise<TimedRecord[] | undefined> {
    const { clock, endpoint } = this.#options;
    const begun = this.#begin();
    const order = ++this.#sent;
    const answered = (): void => {
      const durationMs = (clock.monotonic() - begun.monotonic) / 1000;
      if (mask !== WITHOUT_MONITOR && order > this.#answered.order) this.#answered = { order, durationMs };
    };
    const late = (): void => {
      this.#hung--;
      answered();
    };
    const query = encodeStatsQuery(mask, NOWAIT, domains);
    try {
      const payload = await this.#client.call('CONNECT_GET_ALL_DOMAIN_STATS', query, patient, late);
      const time = middleOf(clock, begun);
      answered();
      const records = await reply(endpoint, Promise.resolve(payload), decodeAllStats);
      return records.map((record) => ({ ...record, time }));
    } catch (error) {
      if (!(error instanceof EndpointError) || error.code !== 'timeout') throw error;
      this.#hung++;
      if (signal.aborted) throw error;
      return undefined;
    }
  }
}
