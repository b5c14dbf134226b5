import type { Level, Quantity } from './metered.ts';

/** How a value comes from what was used in its 20 s. */
export type Reading =
  /** A sum: amount / divisor, whole. */
  | { readonly is: 'sum'; readonly of: readonly Quantity[]; readonly divisor: number }
  /** A mean a second: amount / (divisor · 20 s), whole. */
  | { readonly is: 'rate'; readonly of: readonly Quantity[]; readonly divisor: number }
  /** cpu used of what all vCPUs could use, in hundredths of a percent. */
  | { readonly is: 'share' }
  | { readonly is: 'mhz' }
  | { readonly is: 'level'; readonly level: Level }
  /** A level in hundredths of a percent of the memory. */
  | { readonly is: 'memoryShare' }
  | { readonly is: 'fixed'; readonly value: number }
  /** Whole seconds since it runs. */
  | { readonly is: 'uptime' };

/** Which instances it has: the whole ('') and those of its devices. */
export type Instances = 'whole' | 'cpus' | 'nics' | 'disks' | 'luns' | 'stores' | 'none';

export interface Counter {
  /** group.name.rollup */
  readonly name: string;
  readonly unit: 'percent' | 'megaHertz' | 'millisecond' | 'kiloBytes' | 'kiloBytesPerSecond' | 'number' | 'second';
  readonly stats: 'rate' | 'delta' | 'absolute';
  readonly level: number;
  readonly deviceLevel: number;
  readonly reading: Reading;
  readonly instances: Instances;
  /** Of which kinds of entity; both unless it says. */
  readonly only?: 'VirtualMachine' | 'HostSystem';
}

const KB = 1024;
const MS = 1_000_000;

const sum = (divisor: number, ...of: readonly Quantity[]): Reading => ({ is: 'sum', of, divisor });
const rate = (divisor: number, ...of: readonly Quantity[]): Reading => ({ is: 'rate', of, divisor });
const level = (name: Level): Reading => ({ is: 'level', level: name });
const fixed = (value: number): Reading => ({ is: 'fixed', value });

type Row = readonly [
  name: string,
  unit: Counter['unit'],
  stats: Counter['stats'],
  level: number,
  deviceLevel: number,
  instances: Instances,
  reading: Reading,
  only?: Counter['only'],
];

