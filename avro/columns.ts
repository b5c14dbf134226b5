import { BLOCK_FIELDS, type SliceBatch, type SliceHeader } from './batch.ts';
import type { Extra, Identity } from './snapshot.ts';

/**
 * The batch as its reader sees it: the same columns, to be written. Each `add…` makes room for one more, doubling the
 * columns when they are full, and returns its index; the memory is kept for the next message.
 */
export interface Columns extends Mutable<Omit<SliceBatch, 'slices' | 'identity' | 'extras'>> {
  slices: SliceHeader[];
  readonly identity: Map<number, Identity>;
  readonly extras: Map<number, readonly Extra[]>;
  values: number;
  /** The message, and where in it the id of each block's device lies. */
  bytes: Buffer;
  idStart: Int32Array;
  idEnd: Int32Array;
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };
type Column = Uint8Array | Uint32Array | Int32Array | Float64Array;

const FIRST_INSTANCES = 64;
const FIRST_ROWS = 64;
const FIRST_BLOCKS = 256;
const FIRST_VALUES = 2048;
const WIDTHS = BLOCK_FIELDS.map((fields) => fields.length);
const WIDEST = Math.max(...WIDTHS);

/** Empty columns with a little room. */
export function createColumns(): Columns {
  const columns: Columns = {
    slices: [],
    instances: 0,
    uuid: new Uint32Array(4 * FIRST_INSTANCES),
    uuidKey: (instance) => uuidKey(columns.uuid, instance),
    epoch: new Float64Array(FIRST_INSTANCES),
    startedAt: new Float64Array(FIRST_INSTANCES),
    deletedAt: new Float64Array(FIRST_INSTANCES),
    state: new Uint8Array(FIRST_INSTANCES),
    isHost: new Uint8Array(FIRST_INSTANCES),
    identity: new Map(),
    rowStart: new Int32Array(FIRST_INSTANCES + 1),
    rows: 0,
    observedAt: new Float64Array(FIRST_ROWS),
    interval: new Float64Array(FIRST_ROWS),
    monotonic: new Float64Array(FIRST_ROWS),
    blockStart: new Int32Array(FIRST_ROWS + 1),
    extras: new Map(),
    blocks: 0,
    kind: new Uint8Array(FIRST_BLOCKS),
    device: new Float64Array(FIRST_BLOCKS),
    deviceEpoch: new Float64Array(FIRST_BLOCKS),
    deviceId: (block) => columns.bytes.toString('utf8', columns.idStart[block], columns.idEnd[block]),
    valueStart: new Int32Array(FIRST_BLOCKS),
    idStart: new Int32Array(FIRST_BLOCKS),
    idEnd: new Int32Array(FIRST_BLOCKS),
    hi: new Uint32Array(FIRST_VALUES),
    lo: new Uint32Array(FIRST_VALUES),
    present: new Uint8Array(FIRST_VALUES),
    readings: 0,
    values: 0,
    bytes: Buffer.alloc(0),
  };
  return columns;
}

/** Forgets the last message. Slice headers are handed out, so their array is a new one. */
export function clear(columns: Columns, bytes: Buffer): void {
  columns.slices = [];
  columns.instances = 0;
  columns.rows = 0;
  columns.blocks = 0;
  columns.values = 0;
  columns.readings = 0;
  columns.identity.clear();
  columns.extras.clear();
  columns.bytes = bytes;
}

/** One more instance, without rows as yet. */
export function addInstance(columns: Columns): number {
  const instance = columns.instances++;
  if (instance === columns.epoch.length) {
    for (const name of ['uuid', 'epoch', 'startedAt', 'deletedAt', 'state', 'isHost'] as const) widen(columns, name);
    widen(columns, 'rowStart');
  }
  columns.rowStart[instance] = columns.rows;
  columns.rowStart[instance + 1] = columns.rows;
  return instance;
}

/** One more row of the last instance, without blocks as yet. */
export function addRow(columns: Columns): number {
  const row = columns.rows++;
  if (row === columns.observedAt.length)
    for (const name of ['observedAt', 'interval', 'monotonic', 'blockStart'] as const) widen(columns, name);
  columns.rowStart[columns.instances] = columns.rows;
  columns.blockStart[row] = columns.blocks;
  columns.blockStart[row + 1] = columns.blocks;
  return row;
}

/** One more block of the last row, with room for its statistics, which the caller writes. */
export function addBlock(columns: Columns, kind: number): number {
  const block = columns.blocks++;
  if (block === columns.kind.length)
    for (const name of ['kind', 'device', 'deviceEpoch', 'valueStart', 'idStart', 'idEnd'] as const)
      widen(columns, name);
  if (columns.values + WIDEST > columns.present.length)
    for (const name of ['hi', 'lo', 'present'] as const) widen(columns, name);
  columns.blockStart[columns.rows] = columns.blocks;
  columns.kind[block] = kind;
  columns.valueStart[block] = columns.values;
  columns.values += WIDTHS[kind] as number;
  return block;
}

type ColumnName = { [name in keyof Columns]: Columns[name] extends Column ? name : never }[keyof Columns];

function widen<Name extends ColumnName>(columns: Columns, name: Name): void {
  const narrow: Column = columns[name];
  const wide = new (narrow.constructor as new (length: number) => Columns[Name])(narrow.length * 2);
  wide.set(narrow);
  columns[name] = wide;
}

function uuidKey(words: Uint32Array, instance: number): string {
  let key = '';
  for (let word = 4 * instance; word < 4 * instance + 4; word++)
    key += (words[word] as number).toString(16).padStart(8, '0');
  return key;
}
