import { Subject } from 'rxjs';
import type { Instance } from '../../avro/snapshot.ts';
import { type Change, type ConnectorContext, EndpointError, type Observation, type Session } from '../connector.ts';
import { withOccupancy } from '../occupancy.ts';
import { BulkReader, type TimedRecord } from './bulk-reader.ts';
import { Client } from './client.ts';
import { decodeDomain, isPausedForMigration } from './decode.ts';
import type { CpuSource } from './decode-row.ts';
import { DomainReader } from './domain-reader.ts';
import { decodeEvent } from './events.ts';
import { HostMeter } from './host-meter.ts';
import { domainKey, Inventory } from './inventory.ts';
import { type Host, login } from './login.ts';
import { ERRORS } from './procedures.ts';
import { RemoteError } from './replies.ts';
import { isRemoteError } from './reply.ts';
import type { Transport } from './transport/transport.ts';

/** libvirt's own defaults for both sides of a connection. */
const KEEPALIVE_INTERVAL_MS = 5000;
const KEEPALIVE_COUNT = 5;

export interface SessionOptions extends ConnectorContext {
  readonly endpoint: string;
  /** The driver's URI as the daemon knows it. */
  readonly driver: string;
  readonly cpu: CpuSource;
  readonly perf: boolean;
  readonly stuckAfterMs: number;
  /** The machine itself is metered too. */
  readonly hosts: boolean;
  /** Told of a part of the host that the daemon refuses; the endpoint says it once. */
  readonly onHostRefused: (part: string, error: RemoteError) => void;
}

/** Logs in over an open transport and wires what a poll needs. Rejects with EndpointError, the transport closed. */
export async function openSession(
  transport: Transport,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<Session> {
  const { endpoint, clock, report } = options;
  let calls = 0;
  let inventory: Inventory | undefined;
  const changes = new Subject<Change>();
  const client = new Client(transport, {
    endpoint,
    clock,
    onCall: (call) => {
      calls++;
      report({ event: 'endpoint.call', hypervisor: endpoint, kind: 'libvirt', call });
    },
    onEvent: (procedure, payload) => {
      const event = decodeEvent(procedure, payload);
      if (event === null) return;
      inventory?.invalidate(event.domain);
      if (event.what !== null) changes.next({ uuid: event.domain.uuid, what: event.what });
    },
  });
  const host = await loginOrClose(client, options, signal);
  if (host.keepsAlive) void client.keepAlive(KEEPALIVE_INTERVAL_MS, KEEPALIVE_COUNT);
  const malformed = (count: number): void => report({ event: 'reading.dropped', reason: 'malformed', count });
  const { stuckAfterMs: patienceMs } = options;
  const about = { endpoint, clock, host: host.name, patienceMs, onMalformed: () => malformed(1) };
  inventory = new Inventory(client, about);
  const read = reader(client, inventory, options);
  const decode = decoder(inventory, options, malformed);
  const meter = options.hosts ? hostMeter(client, host, options) : null;
  const poll = async (pollSignal: AbortSignal): Promise<Observation> => {
    const startedAt = clock.now();
    const before = calls;
    const reading = refusals(endpoint, transport.label, read(pollSignal));
    const [records, machine] = await Promise.all([reading, meter?.read(pollSignal)]);
    const instances = decode(records);
    const hosts = withOccupancy(machine === undefined ? [] : [machine], instances);
    const endedAt = clock.now();
    const { bootedAt } = host.node;
    return { startedAt, endedAt, bootedAt, partial: null, calls: calls - before, hosts, instances };
  };
  return { poll, changes, closed: client.closed, close: () => client.close(host.callbacks) };
}

async function loginOrClose(client: Client, options: SessionOptions, signal: AbortSignal): Promise<Host> {
  try {
    return await login(client, options.endpoint, options.driver, options.clock, signal);
  } catch (error) {
    await client.close();
    throw error;
  }
}

function hostMeter(client: Client, { name, node }: Host, options: SessionOptions): HostMeter {
  const { endpoint, clock, report, stuckAfterMs: patienceMs, onHostRefused: onRefused } = options;
  const onFailure = (part: string, error: EndpointError): void =>
    report({ event: 'part.failed', hypervisor: endpoint, kind: 'libvirt', part, reason: error.code, error });
  return new HostMeter(client, { ...node, endpoint, clock, name, patienceMs, onRefused, onFailure });
}

/** What the daemon refuses, as an EndpointError in its words. */
async function refusals<T>(endpoint: string, label: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    throw new EndpointError('refused', endpoint, `${label} refuses to be read: ${error.message}`, error);
  }
}

/** Reads with the bulk call; once the driver has said that it lacks it, one domain at a time. */
function reader(
  client: Client,
  inventory: Inventory,
  { endpoint, clock, perf, stuckAfterMs }: SessionOptions,
): (signal: AbortSignal) => Promise<TimedRecord[]> {
  const bulk = new BulkReader(client, { endpoint, clock, perf, stuckAfterMs });
  let single: DomainReader | undefined;
  return async (signal) => {
    if (single) return single.read(signal);
    try {
      const records = await bulk.read(signal);
      await inventory.learn(records, signal);
      return records;
    } catch (error) {
      if (!isRemoteError(error, ERRORS.noSupport)) throw error;
      single = new DomainReader(client, { endpoint, clock, inventory, stuckAfterMs });
      return single.read(signal);
    }
  };
}

/**
 * Makes instances of records. A copy that waits for its migration to end is left out: it is metered where it runs,
 * and begins to count here at the switch. The original, paused for the same reason, was counted before and stays.
 */
function decoder(
  inventory: Inventory,
  options: SessionOptions,
  malformed: (count: number) => void,
): (records: readonly TimedRecord[]) => Instance[] {
  const context = { hypervisor: options.endpoint, cpu: options.cpu };
  let counted = new Set<string>();
  return (records) => {
    const listed = records.filter((record) => counted.has(domainKey(record.domain)) || !isPausedForMigration(record));
    counted = new Set(listed.map(({ domain }) => domainKey(domain)));
    const decoded = listed.map((record) =>
      decodeDomain(record, inventory.identityOf(record.domain), record.time, context),
    );
    const faults = decoded.reduce((sum, { malformed: count }) => sum + count, 0);
    if (faults > 0) malformed(faults);
    return decoded.map(({ instance }) => instance);
  };
}
