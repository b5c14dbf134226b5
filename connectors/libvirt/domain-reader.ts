import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';
import { atMost } from './at-most.ts';
import type { TimedRecord } from './bulk-reader.ts';
import type { Client } from './client.ts';
import { domainKey, type Inventory, MAX_IN_FLIGHT } from './inventory.ts';
import { middleOf, withPatience } from './patience.ts';
import {
  type DomainRef,
  ERRORS,
  encodeBlockQuery,
  encodeDomain,
  encodeDomainDevice,
  encodeListQuery,
  encodeMemoryQuery,
  type Procedure,
} from './procedures.ts';
import {
  decodeBlockStats,
  decodeDomainInfo,
  decodeDomainList,
  decodeInterfaceStats,
  decodeMemoryStats,
  RemoteError,
  type StatValue,
} from './replies.ts';
import { isRemoteError, reply } from './reply.ts';

/** virDomainMemoryStatTags as the bulk call names them, all KiB but the last, which is seconds. */
const MEMORY_TAGS: readonly (readonly [number, string])[] = [
  [0, 'swap_in'],
  [1, 'swap_out'],
  [4, 'unused'],
  [5, 'available'],
  [6, 'current'],
  [7, 'rss'],
  [8, 'usable'],
  [9, 'last-update'],
];

/** Names of DOMAIN_BLOCK_STATS_FLAGS as the bulk call has them. */
const BLOCK_NAMES: readonly (readonly [string, string])[] = [
  ['rd_bytes', 'rd.bytes'],
  ['rd_operations', 'rd.reqs'],
  ['rd_total_times', 'rd.times'],
  ['wr_bytes', 'wr.bytes'],
  ['wr_operations', 'wr.reqs'],
  ['wr_total_times', 'wr.times'],
  ['flush_operations', 'fl.reqs'],
  ['flush_total_times', 'fl.times'],
];

const INTERFACE_NAMES = ['rx.bytes', 'rx.pkts', 'rx.errs', 'rx.drop', 'tx.bytes', 'tx.pkts', 'tx.errs', 'tx.drop'];

export interface DomainReaderOptions {
  readonly endpoint: string;
  readonly clock: Clock;
  readonly inventory: Inventory;
  readonly stuckAfterMs: number;
}

/**
 * Reads domains one by one, for drivers that lack the bulk call (libxl, LXC): 1 + N × (2 + nics + disks) calls, five
 * at a time, told in the names of the bulk call. What a driver lacks is asked once. A domain that hangs is listed
 * without values until its call is answered.
 */
export class DomainReader {
  readonly #client: Client;
  readonly #options: DomainReaderOptions;
  readonly #lacking = new Set<Procedure>();
  readonly #stuck = new Set<string>();

  constructor(client: Client, options: DomainReaderOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Rejects with RemoteError if the daemon refuses, with EndpointError if the signal aborts or the connection ends. */
  async read(signal: AbortSignal): Promise<TimedRecord[]> {
    const { clock, endpoint, inventory, stuckAfterMs } = this.#options;
    const call = this.#client.call('CONNECT_LIST_ALL_DOMAINS', encodeListQuery(), signal);
    const domains = await reply(endpoint, call, decodeDomainList);
    // Devices are named in the XML only.
    await inventory.learn(
      domains.map((domain) => ({ domain, stats: new Map() })),
      signal,
    );
    const records: TimedRecord[] = [];
    // Those that hang keep their places.
    await atMost(Math.max(1, MAX_IN_FLIGHT - this.#stuck.size), domains, async (domain) => {
      const begun = { wall: clock.now(), monotonic: clock.monotonic() };
      const stats = new Map<string, StatValue>();
      if (!this.#stuck.has(domainKey(domain)))
        await withPatience(clock, stuckAfterMs, signal, (patient) => this.#readDomain(domain, stats, patient, signal));
      records.push({ domain, stats, time: middleOf(clock, begun) });
    });
    return records;
  }

  async #readDomain(
    domain: DomainRef,
    stats: Map<string, StatValue>,
    patient: AbortSignal,
    signal: AbortSignal,
  ): Promise<void> {
    const ask = async <T>(procedure: Procedure, payload: Buffer, decode: (payload: Buffer) => T) => {
      if (this.#lacking.has(procedure) || patient.aborted) return undefined;
      return this.#ask(domain, this.#call(domain, procedure, payload, patient), decode, procedure, signal);
    };
    const info = await ask('DOMAIN_GET_INFO', encodeDomain(domain), decodeDomainInfo);
    if (!info) return;
    stats.set('state.state', BigInt(info.state));
    if (domain.id < 0) return;
    stats.set('cpu.time', info.cpuTimeNs);
    stats.set('balloon.current', info.memoryKiB);
    stats.set('vcpu.current', BigInt(info.vcpus));
    const memory = await ask('DOMAIN_MEMORY_STATS', encodeMemoryQuery(domain), decodeMemoryStats);
    for (const [tag, name] of MEMORY_TAGS) set(stats, `balloon.${name}`, memory?.get(tag));
    const { disks = [], nics = [] } = this.#options.inventory.identityOf(domain) ?? {};
    for (const [n, { id }] of disks.entries()) {
      stats.set(`block.${n}.name`, id);
      const block = await ask('DOMAIN_BLOCK_STATS_FLAGS', encodeBlockQuery(domain, id), decodeBlockStats);
      for (const [theirs, ours] of BLOCK_NAMES) set(stats, `block.${n}.${ours}`, block?.get(theirs));
    }
    for (const [n, { name }] of nics.entries()) {
      if (name === null) continue;
      stats.set(`net.${n}.name`, name);
      const values = await ask('DOMAIN_INTERFACE_STATS', encodeDomainDevice(domain, name), decodeInterfaceStats);
      for (const [i, field] of INTERFACE_NAMES.entries()) set(stats, `net.${n}.${field}`, values?.[i]);
    }
  }

  #call(domain: DomainRef, procedure: Procedure, payload: Buffer, patient: AbortSignal): Promise<Buffer> {
    const key = domainKey(domain);
    return this.#client.call(procedure, payload, patient, () => this.#stuck.delete(key));
  }

  /** Undefined: this domain has no answer to that. */
  async #ask<T>(
    domain: DomainRef,
    call: Promise<Buffer>,
    decode: (payload: Buffer) => T,
    procedure: Procedure,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return await reply(this.#options.endpoint, call, decode);
    } catch (error) {
      if (isRemoteError(error, ERRORS.noSupport)) this.#lacking.add(procedure);
      if (error instanceof RemoteError) return undefined;
      if (!(error instanceof EndpointError) || error.code !== 'timeout' || signal.aborted) throw error;
      this.#stuck.add(domainKey(domain));
      return undefined;
    }
  }
}

/** The drivers say -1 for what they do not know. */
function set(stats: Map<string, StatValue>, name: string, value: StatValue | undefined): void {
  if (value !== undefined && value !== -1n) stats.set(name, value);
}
