import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';
import { type Client, reply } from './client.ts';
import type { ReadTime } from './decode.ts';
import { middleOf, withPatience } from './patience.ts';
import { encodeStatsQuery, GROUPS, NOWAIT } from './procedures.ts';
import { type DomainStats, decodeAllStats } from './replies.ts';

/** Domains as one read saw them, each with the time of that read. */
export type TimedRecord = DomainStats & { readonly time: ReadTime };

const FULL = GROUPS.state | GROUPS.cpuTotal | GROUPS.balloon | GROUPS.vcpu | GROUPS.interface | GROUPS.block;
/** Groups for which libvirtd asks no QEMU, so that none can hold them up. */
const WITHOUT_MONITOR = GROUPS.state | GROUPS.interface;
/** A daemon works on 5 calls of a client and 20 in all: hung ones must not use them up. */
const MAX_HUNG = 2;
const PATIENCE_FACTOR = 3;

export interface BulkOptions {
  readonly endpoint: string;
  readonly clock: Clock;
  readonly perf: boolean;
  readonly stuckAfterMs: number;
}

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

  /** Rejects with RemoteError if the daemon refuses, with EndpointError if the signal aborts or the connection ends. */
  async read(signal: AbortSignal): Promise<TimedRecord[]> {
    const { clock, perf, stuckAfterMs } = this.#options;
    while (this.#hung < MAX_HUNG) {
      const patienceMs = Math.max(stuckAfterMs, this.#answered.durationMs * PATIENCE_FACTOR);
      const mask = perf ? FULL | GROUPS.perf : FULL;
      const records = await withPatience(clock, patienceMs, signal, (patient) => this.#ask(mask, patient, signal));
      if (records) return records;
    }
    return (await this.#ask(WITHOUT_MONITOR, signal, signal)) ?? [];
  }

  /** Undefined: patience ended before an answer came. */
  async #ask(mask: number, patient: AbortSignal, signal: AbortSignal): Promise<TimedRecord[] | undefined> {
    const { clock, endpoint } = this.#options;
    const begun = { wall: clock.now(), monotonic: clock.monotonic() };
    const order = ++this.#sent;
    const answered = (): void => {
      const durationMs = (clock.monotonic() - begun.monotonic) / 1000;
      if (mask !== WITHOUT_MONITOR && order > this.#answered.order) this.#answered = { order, durationMs };
    };
    const late = (): void => {
      this.#hung--;
      answered();
    };
    try {
      const call = this.#client.call('CONNECT_GET_ALL_DOMAIN_STATS', encodeStatsQuery(mask, NOWAIT), patient, late);
      const payload = await call;
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
