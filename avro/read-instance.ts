import { BLOCK_FIELDS, COUNTERS, DISK, INSTANCE, NIC, NODE } from './batch.ts';
import { readIdentity } from './codec.ts';
import { addBlock, addInstance, addRow, type Columns } from './columns.ts';
import {
  type Cursor,
  malformed,
  readBoolean,
  readInt,
  readItems,
  readLong,
  readNullableNumber,
  readNullableString,
  readNumber,
  readPresence,
  readString,
  skipString,
  take,
} from './cursor.ts';
import { hash52 } from './hash.ts';
import type { Schemas } from './schemas.ts';
import { type Extra, STATES } from './snapshot.ts';

/**
 * What reading an instance needs besides the cursor: the columns to fill, and the devices of the instance, listed once
 * before its rows. Kept from one instance to the next, so that reading allocates nothing for either.
 */
export interface InstanceReading {
  readonly columns: Columns;
  readonly schemas: Schemas;
  readonly devices: Devices;
  disks: number;
  nics: number;
  /** The extras of the row at hand. */
  extras: Extra[];
  /** The instances that are read are hosts. */
  areHosts: boolean;
}

/** First the disks, then the nics; `count` of them. */
interface Devices {
  count: number;
  readonly id: number[];
  readonly idStart: number[];
  readonly idEnd: number[];
  readonly epoch: number[];
}

export const instanceReading = (columns: Columns, schemas: Schemas): InstanceReading => ({
  columns,
  schemas,
  devices: { count: 0, id: [], idStart: [], idEnd: [], epoch: [] },
  disks: 0,
  nics: 0,
  extras: [],
  areHosts: false,
});

/** Reads an Instance of the current schema into the columns, field by field in the schema's order. */
export function readInstance(cursor: Cursor, reading: InstanceReading): void {
  const { columns, devices } = reading;
  const instance = addInstance(columns);
  readUuid(cursor, columns.uuid, 4 * instance);
  columns.epoch[instance] = readNullableHash(cursor);
  columns.startedAt[instance] = readNullableNumber(cursor);
  columns.deletedAt[instance] = readNullableNumber(cursor);
  columns.state[instance] = readState(cursor);
  columns.isHost[instance] = reading.areHosts ? 1 : 0;
  devices.count = 0;
  reading.disks = readItems(cursor, devices, readDevice);
  reading.nics = readItems(cursor, devices, readDevice);
  readItems(cursor, reading, readRow);
  if (readPresence(cursor)) columns.identity.set(instance, readIdentity(cursor, reading.schemas));
}

function readUuid(cursor: Cursor, words: Uint32Array, first: number): void {
  const { bytes } = cursor;
  let at = take(cursor, 16);
  for (let word = first; word < first + 4; word++, at += 4) {
    words[word] =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number);
  }
}

function readState(cursor: Cursor): number {
  const index = readInt(cursor);
  if (index < 0 || index >= STATES.length) throw malformed(cursor, `state ${index}`);
  return index;
}

function readNullableHash(cursor: Cursor): number {
  if (!readPresence(cursor)) return Number.NaN;
  const start = skipString(cursor);
  return hash52(cursor.bytes, start, cursor.position);
}

function readDevice(cursor: Cursor, devices: Devices): void {
  const start = skipString(cursor);
  const device = devices.count++;
  devices.id[device] = hash52(cursor.bytes, start, cursor.position);
  devices.idStart[device] = start;
  devices.idEnd[device] = cursor.position;
  devices.epoch[device] = readNullableHash(cursor);
}

