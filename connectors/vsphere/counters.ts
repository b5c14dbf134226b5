import type { DISK_COUNTERS, INSTANCE_COUNTERS, INSTANCE_GAUGES, NIC_COUNTERS } from '../../avro/snapshot.ts';
import type { MetricId } from './methods.ts';

/** What a value is, of which an amount is made (amount.ts). */
export type Measure = 'milliseconds' | 'number' | 'kilobytesPerSecond' | 'perSecond' | 'kilobytes' | 'share' | 'raw';

/** Where a counter's amounts go. */
export type Target =
  | {
      readonly scope: 'entity';
      readonly fields: readonly (typeof INSTANCE_COUNTERS | typeof INSTANCE_GAUGES)[number][];
    }
  | { readonly scope: 'nic'; readonly field: (typeof NIC_COUNTERS)[number] }
  | { readonly scope: 'disk'; readonly field: (typeof DISK_COUNTERS)[number] }
  | { readonly scope: 'extra'; readonly name: string; readonly counter: boolean; readonly group: string };

export interface Counter {
  readonly measure: Measure;
  readonly target: Target;
}

/** Names in order of preference: the first that the server has is asked for. */
interface Wanted extends Counter {
  readonly names: readonly string[];
}

const entity = (
  names: readonly string[],
  measure: Measure,
  ...fields: Extract<Target, { readonly scope: 'entity' }>['fields']
): Wanted => ({ names, measure, target: { scope: 'entity', fields } });
const nic = (field: (typeof NIC_COUNTERS)[number], measure: Measure, ...names: string[]): Wanted => ({
  names,
  measure,
  target: { scope: 'nic', field },
});
const disk = (field: (typeof DISK_COUNTERS)[number], measure: Measure, ...names: string[]): Wanted => ({
  names,
  measure,
  target: { scope: 'disk', field },
});

/** bytesRx leaves out what the virtual switch adds; received is there where it is not. */
const NICS: readonly Wanted[] = [
  nic('rxBytes', 'kilobytesPerSecond', 'net.bytesRx.average', 'net.received.average'),
  nic('txBytes', 'kilobytesPerSecond', 'net.bytesTx.average', 'net.transmitted.average'),
  nic('rxPackets', 'number', 'net.packetsRx.summation'),
  nic('txPackets', 'number', 'net.packetsTx.summation'),
  nic('rxDrops', 'number', 'net.droppedRx.summation'),
  nic('txDrops', 'number', 'net.droppedTx.summation'),
  nic('rxErrors', 'number', 'net.errorsRx.summation'),
  nic('txErrors', 'number', 'net.errorsTx.summation'),
];

const MEMORY: readonly Wanted[] = [
  // Ceilometer's vSphere inspector had the consumed memory as memory.usage; it is what the host gave, so resident too.
  entity(['mem.consumed.average'], 'kilobytes', 'memoryUsage', 'memoryResident'),
  entity(['mem.swapinRate.average'], 'kilobytesPerSecond', 'memorySwapIn'),
  entity(['mem.swapoutRate.average'], 'kilobytesPerSecond', 'memorySwapOut'),
];

export const VM_COUNTERS: readonly Wanted[] = [
  entity(['cpu.used.summation'], 'milliseconds', 'cpuTime'),
  entity(['cpu.ready.summation'], 'milliseconds', 'cpuReady'),
  ...MEMORY,
  ...NICS,
  disk('readBytes', 'kilobytesPerSecond', 'virtualDisk.read.average'),
  disk('writeBytes', 'kilobytesPerSecond', 'virtualDisk.write.average'),
  disk('readRequests', 'perSecond', 'virtualDisk.numberReadAveraged.average'),
  disk('writeRequests', 'perSecond', 'virtualDisk.numberWriteAveraged.average'),
];

export const HOST_COUNTERS: readonly Wanted[] = [
  // The share of the whole host that was in use, of all its threads: comparable over hosts of any generation.
  entity(['cpu.usage.average'], 'share', 'cpuTime'),
  ...MEMORY,
  ...NICS,
];

/** A counter of the user's own choice, which comes out under its own name, as the server has it. */
function extraOf(name: string): Wanted {
  const [group = '', , rollup] = name.split('.');
  const counter = rollup === 'summation';
  return { names: [name], measure: 'raw', target: { scope: 'extra', name: `vsphere.${name}`, counter, group } };
}

/** What is asked of every entity of a type, and what the ids in the answer stand for. */
export interface Catalogue {
  readonly metrics: readonly MetricId[];
  readonly byId: ReadonlyMap<number, Counter>;
  /** Names that the server does not have, nor another one in their place. */
  readonly absent: readonly string[];
}

/** Finds the wanted counters in a server's table of ids by `group.name.rollup`. */
export function resolveCounters(
  wanted: readonly Wanted[],
  extras: readonly string[],
  table: ReadonlyMap<string, number>,
): Catalogue {
  const metrics: MetricId[] = [];
  const byId = new Map<number, Counter>();
  const absent: string[] = [];
  for (const { names, measure, target } of [...wanted, ...extras.map(extraOf)]) {
    const id = names.map((name) => table.get(name)).find((found) => found !== undefined);
    if (id === undefined) absent.push(names.join(' or '));
    // What is metered anyway is not asked for twice.
    else if (!byId.has(id)) {
      byId.set(id, { measure, target });
      const { scope } = target;
      if (scope === 'entity' || scope === 'extra') metrics.push({ counterId: id, instance: '' });
      if (scope !== 'entity') metrics.push({ counterId: id, instance: '*' });
    }
  }
  return { metrics, byId, absent };
}
