import { EMPTY_IDENTITY, EMPTY_ROW, type Instance, type Row } from '../../avro/snapshot.ts';
import { nameUuid } from '../name-uuid.ts';
import { hostGauge } from '../occupancy.ts';
import { hostTime } from './host-clock.ts';
import type { WmiRow } from './protocol.ts';
import type { HostSampled } from './sampler.ts';
import { Numbers, textOf } from './values.ts';

/** Perf counters of time are in 100 ns. */
const TICK_NS = 100n;
const KIB = 1024n;
const MAX_U64 = 0xffff_ffff_ffff_ffffn;
/** Of one logical processor: there are sums of all and of NUMA nodes beside them. */
const PROCESSOR = /^Hv LP \d{1,5}$/;
/** Of hosts' names. Never to be changed: every host's uuid follows from it. */
const NAMESPACE = Buffer.from('b6a1f7c25d3e4f0893aa41c7e2d86f15', 'hex');

/** The host's own row, basis CUMULATIVE by its own clock; null if nothing was told. `malformed`: numbers that are none. */
export function decodeHost(sampled: HostSampled): { readonly row: Row | null; readonly malformed: number } {
  const numbers = new Numbers();
  const { processors, system } = sampled;
  const each = (processors ?? []).filter((row) => PROCESSOR.test(textOf(row, 'Name') ?? ''));
  const cpuTime = sumOf(each, 'PercentTotalRunTime', numbers);
  const idle = sumOf(each, 'PercentIdleTime', numbers);
  const [os] = system ?? [];
  const total = os === undefined ? null : numbers.times(os, 'TotalVisibleMemorySize', KIB);
  const free = os === undefined ? null : numbers.times(os, 'FreePhysicalMemory', KIB);
  if ([cpuTime, idle, total, free].every((value) => value === null)) return { row: null, malformed: numbers.malformed };
  const samples = { cpu: each, nic: null, disk: null, memory: null, pages: null };
  const { observedAt } = hostTime({ ...sampled, samples }, numbers);
  const row: Row = {
    ...EMPTY_ROW,
    observedAt,
    cpuTime,
    vcpus: each.length === 0 ? null : BigInt(each.length),
    memory: total,
    memoryUsage: total !== null && free !== null && free <= total ? total - free : null,
    extras: [
      ...(idle === null ? [] : [{ name: 'compute.node.cpu.idle.time', device: null, counter: true, value: idle }]),
      ...(free === null ? [] : [hostGauge('compute.node.memory.free', free)]),
    ],
  };
  return { row, malformed: numbers.malformed };
}

/** Over all processors, ns; null if one does not tell, for a part is no whole. */
function sumOf(rows: readonly WmiRow[], property: string, numbers: Numbers): bigint | null {
  if (rows.length === 0) return null;
  const sum = rows.reduce<bigint | null>((total, row) => {
    const value = numbers.times(row, property, TICK_NS);
    return total === null || value === null ? null : total + value;
  }, 0n);
  return sum !== null && sum <= MAX_U64 ? sum : null;
}

/**
 * The host as an Instance. Every poll tells how many VMs it has (see occupancy.ts), so there is a row at `polledAt`; its
 * own figures are read less often. Its epoch ends with a boot, see `Source.bootedAt`.
 */
export function hostInstance(
  endpoint: string,
  name: string | null,
  bootedAt: number | null,
  own: Row | null,
  polledAt: number,
): Instance {
  const known = name ?? endpoint;
  const rows = [{ ...EMPTY_ROW, observedAt: polledAt }, ...(own === null ? [] : [own])];
  return {
    uuid: nameUuid(NAMESPACE, known.toLowerCase()),
    epoch: `${endpoint}/host`,
    startedAt: bootedAt,
    deletedAt: null,
    state: 'RUNNING',
    disks: [],
    nics: [],
    rows: rows.toSorted((one, other) => one.observedAt - other.observedAt),
    identity: { ...EMPTY_IDENTITY, name: known, instanceName: known, host: name },
  };
}
