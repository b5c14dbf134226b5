import { EMPTY_IDENTITY, EMPTY_ROW, type Extra, HOST_COUNTERS, type Instance, type Row } from '../../avro/snapshot.ts';
import { nameUuid } from '../name-uuid.ts';
import { hostGauge } from '../occupancy.ts';
import type { ReadTime } from './decode.ts';

/** What is known of the daemon's machine beside what it measures. */
export interface HostAbout {
  readonly endpoint: string;
  /** As the daemon calls it; null if it does not tell. */
  readonly name: string | null;
  readonly cpus: number | null;
  /** Microseconds */
  readonly bootedAt: number | null;
}

/** By libvirt's names: CPU time in ns since boot over all CPUs, memory in KiB. */
export type NodeValues = ReadonlyMap<string, bigint>;

/** Of the names of machines. Never to be changed: every host's uuid follows from it. */
const NAMESPACE = Buffer.from('2f3b9a0de1f44b6f8c5e6d7a90b1c2d3', 'hex');
const KIB = 1024n;

/**
 * The daemon's machine as an Instance. Its uuid is made of its name, as nova and Ceilometer know a host by it; the
 * firmware's own is often another machine's too, and libvirt makes one up at every start where there is none. CPU time
 * that is used is that of the kernel and of processes; memory in use is what neither is free nor holds what could be
 * read again (buffers, cached). A new boot ends the epoch, see `Source.bootedAt`.
 */
export function hostInstance(
  about: HostAbout,
  cpu: NodeValues | null,
  memory: NodeValues | null,
  time: ReadTime | null,
): Instance {
  const { endpoint, bootedAt } = about;
  const name = about.name === null || about.name.startsWith('localhost') ? endpoint : about.name;
  return {
    uuid: nameUuid(NAMESPACE, name),
    epoch: `${endpoint}/host`,
    startedAt: bootedAt,
    deletedAt: null,
    state: 'RUNNING',
    disks: [],
    nics: [],
    rows: time === null ? [] : [rowOf(about, cpu ?? new Map(), memory ?? new Map(), time)],
    identity: { ...EMPTY_IDENTITY, name, instanceName: name, host: about.name ?? name },
  };
}

function rowOf({ cpus }: HostAbout, cpu: NodeValues, memory: NodeValues, time: ReadTime): Row {
  const of = (values: NodeValues, kinds: readonly string[]): bigint | null =>
    kinds.reduce<bigint | null>((sum, kind) => {
      const value = values.get(kind);
      return sum === null || value === undefined ? null : sum + value;
    }, 0n);
  const total = of(memory, ['total']);
  const unused = of(memory, ['free', 'buffers', 'cached']);
  const free = of(memory, ['free']);
  return {
    ...EMPTY_ROW,
    ...time,
    cpuTime: of(cpu, ['kernel', 'user']),
    vcpus: cpus === null ? null : BigInt(cpus),
    memory: total === null ? null : total * KIB,
    memoryUsage: total === null || unused === null || unused > total ? null : (total - unused) * KIB,
    extras: [...modesOf(cpu), ...(free === null ? [] : [hostGauge('compute.node.memory.free', free * KIB)])],
  };
}

/** `compute.node.cpu.kernel.time` of `kernel`. */
const modesOf = (cpu: NodeValues): readonly Extra[] =>
  HOST_COUNTERS.flatMap((name) => {
    const value = cpu.get(name.split('.').at(-2) ?? '');
    return value === undefined ? [] : [{ name, device: null, counter: true, value }];
  });
