import {
  AUTH_TYPES,
  type DomainRef,
  MAX_BLOCK_STATS,
  MAX_MEMORY_STATS,
  MAX_NODE_CPU_STATS,
  MAX_NODE_MEMORY_STATS,
} from './procedures.ts';
import { ProtocolError, XdrReader } from './xdr.ts';

const MAX_DOMAINS = 16_384;
const MAX_PARAMS = 262_144;
const MAX_AUTH_TYPES = 20;

/** A statistic as sent: integers of any width as bigint, doubles as number. */
export type StatValue = bigint | number | boolean | string;
export type Stats = ReadonlyMap<string, StatValue>;
export interface DomainStats {
  readonly domain: DomainRef;
  readonly stats: Stats;
}

/** What the daemon answered instead of a result (remote_error); `code` is virterror.h's number. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const readDomain = (from: XdrReader): DomainRef => ({
  name: from.string(),
  uuid: Buffer.from(from.opaque(16)),
  id: from.int(),
});

function readStatValue(from: XdrReader): StatValue {
  const type = from.int();
  switch (type) {
    case 1:
      return BigInt(from.int());
    case 2:
      return BigInt(from.uint());
    case 3:
      return from.hyper();
    case 4:
      return from.uhyper();
    case 5:
      return from.double();
    case 6:
      return from.int() !== 0;
    case 7:
      return from.string();
    default:
      // Its length is unknown, so nothing behind it can be read.
      throw new ProtocolError(`a typed parameter of unknown type ${type}`);
  }
}

const readStats = (from: XdrReader, limit: number): Stats =>
  new Map(from.array(limit, 12, (item) => [item.string(), readStatValue(item)] as const));

/** Reads a whole payload; what is left over is a fault. */
function whole<T>(payload: Buffer, read: (from: XdrReader) => T): T {
  const from = new XdrReader(payload);
  const value = read(from);
  if (from.left > 0) throw new ProtocolError(`${from.left} bytes after the end of the reply`);
  return value;
}

export const decodeInt = (payload: Buffer): number => whole(payload, (from) => from.int());
export const decodeString = (payload: Buffer): string => whole(payload, (from) => from.string());

/** Ways to authenticate that the daemon offers; a number it does not know stays out. */
export const decodeAuthList = (payload: Buffer): (typeof AUTH_TYPES)[number][] =>
  whole(payload, (from) => from.array(MAX_AUTH_TYPES, 4, (item) => item.int())).flatMap(
    (type) => AUTH_TYPES[type] ?? [],
  );

export const decodeAllStats = (payload: Buffer): DomainStats[] =>
  whole(payload, (from) =>
    // 28 is the least a record takes: an empty name, uuid, id and an empty list.
    from.array(MAX_DOMAINS, 28, (item) => ({ domain: readDomain(item), stats: readStats(item, MAX_PARAMS) })),
  );

export const decodeDomainList = (payload: Buffer): DomainRef[] =>
  whole(payload, (from) => {
    const domains = from.array(MAX_DOMAINS, 24, readDomain);
    from.uint();
    return domains;
  });

/** The CPUs of the host. `char model[32]` travels as 32 words; then memory (KiB), cpus, MHz, nodes, sockets, cores, threads. */
export const decodeNodeCpus = (payload: Buffer): number =>
  whole(payload, (from) => {
    from.opaque(32 * 4);
    from.uhyper();
    const cpus = from.int();
    from.opaque(5 * 4);
    return cpus;
  });

/** The host's statistics by kind; asked for none, how many kinds the driver has, else 0. */
export interface NodeStats {
  readonly values: ReadonlyMap<string, bigint>;
  readonly kinds: number;
}

const decodeNodeStats = (payload: Buffer, limit: number): NodeStats =>
  whole(payload, (from) => {
    const stats = from.array(limit, 12, (item) => [item.string(), item.uhyper()] as const);
    return { values: new Map(stats), kinds: from.int() };
  });

/** Nanoseconds since boot, all CPUs together: kernel, user, idle, iowait. */
export const decodeNodeCpuStats = (payload: Buffer): NodeStats => decodeNodeStats(payload, MAX_NODE_CPU_STATS);

/** KiB, all cells together: total, free, buffers, cached. */
export const decodeNodeMemoryStats = (payload: Buffer): NodeStats => decodeNodeStats(payload, MAX_NODE_MEMORY_STATS);

export interface DomainInfo {
  readonly state: number;
  readonly memoryKiB: bigint;
  readonly vcpus: number;
  readonly cpuTimeNs: bigint;
}

export const decodeDomainInfo = (payload: Buffer): DomainInfo =>
  whole(payload, (from) => {
    const state = from.uint();
    from.uhyper();
    return { state, memoryKiB: from.uhyper(), vcpus: from.uint(), cpuTimeNs: from.uhyper() };
  });

/** Values by virDomainMemoryStatTags. */
export const decodeMemoryStats = (payload: Buffer): ReadonlyMap<number, bigint> =>
  whole(payload, (from) => new Map(from.array(MAX_MEMORY_STATS, 12, (item) => [item.int(), item.uhyper()] as const)));

export const decodeBlockStats = (payload: Buffer): Stats =>
  whole(payload, (from) => {
    const stats = readStats(from, MAX_BLOCK_STATS);
    from.int();
    return stats;
  });

/** Bytes, packets, errors and drops received, then the same sent; -1 where the driver does not know. */
export const decodeInterfaceStats = (payload: Buffer): bigint[] =>
  whole(payload, (from) => Array.from({ length: 8 }, () => from.hyper()));

/** Of what a daemon says of an error, so much is kept. */
const MOST_TEXT = 500;

/** remote_error: code, domain of the error, message, … ; the rest repeats the message's parts. */
export function decodeError(payload: Buffer): RemoteError {
  const from = new XdrReader(payload);
  const code = from.int();
  from.int();
  const message = from.optional((item) => item.string())?.slice(0, MOST_TEXT);
  return new RemoteError(code, message ?? `error ${code} without a message`);
}
