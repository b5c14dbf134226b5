import type { Attachments, Reading } from './decode.ts';
import type { Guest } from './inventory.ts';
import type { DiskColumns, NicColumns } from './legend.ts';
import { isKnown } from './rrd-updates.ts';

/**
 * A VM's disks and nics, by what the pool says of it. A device of which there are values although the pool does not
 * list it (unplugged since, or not told of yet) is listed too, under the archive's own name for it.
 */
export function attachedTo(guest: Guest, readings: readonly Reading[]): Attachments {
  const disks = new Map<string, Attachments['disks'][number]>();
  for (const { device, isDisk, virtualSize, physicalUtilisation } of guest.disks) {
    if (!isDisk && !readings.some((reading) => hasValues(reading, reading.columns.disks.get(device)))) continue;
    disks.set(device, { id: device, epoch: null, key: device, capacity: virtualSize, usage: physicalUtilisation });
  }
  for (const key of keysWithValues(readings, 'disks'))
    if (!disks.has(key)) disks.set(key, { id: key, epoch: null, key, capacity: null, usage: null });
  const nics = new Map<string, Attachments['nics'][number]>();
  for (const [device, id] of nicIds(guest)) nics.set(device, { id, epoch: null, key: device });
  for (const key of keysWithValues(readings, 'nics'))
    if (!nics.has(key)) nics.set(key, { id: `vif_${key}`, epoch: null, key });
  return { disks: [...disks.values()], nics: [...nics.values()] };
}

/** By device the id of each nic: its MAC, unless another of the VM's nics has the same. */
export function nicIds({ nics }: Guest): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    nics.map(({ device, mac }) => {
      const id = mac === null || taken.has(mac) ? `vif_${device}` : mac;
      taken.add(id);
      return [device, id];
    }),
  );
}

/** A host's interfaces, by name. */
export const interfacesIn = (readings: readonly Reading[]): Attachments => ({
  disks: [],
  nics: keysWithValues(readings, 'nics').map((key) => ({ id: key, epoch: null, key })),
});

const keysWithValues = (readings: readonly Reading[], kind: 'disks' | 'nics'): string[] => {
  const keys = new Set<string>();
  for (const reading of readings)
    for (const [key, columns] of reading.columns[kind])
      if (!keys.has(key) && hasValues(reading, columns)) keys.add(key);
  return [...keys].sort();
};

const hasValues = ({ row }: Reading, columns: DiskColumns | NicColumns | undefined): boolean =>
  columns !== undefined && Object.values(columns).some((column: number) => isKnown(row, column));
