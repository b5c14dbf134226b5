import { BLOCK_FIELDS, COUNTERS, DISK, INSTANCE, NIC } from '../../avro/batch.ts';
import type { MeterType } from './sample.ts';

/** What a meter is made of. `cumulative`, `delta` and `rate` come from counters, `last` from gauges. */
export type Derivation = 'cumulative' | 'delta' | 'rate' | 'utilisation' | 'last';

/** A definition: what comes out under which name (Ceilometer's names, types, units). */
export interface Meter {
  readonly name: string;
  readonly type: MeterType;
  readonly unit: string;
  /** Block kind and statistic that it is made of. */
  readonly kind: number;
  readonly field: number;
  readonly derivation: Derivation;
  /** The statistic is divided by this (bytes to MiB). */
  readonly divisor: number;
  readonly description: string;
}

const MIB = 1024 * 1024;

function fieldOf(kind: number, statistic: string): number {
  const field = (BLOCK_FIELDS[kind] as readonly string[]).indexOf(statistic);
  if (field < 0) throw new Error(`no statistic ${statistic} in block kind ${kind}`);
  return field;
}

/** A counter as Ceilometer's cumulative meter, its `.delta` and, for what has one, its `.rate`. */
function counter(
  kind: number,
  statistic: string,
  name: string,
  unit: string,
  description: string,
  divisor = 1,
): readonly Meter[] {
  const base = { kind, field: fieldOf(kind, statistic), divisor };
  return [
    { ...base, name, type: 'cumulative', unit, derivation: 'cumulative', description },
    {
      ...base,
      name: `${name}.delta`,
      type: 'delta',
      unit,
      derivation: 'delta',
      description: `${description}, in the window`,
    },
    {
      ...base,
      name: `${name}.rate`,
      type: 'gauge',
      unit: `${unit}/s`,
      derivation: 'rate',
      description: `${description}, a second`,
    },
  ];
}

function gauge(
  kind: number,
  statistic: string,
  name: string,
  unit: string,
  description: string,
  divisor = 1,
): readonly Meter[] {
  return [
    { kind, field: fieldOf(kind, statistic), divisor, name, type: 'gauge', unit, derivation: 'last', description },
  ];
}

/** Time a second is no figure that anybody reads; the cpu's is cpu_util. */
const withoutRate = (meters: readonly Meter[]): readonly Meter[] =>
  meters.filter(({ derivation }) => derivation !== 'rate');

