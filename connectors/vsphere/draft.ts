import type { DiskRow, Extra, NicRow, Row } from '../../avro/snapshot.ts';
import type { Layout } from './layout.ts';

/** A row in the making, filled as series name its parts. */
export interface Draft {
  readonly row: Row;
  readonly at: number;
  readonly interval: number;
  readonly entity: Fields;
  /** In the order of the devices. */
  readonly nics: Fields[];
  readonly disks: Fields[];
  readonly extras: Extra[];
  /** Something was read: else it is a sample that the host does not have. */
  any: boolean;
}
/** A row or a part of one, of which the statistics are set by name. */
export type Fields = Record<string, bigint | null>;

/** A row without statistics but those of the inventory. */
export function draftOf(at: number, interval: number, layout: Layout): Draft {
  const nics = layout.nics.map(emptyNic);
  const disks = layout.disks.map(emptyDisk);
  const extras: Extra[] = [];
  const row = emptyRow(at, interval, layout, nics, disks, extras);
  return { row, at, interval, entity: row as unknown as Fields, nics, disks, extras, any: false };
}

/** The part of a nic; of one that only the answer knows it is made here. */
export const nicAt = ({ nics }: Draft, place: number): Fields => {
  while (nics.length <= place) nics.push(emptyNic());
  return nics[place] as Fields;
};
export const diskAt = ({ disks }: Draft, place: number): Fields => {
  while (disks.length <= place) disks.push(emptyDisk({ capacity: null }));
  return disks[place] as Fields;
};

/** Every device has a part in every row. */
export function complete(draft: Draft, nics: number, disks: number): void {
  if (nics > 0) nicAt(draft, nics - 1);
  if (disks > 0) diskAt(draft, disks - 1);
}

// Written out, for a spread of an object that was made by names takes ten times as long, and there are thousands a poll.

const emptyRow = (
  observedAt: number,
  interval: number,
  { vcpus, memory }: Layout,
  nics: readonly NicRow[],
  disks: readonly DiskRow[],
  extras: readonly Extra[],
): Row => ({
  observedAt,
  interval,
  monotonic: null,
  cpuTime: null,
  cpuReady: null,
  memorySwapIn: null,
  memorySwapOut: null,
  vcpus,
  memory,
  memoryAvailable: null,
  memoryUsage: null,
  memoryResident: null,
  disks,
  nics,
  extras,
});

const emptyNic = (): NicRow & Fields => ({
  rxBytes: null,
  rxPackets: null,
  rxDrops: null,
  rxErrors: null,
  txBytes: null,
  txPackets: null,
  txDrops: null,
  txErrors: null,
});

const emptyDisk = ({ capacity }: { readonly capacity: bigint | null }): DiskRow & Fields => ({
  readBytes: null,
  readRequests: null,
  readTime: null,
  writeBytes: null,
  writeRequests: null,
  writeTime: null,
  flushRequests: null,
  flushTime: null,
  capacity,
  allocation: null,
  usage: null,
});