/** Units, types and levels as govmomi's dump of a vCenter 6.5 has them (simulator/vpx/performance_manager.go). */
const ROWS: readonly Row[] = [
  ['cpu.usage.average', 'percent', 'rate', 1, 3, 'whole', { is: 'share' }],
  ['cpu.usagemhz.average', 'megaHertz', 'rate', 1, 3, 'whole', { is: 'mhz' }],
  ['cpu.system.summation', 'millisecond', 'delta', 3, 3, 'cpus', sum(MS, 'cpuSystem'), 'VirtualMachine'],
  ['cpu.wait.summation', 'millisecond', 'delta', 3, 3, 'cpus', sum(MS, 'cpuWait')],
  ['cpu.ready.summation', 'millisecond', 'delta', 1, 3, 'cpus', sum(MS, 'cpuReady')],
  ['cpu.idle.summation', 'millisecond', 'delta', 2, 3, 'cpus', sum(MS, 'cpuIdle')],
  ['cpu.used.summation', 'millisecond', 'delta', 3, 3, 'cpus', sum(MS, 'cpuUsed')],
  ['cpu.costop.summation', 'millisecond', 'delta', 2, 3, 'cpus', sum(MS, 'cpuCostop')],
  ['cpu.run.summation', 'millisecond', 'delta', 2, 3, 'cpus', sum(MS, 'cpuUsed'), 'VirtualMachine'],
  ['mem.usage.average', 'percent', 'absolute', 1, 3, 'whole', { is: 'memoryShare' }],
  ['mem.granted.average', 'kiloBytes', 'absolute', 2, 3, 'whole', level('consumedKb')],
  ['mem.active.average', 'kiloBytes', 'absolute', 2, 3, 'whole', level('activeKb')],
  ['mem.consumed.average', 'kiloBytes', 'absolute', 1, 3, 'whole', level('consumedKb')],
  ['mem.vmmemctl.average', 'kiloBytes', 'absolute', 1, 3, 'whole', fixed(0)],
  ['mem.swapped.average', 'kiloBytes', 'absolute', 2, 3, 'whole', fixed(0), 'VirtualMachine'],
  ['mem.overhead.average', 'kiloBytes', 'absolute', 1, 1, 'whole', fixed(38_912)],
  ['mem.swapinRate.average', 'kiloBytesPerSecond', 'rate', 1, 3, 'whole', rate(KB, 'swapInBytes')],
  ['mem.swapoutRate.average', 'kiloBytesPerSecond', 'rate', 1, 3, 'whole', rate(KB, 'swapOutBytes')],
  ['net.usage.average', 'kiloBytesPerSecond', 'rate', 1, 3, 'nics', rate(KB, 'rxBytes', 'txBytes')],
  ['net.packetsRx.summation', 'number', 'delta', 2, 3, 'nics', sum(1, 'rxPackets')],
  ['net.packetsTx.summation', 'number', 'delta', 2, 3, 'nics', sum(1, 'txPackets')],
  ['net.received.average', 'kiloBytesPerSecond', 'rate', 2, 3, 'nics', rate(KB, 'rxBytes')],
  ['net.transmitted.average', 'kiloBytesPerSecond', 'rate', 2, 3, 'nics', rate(KB, 'txBytes')],
  ['net.droppedRx.summation', 'number', 'delta', 2, 3, 'nics', sum(1, 'rxDropped')],
  ['net.droppedTx.summation', 'number', 'delta', 2, 3, 'nics', sum(1, 'txDropped')],
  ['net.bytesRx.average', 'kiloBytesPerSecond', 'rate', 2, 3, 'nics', rate(KB, 'rxBytes')],
  ['net.bytesTx.average', 'kiloBytesPerSecond', 'rate', 2, 3, 'nics', rate(KB, 'txBytes')],
  ['net.errorsRx.summation', 'number', 'delta', 2, 3, 'nics', sum(1, 'rxErrors')],
  ['net.errorsTx.summation', 'number', 'delta', 2, 3, 'nics', sum(1, 'txErrors')],
  ['disk.usage.average', 'kiloBytesPerSecond', 'rate', 1, 3, 'luns', rate(KB, 'readBytes', 'writeBytes')],
  ['disk.numberRead.summation', 'number', 'delta', 3, 3, 'luns', sum(1, 'readRequests')],
  ['disk.numberWrite.summation', 'number', 'delta', 3, 3, 'luns', sum(1, 'writeRequests')],
  ['disk.read.average', 'kiloBytesPerSecond', 'rate', 2, 3, 'luns', rate(KB, 'readBytes')],
  ['disk.write.average', 'kiloBytesPerSecond', 'rate', 2, 3, 'luns', rate(KB, 'writeBytes')],
  ['disk.numberReadAveraged.average', 'number', 'rate', 1, 3, 'luns', rate(1, 'readRequests')],
  ['disk.numberWriteAveraged.average', 'number', 'rate', 1, 3, 'luns', rate(1, 'writeRequests')],
  ['sys.uptime.latest', 'second', 'absolute', 1, 3, 'whole', { is: 'uptime' }],
  [
    'virtualDisk.numberReadAveraged.average',
    'number',
    'rate',
    1,
    3,
    'disks',
    rate(1, 'readRequests'),
    'VirtualMachine',
  ],
  [
    'virtualDisk.numberWriteAveraged.average',
    'number',
    'rate',
    1,
    3,
    'disks',
    rate(1, 'writeRequests'),
    'VirtualMachine',
  ],
  ['virtualDisk.read.average', 'kiloBytesPerSecond', 'rate', 2, 2, 'disks', rate(KB, 'readBytes'), 'VirtualMachine'],
  ['virtualDisk.write.average', 'kiloBytesPerSecond', 'rate', 2, 2, 'disks', rate(KB, 'writeBytes'), 'VirtualMachine'],
  [
    'virtualDisk.totalReadLatency.average',
    'millisecond',
    'absolute',
    1,
    3,
    'disks',
    level('readLatencyMs'),
    'VirtualMachine',
  ],
  [
    'virtualDisk.totalWriteLatency.average',
    'millisecond',
    'absolute',
    1,
    3,
    'disks',
    level('writeLatencyMs'),
    'VirtualMachine',
  ],
  ['datastore.numberReadAveraged.average', 'number', 'rate', 1, 3, 'stores', rate(1, 'readRequests')],
  ['datastore.numberWriteAveraged.average', 'number', 'rate', 1, 3, 'stores', rate(1, 'writeRequests')],
  ['datastore.read.average', 'kiloBytesPerSecond', 'rate', 2, 2, 'stores', rate(KB, 'readBytes')],
  ['datastore.write.average', 'kiloBytesPerSecond', 'rate', 2, 2, 'stores', rate(KB, 'writeBytes')],
  ['disk.used.latest', 'kiloBytes', 'absolute', 1, 1, 'none', fixed(0)],
  ['disk.provisioned.latest', 'kiloBytes', 'absolute', 1, 1, 'none', fixed(0)],
];

export const COUNTERS: readonly Counter[] = ROWS.map(
  ([name, unit, stats, lvl, deviceLevel, instances, reading, only]) => ({
    name,
    unit,
    stats,
    level: lvl,
    deviceLevel,
    instances,
    reading,
    ...(only && { only }),
  }),
);

/** The counters of a server, by key. */
export type CounterTable = ReadonlyMap<number, Counter>;

/**
 * The counters of a mode with keys as no simulator has them, other ones in each mode. An ESX has no historical ones.
 *
 * @param without names of counters that this server lacks
 */
export function counterTable(mode: 'vcenter' | 'esx', without: readonly string[] = []): CounterTable {
  const there = COUNTERS.filter(
    ({ name, instances }) => !without.includes(name) && (mode === 'vcenter' || instances !== 'none'),
  );
  return new Map(
    there.map((counter, i) => [mode === 'vcenter' ? 1009 + i * 3 : 700_001 + (there.length - i) * 7, counter]),
  );
}

/** A counter's key by its name. */
export function keyOf(table: CounterTable, name: string): number {
  for (const [key, counter] of table) if (counter.name === name) return key;
  throw new Error(`there is no counter ${name}`);
}
