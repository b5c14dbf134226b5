import type { Run } from './life.ts';
import { exactAmount, type Load } from './load.ts';

/** What is used up, and in which unit its truth is counted: nanoseconds, bytes, or a plain number. */
const QUANTITIES = {
  cpuUsed: 'ns',
  cpuReady: 'ns',
  cpuWait: 'ns',
  cpuIdle: 'ns',
  cpuSystem: 'ns',
  cpuCostop: 'ns',
  swapInBytes: 'bytes',
  swapOutBytes: 'bytes',
  rxBytes: 'bytes',
  txBytes: 'bytes',
  rxPackets: 'number',
  txPackets: 'number',
  rxDropped: 'number',
  txDropped: 'number',
  rxErrors: 'number',
  txErrors: 'number',
  readBytes: 'bytes',
  writeBytes: 'bytes',
  readRequests: 'number',
  writeRequests: 'number',
} as const;
export type Quantity = keyof typeof QUANTITIES;

/** Levels rather than amounts, in the unit of their name. */
export type Level = 'consumedKb' | 'activeKb' | 'readLatencyMs' | 'writeLatencyMs';

/** What has statistics: a machine or a host. Devices are named as in the statistics; '' is the whole. */
export interface Metered {
  readonly kind: 'VirtualMachine' | 'HostSystem';
  readonly id: string;
  readonly nics: readonly string[];
  readonly disks: readonly string[];
  readonly vcpus: number;
  readonly memoryKb: number;
  readonly mhz: number;
  /** Every run, oldest first; those that lie ahead too. */
  readonly runs: readonly Run[];
  load(quantity: Quantity, device: string): Load;
  level(level: Level, device: string): Load;
}

/** Devices whose amounts make up the whole of a quantity. */
export function devicesOf(metered: Metered, quantity: Quantity): readonly string[] {
  if (/^(rx|tx)/.test(quantity)) return metered.nics;
  if (/^(read|write)/.test(quantity)) return metered.disks;
  return [''];
}

/** What was truly used over (from, to], by one device, or by all for ''. */
export function truth(metered: Metered, quantity: Quantity, device: string, from: number, to: number): bigint {
  const devices = device === '' ? devicesOf(metered, quantity) : [device];
  let sum = 0n;
  for (const { from: start, to: end } of metered.runs) {
    const a = Math.max(from, start);
    const b = Math.min(to, end);
    if (a >= b) continue;
    for (const each of devices) sum += exactAmount(metered.load(quantity, each), a, b);
  }
  return sum;
}