/** Every meter there is, in the order of docs/meters.md. */
export const METERS: readonly Meter[] = [
  ...withoutRate(counter(INSTANCE, 'cpuTime', 'cpu', 'ns', 'CPU time used')),
  {
    name: 'cpu_util',
    type: 'gauge',
    unit: '%',
    kind: INSTANCE,
    field: fieldOf(INSTANCE, 'cpuTime'),
    derivation: 'utilisation',
    divisor: 1e9 / 100,
    description: 'CPU time used in the observed part of the window, of what the vCPUs could use',
  },
  ...gauge(INSTANCE, 'vcpus', 'vcpus', 'vcpu', 'Virtual CPUs'),
  ...gauge(INSTANCE, 'memory', 'memory', 'MiB', 'Memory given to the instance', MIB),
  ...gauge(INSTANCE, 'memoryAvailable', 'memory.available', 'MiB', 'Memory that the guest sees', MIB),
  ...gauge(INSTANCE, 'memoryUsage', 'memory.usage', 'MiB', 'Memory used inside the guest', MIB),
  ...gauge(INSTANCE, 'memoryResident', 'memory.resident', 'MiB', "Host's memory taken by the instance", MIB),
  ...counter(INSTANCE, 'memorySwapIn', 'memory.swap.in', 'MiB', 'Memory swapped in by the guest', MIB),
  ...counter(INSTANCE, 'memorySwapOut', 'memory.swap.out', 'MiB', 'Memory swapped out by the guest', MIB),
  ...counter(DISK, 'readBytes', 'disk.device.read.bytes', 'B', 'Bytes read'),
  ...counter(DISK, 'readRequests', 'disk.device.read.requests', 'request', 'Read requests'),
  ...withoutRate(counter(DISK, 'readTime', 'disk.device.read.latency', 'ns', 'Time spent on reads')),
  ...counter(DISK, 'writeBytes', 'disk.device.write.bytes', 'B', 'Bytes written'),
  ...counter(DISK, 'writeRequests', 'disk.device.write.requests', 'request', 'Write requests'),
  ...withoutRate(counter(DISK, 'writeTime', 'disk.device.write.latency', 'ns', 'Time spent on writes')),
  ...gauge(DISK, 'capacity', 'disk.device.capacity', 'B', 'Size that the guest sees'),
  ...gauge(DISK, 'allocation', 'disk.device.allocation', 'B', 'Highest offset written'),
  ...gauge(DISK, 'usage', 'disk.device.usage', 'B', 'Taken from the storage'),
  ...counter(NIC, 'rxBytes', 'network.incoming.bytes', 'B', 'Bytes received by the guest'),
  ...counter(NIC, 'rxPackets', 'network.incoming.packets', 'packet', 'Packets received by the guest'),
  ...counter(NIC, 'rxDrops', 'network.incoming.packets.drop', 'packet', 'Packets dropped on the way to the guest'),
  ...counter(NIC, 'rxErrors', 'network.incoming.packets.error', 'packet', 'Receive errors'),
  ...counter(NIC, 'txBytes', 'network.outgoing.bytes', 'B', 'Bytes sent by the guest'),
  ...counter(NIC, 'txPackets', 'network.outgoing.packets', 'packet', 'Packets sent by the guest'),
  ...counter(NIC, 'txDrops', 'network.outgoing.packets.drop', 'packet', 'Packets dropped on the way from the guest'),
  ...counter(NIC, 'txErrors', 'network.outgoing.packets.error', 'packet', 'Send errors'),
];

/** The meters of a selection, by block kind and field: `selected[kind][field]`. */
export type Selection = readonly (readonly (readonly Meter[])[])[];

/**
 * Selects meters by Ceilometer's grammar: wildcards (`*`, `?`, `[…]`), `!` excludes; first the exclusions, then the
 * inclusions; only exclusions allow the rest.
 */
export function select(patterns: readonly string[]): Selection {
  const excluded = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => matcher(pattern.slice(1)));
  const included = patterns.filter((pattern) => !pattern.startsWith('!')).map(matcher);
  const isSelected = ({ name }: Meter): boolean =>
    !excluded.some((matches) => matches(name)) && (included.length === 0 || included.some((matches) => matches(name)));
  return BLOCK_FIELDS.map((fields, kind) =>
    fields.map((_, field) =>
      METERS.filter((meter) => meter.kind === kind && meter.field === field && isSelected(meter)),
    ),
  );
}

/** A set of characters (`]` may come first, `!` inverts), or one character. */
const PATTERN_PARTS = /\[(?:!(?:\][^\]]*|[^\]]+)|(?!!)(?:\][^\]]*|[^\]]+))\]|[\s\S]/g;

/** Whether a name matches a pattern: fnmatch without paths, of the whole name. */
export function matcher(pattern: string): (name: string) => boolean {
  const source = pattern.replace(PATTERN_PARTS, (part) => {
    if (part === '*') return '[^]*';
    if (part === '?') return '[^]';
    if (part.length > 1) {
      const inverted = part.startsWith('[!');
      return `[${inverted ? '^' : ''}${part.slice(inverted ? 2 : 1, -1).replace(/[\\\]^]/g, '\\$&')}]`;
    }
    return part.replace(/[.+^${}()|[\]\\]/, '\\$&');
  });
  const expression = new RegExp(`^${source}$`);
  return (name) => expression.test(name);
}

/** True for a field that is a counter. */
export const isCounter = (kind: number, field: number): boolean => field < (COUNTERS[kind] as number);
