import { EMPTY_IDENTITY, type Identity } from '../../avro/snapshot.ts';
import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';
import { atMost } from './at-most.ts';
import type { Client } from './client.ts';
import { interfacesOf } from './decode.ts';
import { readDomainXml } from './domain-xml.ts';
import { withPatience } from './patience.ts';
import { type DomainRef, encodeDomainFlags } from './procedures.ts';
import { type DomainStats, decodeString, RemoteError } from './replies.ts';
import { reply } from './reply.ts';

/** As many of one client's calls as a daemon works on at once (max_client_requests). */
export const MAX_IN_FLIGHT = 5;
/** Identities that are read again in one poll, at most; those never read before are not counted. */
const MAX_REFRESHED = 20;
/** Events can be missed, and some changes have none. */
const REFRESH_AFTER_US = 15 * 60 * 1_000_000;
const RETRY_AFTER_US = 60 * 1_000_000;

interface Entry {
  identity: Identity | null;
  /** Of the statistics when it was read; null before. */
  interfaces: string | null;
  /** Monotonic time from which on it is to be read again. */
  refreshAt: number;
  /** A call for it is outstanding, perhaps given up. */
  asked: boolean;
}

export interface InventoryOptions {
  readonly endpoint: string;
  readonly clock: Clock;
  /** The name of the daemon's machine. */
  readonly host: string | null;
  /** How long a poll waits for identities; what comes later is there at the next one. */
  readonly patienceMs: number;
  /** Told of XML that could not be parsed. */
  readonly onMalformed: () => void;
}

export const domainKey = ({ uuid, id }: DomainRef): string => `${uuid.toString('hex')}/${id}`;

/** Who the domains of one connection are: each domain's XML is read once per start, and again when it may have changed. */
export class Inventory {
  readonly #client: Client;
  readonly #options: InventoryOptions;
  #entries = new Map<string, Entry>();

  constructor(client: Client, options: InventoryOptions) {
    this.#client = client;
    this.#options = options;
  }

  identityOf(domain: DomainRef): Identity | null {
    return this.#entries.get(domainKey(domain))?.identity ?? null;
  }

  /** Something about the domain changed: its identity is read again with the next poll. */
  invalidate(domain: DomainRef): void {
    const uuid = `${domain.uuid.toString('hex')}/`;
    for (const [key, entry] of this.#entries) if (key.startsWith(uuid)) entry.refreshAt = 0;
  }

  /**
   * Forgets domains that are not among the records, and reads the XML of those that are new or whose interfaces
   * changed, and of some that are due. One that cannot be read has no identity. Rejects only when `signal` aborts or
   * the connection ends.
   */
  async learn(records: readonly DomainStats[], signal: AbortSignal): Promise<void> {
    const entries = new Map<string, Entry>();
    for (const record of records) {
      const key = domainKey(record.domain);
      const entry = this.#entries.get(key);
      entries.set(key, entry ?? { identity: null, interfaces: null, refreshAt: 0, asked: false });
    }
    const wanted = this.#wanted(records, entries);
    this.#entries = entries;
    if (wanted.length === 0) return;
    const { clock, patienceMs } = this.#options;
    await withPatience(clock, patienceMs, signal, (patient) =>
      atMost(MAX_IN_FLIGHT, wanted, (record) => this.#read(record, patient, signal)),
    );
  }

  #wanted(records: readonly DomainStats[], entries: ReadonlyMap<string, Entry>): DomainStats[] {
    const now = this.#options.clock.monotonic();
    let refreshed = 0;
    return records.filter((record) => {
      const key = domainKey(record.domain);
      const entry = entries.get(key);
      if (!entry || entry.asked) return false;
      if (entry.interfaces !== interfacesOf(record)) return true;
      return entry.refreshAt <= now && refreshed++ < MAX_REFRESHED;
    });
  }

  async #read(record: DomainStats, patient: AbortSignal, signal: AbortSignal): Promise<void> {
    const entry = this.#entries.get(domainKey(record.domain));
    if (!entry || patient.aborted) return;
    const { endpoint, clock } = this.#options;
    entry.asked = true;
    const answered = (): void => {
      entry.asked = false;
    };
    const call = this.#client.call('DOMAIN_GET_XML_DESC', encodeDomainFlags(record.domain, 0), patient, answered);
    try {
      const xml = await reply(endpoint, call, decodeString);
      entry.identity = this.#parse(xml, record.domain);
      entry.refreshAt = clock.monotonic() + REFRESH_AFTER_US;
    } catch (error) {
      // Given up: it is asked for again once the daemon has answered.
      if (error instanceof EndpointError && error.code === 'timeout' && !signal.aborted) return;
      if (!(error instanceof RemoteError)) throw error;
      entry.refreshAt = clock.monotonic() + RETRY_AFTER_US;
    }
    answered();
    entry.interfaces = interfacesOf(record);
  }

  #parse(xml: string, domain: DomainRef): Identity {
    const { host, onMalformed } = this.#options;
    try {
      return readDomainXml(xml, host);
    } catch {
      onMalformed(); // counted; the names are known without the XML
      return { ...EMPTY_IDENTITY, instanceName: domain.name, host };
    }
  }
}