function readRow(cursor: Cursor, reading: InstanceReading): void {
  const { columns, disks, nics } = reading;
  const row = addRow(columns);
  columns.observedAt[row] = readNumber(cursor);
  columns.interval[row] = readNullableNumber(cursor);
  columns.monotonic[row] = readNullableNumber(cursor);
  readBlock(cursor, reading, INSTANCE, -1);
  if (readItems(cursor, reading, readDisk) !== disks) throw malformed(cursor, `a row without its ${disks} disks`);
  if (readItems(cursor, reading, readNic) !== nics) throw malformed(cursor, `a row without its ${nics} nics`);
  if (readItems(cursor, reading, readExtra) > 0) {
    columns.extras.set(row, reading.extras);
    if (reading.areHosts) addNode(columns, reading.extras);
    reading.extras = [];
  }
}

const NODE_FIELDS: ReadonlyMap<string, number> = new Map(BLOCK_FIELDS[NODE].map((name, field) => [name, field]));

/** A host's extras that are statistics of every host, as a block of their own; none where the row has none of them. */
function addNode(columns: Columns, extras: readonly Extra[]): void {
  let first = -1;
  for (const { name, device, counter, value } of extras) {
    const field = NODE_FIELDS.get(name);
    if (field === undefined || device !== null || counter !== field < COUNTERS[NODE]) continue;
    if (first < 0) first = emptyNode(columns);
    if (columns.present[first + field] === 0) columns.readings++;
    columns.hi[first + field] = Number(value >> 32n);
    columns.lo[first + field] = Number(value & 0xffffffffn);
    columns.present[first + field] = 1;
  }
}

/** Where its values are. */
function emptyNode(columns: Columns): number {
  const block = addBlock(columns, NODE);
  columns.device[block] = 0;
  columns.deviceEpoch[block] = Number.NaN;
  columns.idStart[block] = 0;
  columns.idEnd[block] = 0;
  const first = columns.valueStart[block] as number;
  columns.present.fill(0, first, columns.values);
  return first;
}

const readDisk = (cursor: Cursor, reading: InstanceReading): void => {
  const { columns } = reading;
  readBlock(cursor, reading, DISK, columns.blocks - (columns.blockStart[columns.rows - 1] as number) - 1);
};

const readNic = (cursor: Cursor, reading: InstanceReading): void => {
  const { columns } = reading;
  readBlock(cursor, reading, NIC, columns.blocks - (columns.blockStart[columns.rows - 1] as number) - 1);
};

function readBlock(cursor: Cursor, { columns, devices }: InstanceReading, kind: number, device: number): void {
  const block = addBlock(columns, kind);
  // A device too many is noticed once the row's are counted: until then it has no name.
  const named = device >= 0 && device < devices.count;
  columns.device[block] = named ? (devices.id[device] as number) : 0;
  columns.deviceEpoch[block] = named ? (devices.epoch[device] as number) : Number.NaN;
  columns.idStart[block] = named ? (devices.idStart[device] as number) : 0;
  columns.idEnd[block] = named ? (devices.idEnd[device] as number) : 0;
  readStatistics(cursor, columns, block);
}

function readStatistics(cursor: Cursor, columns: Columns, block: number): void {
  const { hi, lo, present, values } = columns;
  const { bytes } = cursor;
  let readings = 0;
  for (let value = columns.valueStart[block] as number; value < values; value++) {
    // A union's branch is one byte: 0 null, which most statistics are, 2 a value. Anything else is for readPresence.
    const branch = bytes[cursor.position];
    if (branch === 0) {
      cursor.position++;
      present[value] = 0;
      continue;
    }
    if (branch === 2) cursor.position++;
    else if (!readPresence(cursor)) {
      present[value] = 0;
      continue;
    }
    readLong(cursor);
    hi[value] = cursor.hi;
    lo[value] = cursor.lo;
    present[value] = 1;
    readings++;
  }
  columns.readings += readings;
}

function readExtra(cursor: Cursor, reading: InstanceReading): void {
  const name = readString(cursor);
  const device = readNullableString(cursor);
  const counter = readBoolean(cursor);
  readLong(cursor);
  reading.extras.push({ name, device, counter, value: (BigInt(cursor.hi >>> 0) << 32n) | BigInt(cursor.lo >>> 0) });
}
