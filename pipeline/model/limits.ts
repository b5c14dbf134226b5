/**
 * What is known of a counter before it is read (ruling R8): its width, where it can wrap, and how fast it can grow.
 * It comes from the kind of the source, not from the wire. No width means that the counter never wraps.
 */
export interface Limits {
  /** 32, 64 or 0 by block kind and field. */
  readonly bits: readonly (readonly number[])[];
  /** Units a second by block kind and field; 0 = unknown. The cpu's follows from the vCPUs of the row. */
  readonly rates: readonly (readonly number[])[];
}

const NONE: Limits = { bits: [[], [], [], []], rates: [[], [], [], []] };

/** 10 Gbit/s: the simulated nics' line rate, in bytes and in packets of 64 bytes. */
const NIC_RATES = [1.25e9, 1.5e7, 1.5e7, 1.5e7, 1.25e9, 1.5e7, 1.5e7, 1.5e7];

/** A map, as the kind comes from the wire and may be any word. */
const BY_KIND: ReadonlyMap<string, Limits> = new Map([
  ['simulator', { bits: [[], [], NIC_RATES.map(() => 32), []], rates: [[], [], NIC_RATES, []] }],
]);

/** The limits of the counters of one kind of source. Counters of libvirt and Hyper-V are 64 bit and never wrap. */
export const limitsOf = (kind: string): Limits => BY_KIND.get(kind) ?? NONE;

/** cpu.time counts the emulator's threads too, hence twice what the vCPUs can use (ruling R6). */
export const cpuRate = (vcpus: number): number => 2 * vcpus * 1e9;
