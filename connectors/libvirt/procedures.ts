import { XdrWriter } from './xdr.ts';

/** Procedure numbers of program 0x20008086 (libvirt, src/remote/remote_protocol.x); they are never renumbered. */
export const PROCEDURES = {
  CONNECT_OPEN: 1,
  CONNECT_CLOSE: 2,
  NODE_GET_INFO: 6,
  DOMAIN_GET_XML_DESC: 14,
  DOMAIN_GET_INFO: 16,
  CONNECT_GET_HOSTNAME: 59,
  CONNECT_SUPPORTS_FEATURE: 60,
  DOMAIN_INTERFACE_STATS: 65,
  AUTH_LIST: 66,
  AUTH_POLKIT: 70,
  DOMAIN_MEMORY_STATS: 159,
  NODE_GET_CPU_STATS: 227,
  NODE_GET_MEMORY_STATS: 228,
  DOMAIN_BLOCK_STATS_FLAGS: 243,
  CONNECT_LIST_ALL_DOMAINS: 273,
  CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY: 316,
  CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY: 317,
  CONNECT_GET_ALL_DOMAIN_STATS: 344,
} as const;
export type Procedure = keyof typeof PROCEDURES;

export const AUTH_TYPES = ['none', 'sasl', 'polkit'] as const;
export const KEEPALIVE_FEATURE = 10;

/** Statistics groups and flags of CONNECT_GET_ALL_DOMAIN_STATS (libvirt-domain.h). */
export const GROUPS = { state: 1, cpuTotal: 2, balloon: 4, vcpu: 8, interface: 16, block: 32, perf: 64 } as const;
/** Bit 29: a domain whose job is held by another call loses fields instead of holding up the whole call. */
export const NOWAIT = 0x20000000;

/** The daemon's limits on what is asked for (remote_protocol.x). */
export const MAX_NODE_CPU_STATS = 16;
export const MAX_NODE_MEMORY_STATS = 16;
export const MAX_MEMORY_STATS = 1024;
export const MAX_BLOCK_STATS = 16;

/** Error numbers worth telling apart (virterror.h). */
export const ERRORS = {
  noSupport: 3,
  noConnect: 5,
  operationDenied: 29,
  authFailed: 45,
  accessDenied: 88,
} as const;

export interface DomainRef {
  readonly name: string;
  /** 16 bytes */
  readonly uuid: Buffer;
  /** -1 when it is off */
  readonly id: number;
}

export const EMPTY_ARGUMENTS = Buffer.alloc(0);

export const encodeInt = (value: number): Buffer => new XdrWriter().int(value).bytes;

export const encodeOpen = (name: string, readOnly: boolean): Buffer =>
  new XdrWriter().optional(name, (to, uri) => to.string(uri)).uint(readOnly ? 1 : 0).bytes;

/** A zero-length list of domains means all of them; `>>> 0` keeps the flags' top bit unsigned. */
export function encodeStatsQuery(mask: number, flags: number, domains: readonly DomainRef[] = []): Buffer {
  const to = new XdrWriter().uint(domains.length);
  for (const domain of domains) writeDomain(to, domain);
  return to.uint(mask).uint(flags >>> 0).bytes;
}

export const encodeListQuery = (): Buffer => new XdrWriter().int(1).uint(0).bytes;

export const writeDomain = (to: XdrWriter, domain: DomainRef): XdrWriter =>
  to.string(domain.name).opaque(domain.uuid).int(domain.id);

export const encodeDomainFlags = (domain: DomainRef, flags: number): Buffer =>
  writeDomain(new XdrWriter(), domain).uint(flags).bytes;

export const encodeDomain = (domain: DomainRef): Buffer => writeDomain(new XdrWriter(), domain).bytes;

export const encodeDomainDevice = (domain: DomainRef, device: string): Buffer =>
  writeDomain(new XdrWriter(), domain).string(device).bytes;

export const encodeMemoryQuery = (domain: DomainRef): Buffer =>
  writeDomain(new XdrWriter(), domain).uint(MAX_MEMORY_STATS).uint(0).bytes;

export const encodeBlockQuery = (domain: DomainRef, device: string): Buffer =>
  writeDomain(new XdrWriter(), domain).string(device).int(MAX_BLOCK_STATS).uint(0).bytes;

/** All CPUs together: cpu number -1. Drivers want to be asked for just as many kinds as they have; 0 asks how many. */
export const encodeNodeCpuQuery = (kinds: number): Buffer => new XdrWriter().int(-1).int(kinds).uint(0).bytes;

/** All NUMA cells together: cell -1; else as of CPUs. */
export const encodeNodeMemoryQuery = (kinds: number): Buffer => new XdrWriter().int(kinds).int(-1).uint(0).bytes;

export const encodeEventRegistration = (event: number): Buffer => new XdrWriter().int(event).uint(0).bytes;
