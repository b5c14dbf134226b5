import { writeDomain } from '../../connectors/libvirt/procedures.ts';
import { readDomain } from '../../connectors/libvirt/replies.ts';
import { type XdrReader, XdrWriter } from '../../connectors/libvirt/xdr.ts';

export type FakeStat =
  | readonly ['int', number]
  | readonly ['uint', number]
  | readonly ['llong', bigint]
  | readonly ['ullong', bigint]
  | readonly ['boolean', boolean]
  | readonly ['string', string]
  /** Of a type that the protocol does not know. */
  | readonly ['unknown', number];

export interface FakeDomain {
  readonly name: string;
  /** 32 hexadecimal digits */
  readonly uuid: string;
  readonly id: number;
  readonly stats: Readonly<Record<string, FakeStat>>;
  /** Undefined: it vanished, its XML is not to be had. */
  readonly xml?: string;
}

/** A daemon's machine: CPU times in ns, memory in KiB, by libvirt's names. */
export interface FakeNode {
  readonly cpus: number;
  readonly cpuTimes: Readonly<Record<string, bigint>>;
  readonly memory: Readonly<Record<string, bigint>>;
}

const NO_DOMAIN = 42;
const INVALID_ARG = 8;
const RPC = 39;
const ref = (domain: FakeDomain) => ({ ...domain, uuid: Buffer.from(domain.uuid, 'hex') });

export const int = (value: number): Buffer => new XdrWriter().int(value).bytes;
export const string = (value: string): Buffer => new XdrWriter().string(value).bytes;

export const authList = (types: readonly number[]): Buffer =>
  Buffer.concat([new XdrWriter().uint(types.length).bytes, ...types.map(int)]);

/** remote_error: code, domain, message, level, dom, str1, str2, str3, int1, int2, net. */
export const error = (code: number, message: string): Buffer =>
  new XdrWriter()
    .int(code)
    .int(0)
    .optional(message, (to, text) => to.string(text))
    .int(2)
    .uint(0)
    .uint(0)
    .uint(0)
    .uint(0)
    .int(0)
    .int(0)
    .uint(0).bytes;

/** A lifecycle event; others have less or more after the domain, which is of no interest. */
export const event = (domain: FakeDomain, what: number, detail: number): Buffer =>
  writeDomain(new XdrWriter().int(7), ref(domain)).int(what).int(detail).bytes;

/** model, KiB, cpus, MHz, nodes, sockets, cores, threads */
export const nodeInfo = ({ cpus, memory }: FakeNode): Buffer => {
  const to = new XdrWriter();
  for (let n = 0; n < 32; n++) to.int(n === 0 ? 120 : 0);
  to.uhyper(memory.total ?? 0n)
    .int(cpus)
    .int(2400)
    .int(1)
    .int(1)
    .int(cpus);
  return to.int(1).bytes;
};

/** As libvirtd: asked for none it says how many there are; any other number than that is refused. */
export function nodeStats(stats: Readonly<Record<string, bigint>>, asked: number) {
  const entries = Object.entries(stats);
  if (asked === 0) return { payload: new XdrWriter().uint(0).int(entries.length).bytes };
  if (asked !== entries.length)
    return { error: [INVALID_ARG, `invalid argument: nparams in ask must be equal to ${entries.length}`] } as const;
  const to = new XdrWriter().uint(entries.length);
  for (const [name, value] of entries) to.string(name).uhyper(value);
  return { payload: to.int(0).bytes };
}

export const list = (domains: readonly FakeDomain[]): Buffer => {
  const to = new XdrWriter().uint(domains.length);
  for (const domain of domains) writeDomain(to, ref(domain));
  return to.uint(domains.length).bytes;
};

export const allStats = (domains: readonly FakeDomain[]): Buffer => {
  const to = new XdrWriter().uint(domains.length);
  for (const domain of domains) {
    const stats = Object.entries(domain.stats);
    writeDomain(to, ref(domain)).uint(stats.length);
    for (const [name, stat] of stats) writeStat(to.string(name), stat);
  }
  return to.bytes;
};

function writeStat(to: XdrWriter, [type, value]: FakeStat): void {
  if (type === 'int') to.int(1).int(value);
  else if (type === 'uint') to.int(2).uint(value);
  else if (type === 'llong') to.int(3).hyper(value);
  else if (type === 'ullong') to.int(4).uhyper(value);
  else if (type === 'boolean') to.int(6).int(value ? 1 : 0);
  else if (type === 'string') to.int(7).string(value);
  else to.int(99).int(value);
}

export function lookUp(name: string, domains: readonly FakeDomain[]) {
  const domain = domains.find((candidate) => candidate.name === name);
  if (!domain) return { error: [NO_DOMAIN, 'Domain not found'] } as const;
  return { payload: writeDomain(new XdrWriter(), ref(domain)).bytes };
}

/** The answer to a call whose first argument is a domain. */
export function aboutDomain(procedure: string, from: XdrReader, domains: readonly FakeDomain[]) {
  if (procedure !== 'DOMAIN_GET_XML_DESC' && procedure !== 'DOMAIN_GET_STATE')
    return { error: [RPC, `unknown procedure: ${procedure}`] } as const;
  const { uuid, name } = readDomain(from);
  const domain = domains.find((candidate) => candidate.uuid === uuid.toString('hex'));
  if (!domain || (procedure === 'DOMAIN_GET_XML_DESC' && domain.xml === undefined))
    return { error: [NO_DOMAIN, `Domain not found: no domain with matching name '${name}'`] } as const;
  if (procedure === 'DOMAIN_GET_XML_DESC') return { payload: string(domain.xml ?? '') };
  const [, state] = domain.stats['state.state'] ?? ['int', 0];
  return { payload: new XdrWriter().int(Number(state)).int(0).bytes };
}

/** A domain with one vCPU, a disk and a nic, as nova would have it. */
export function fakeDomain(number: number, stats: Readonly<Record<string, FakeStat>> = {}): FakeDomain {
  const name = `instance-${number.toString(16).padStart(8, '0')}`;
  const mac = `fa:16:3e:00:00:${number.toString(16).padStart(2, '0')}`;
  return {
    name,
    uuid: number.toString(16).padStart(32, '0'),
    id: number,
    stats: {
      'state.state': ['int', 1],
      'state.reason': ['int', 1],
      'cpu.time': ['ullong', 1_000_000n * BigInt(number)],
      'vcpu.current': ['uint', 1],
      'vcpu.0.time': ['ullong', 900_000n],
      'net.count': ['uint', 1],
      'net.0.name': ['string', `tap${number}`],
      'net.0.rx.bytes': ['ullong', 1000n],
      'block.count': ['uint', 1],
      'block.0.name': ['string', 'vda'],
      'block.0.rd.bytes': ['ullong', 4096n],
      ...stats,
    },
    xml: `<domain type='kvm' id='${number}'><name>${name}</name><devices>
      <disk type='file'><source file='/disk/${number}'/><target dev='vda' bus='virtio'/></disk>
      <interface type='bridge'><mac address='${mac}'/><source bridge='br-int'/><target dev='tap${number}'/></interface>
    </devices></domain>`,
  };
}
