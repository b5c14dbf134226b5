/** One slice, encoded, on its way. */
export interface Parcel {
  readonly hypervisor: string;
  readonly partition: number;
  readonly value: Buffer;
  /** `traceparent` of its poll, if that is traced. */
  readonly trace?: string | undefined;
  /** Called once: true when Kafka has it, false when it is given up. */
  readonly settled?: ((delivered: boolean) => void) | undefined;
}

/** A parcel, and when it was polled: milliseconds. Its record has that time, however late it is sent. */
export interface Held extends Parcel {
  readonly timestampMs: number;
}

/** One Kafka message: the slices of one partition one after the other, and whose they are. */
export interface Message {
  readonly partition: number;
  readonly value: Buffer;
  readonly parcels: readonly Held[];
}

/** A larger message gains nothing (decoding dominates) and comes closer to the brokers' limit of 1 MiB. */
export const MESSAGE_BYTES = 512 * 1024;
const MESSAGE_SLICES = 500;

/**
 * Puts the parcels of a partition together, in their order, into as few messages as the bounds allow. A parcel that is
 * larger than the bound travels alone.
 */
export function gather(parcels: readonly Held[], maxBytes = MESSAGE_BYTES, maxSlices = MESSAGE_SLICES): Message[] {
  const open = new Map<number, { parcels: Held[]; bytes: number }>();
  const full: Message[] = [];
  for (const parcel of parcels) {
    const { partition, value } = parcel;
    const current = open.get(partition);
    if (current && current.bytes + value.length <= maxBytes && current.parcels.length < maxSlices) {
      current.parcels.push(parcel);
      current.bytes += value.length;
      continue;
    }
    if (current) full.push(closed(partition, current.parcels));
    open.set(partition, { parcels: [parcel], bytes: value.length });
  }
  return [...full, ...[...open].map(([partition, { parcels: rest }]) => closed(partition, rest))];
}

const closed = (partition: number, parcels: readonly Held[]): Message => ({
  partition,
  value: Buffer.concat(parcels.map(({ value }) => value)),
  parcels,
});
