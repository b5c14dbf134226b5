import { BLOCK_FIELDS, DISK, INSTANCE, NIC } from '../../../../avro/batch.ts';
import type { Series } from './script.ts';
import type { Words } from './words.ts';

/** The instance that is meant where none is named, and the device of each kind of block. */
const INSTANCE_NAME = 'vm';
const DEVICES: readonly string[] = ['', 'vda', 'nic'];

/** Reads `[instance:][device.]statistic`; the statistics are those of the contract (`avro/snapshot.ts`). */
export function readSeries(words: Words): Series {
  const written = words.next('a series');
  const [, instance = INSTANCE_NAME, device, statistic = ''] =
    /^(?:([^:]+):)?(?:([^.]+)\.)?([^.:]+)$/.exec(written) ?? [];
  const kind = [INSTANCE, DISK, NIC].find((each) => BLOCK_FIELDS[each]?.some((name) => name === statistic));
  if (kind === undefined) return words.fail(`"${written}" names no statistic of an instance, a disk or a nic`);
  if (kind === INSTANCE && device !== undefined) return words.fail(`${statistic} belongs to no device`);
  if (Buffer.byteLength(instance) > 16) return words.fail(`the name ${instance} is longer than 16 bytes`);
  const field = (BLOCK_FIELDS[kind] as readonly string[]).indexOf(statistic);
  const place = device ?? (DEVICES[kind] as string);
  return { label: labelOf(instance, kind, place, field), instance, device: place, kind, field, statistic };
}

/** How a series is written at its shortest. */
export function labelOf(instance: string, kind: number, device: string, field: number): string {
  const statistic = BLOCK_FIELDS[kind]?.[field] ?? '';
  const ofDevice = device === DEVICES[kind] ? statistic : `${device}.${statistic}`;
  return instance === INSTANCE_NAME ? ofDevice : `${instance}:${ofDevice}`;
}
