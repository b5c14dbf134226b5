import { DISK, NIC } from '../../avro/batch.ts';
import { hash52, hash52Of } from '../../avro/hash.ts';
import { blockKind, HOST, METERS, type Meter } from '../model/meters.ts';
import type { Sample } from '../model/sample.ts';
import { exactJson } from '../runtime/json.ts';

/** How a line was written: as the file and stdout sinks do, or as a meter message that came over the network. */
export type Form = 'line' | 'message';

/** One published sample, as far as an audit looks at it. Times in microseconds. */
export interface Published {
  readonly id: string;
  readonly form: Form;
  /** 52-bit hash of all that has to be the same when it comes again. */
  readonly content: number;
  readonly meter: Meter;
  readonly volume: number | bigint;
  /** The instance as 32 hex digits; its device, '' for the instance itself. */
  readonly instance: string;
  readonly device: string;
  /** NaN where a meter message does not tell it. */
  readonly windowStart: number;
  readonly windowEnd: number;
}

/** A line that is no sample of ours. */
export class LineFault extends Error {
  override readonly name = 'LineFault';
}

type Fields = Readonly<Record<string, unknown>>;

const METER_BY_NAME: ReadonlyMap<string, Meter> = new Map(METERS.map((meter) => [meter.name, meter]));
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const VOLUME = /"counter_volume"\s*:\s*(-?\d+)\s*[,}]/;

/** Reads a line of JSON as the file sink or `listen udp -o json` writes it. Throws a LineFault. */
export function parsePublished(bytes: Buffer): Published {
  const text = bytes.toString('utf8');
  const fields = objectIn(text);
  const metadata = asObject(fields.resource_metadata, 'resource_metadata');
  const meter = METER_BY_NAME.get(textIn(fields, 'counter_name'));
  if (!meter) throw new LineFault(`no meter is called ${JSON.stringify(fields.counter_name)}`);
  const window = windowIn(fields, metadata);
  const volume = volumeIn(fields, text);
  const form = 'window_start' in fields ? 'line' : 'message';
  return {
    id: uuidIn(fields, 'message_id'),
    form,
    content: form === 'line' ? hash52(bytes, 0, bytes.length) : hash52Of(messageText(fields, volume, metadata)),
    meter,
    volume,
    instance: uuidIn(metadata, meter.kind < HOST ? 'instance_id' : 'host_id').replaceAll('-', ''),
    device: deviceIn(meter, metadata),
    ...window,
  };
}

/** The content of a sample that was to be published in a form; `line` is the sample as the file sink writes it. */
export function contentOf(form: Form, sample: Sample, line: string): number {
  if (form === 'line') return hash52Of(line);
  const fields = objectIn(line);
  return hash52Of(messageText(fields, sample.volume, asObject(fields.resource_metadata, 'resource_metadata')));
}

/** What meter message and line have in common, in one order; the time is told by the id. */
function messageText(fields: Fields, volume: number | bigint, { hypermeter: _, ...metadata }: Fields): string {
  const { counter_name, counter_type, counter_unit, resource_id, project_id, project_name, user_id, user_name } =
    fields;
  return exactJson([
    [counter_name, counter_type, counter_unit, volume, resource_id],
    [project_id, project_name, user_id, user_name],
    metadata,
  ]);
}

function objectIn(text: string): Fields {
  try {
    return asObject(JSON.parse(text), 'the line');
  } catch (error) {
    if (error instanceof SyntaxError) throw new LineFault('not JSON');
    throw error;
  }
}

function asObject(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new LineFault(`${what} is no object`);
  return value as Fields;
}

function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new LineFault(`${name} is missing`);
  return value;
}

function uuidIn(fields: Fields, name: string): string {
  const text = textIn(fields, name);
  if (!UUID.test(text)) throw new LineFault(`${name} is no UUID`);
  return text;
}

/** JSON.parse rounds a whole number beyond 2^53; its digits are in the text. */
function volumeIn(fields: Fields, text: string): number | bigint {
  const { counter_volume: volume } = fields;
  if (typeof volume !== 'number') throw new LineFault('counter_volume is no number');
  if (!Number.isInteger(volume) || Number.isSafeInteger(volume)) return volume;
  const digits = VOLUME.exec(text)?.[1];
  return digits === undefined ? volume : BigInt(digits);
}

function windowIn(fields: Fields, metadata: Fields): Pick<Published, 'windowStart' | 'windowEnd'> {
  const told = 'window_start' in fields ? fields : asObject(metadata.hypermeter ?? {}, 'hypermeter');
  if (!('window_start' in told)) return { windowStart: Number.NaN, windowEnd: timeIn(fields, 'timestamp') };
  return { windowStart: timeIn(told, 'window_start'), windowEnd: timeIn(told, 'window_end') };
}

/** Windows begin and end at whole milliseconds; a time without a zone is UTC. */
function timeIn(fields: Fields, name: string): number {
  const text = textIn(fields, name);
  const ms = Date.parse(/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
  if (Number.isNaN(ms)) throw new LineFault(`${name} is no time`);
  return ms * 1000;
}

/** By the keys that `model/resource.ts` puts into the metadata of disks and nics. */
function deviceIn({ kind }: Meter, metadata: Fields): string {
  if (blockKind(kind) === DISK) return textIn(metadata, 'disk_name');
  if (blockKind(kind) !== NIC) return '';
  return textIn(metadata, kind < HOST ? 'mac' : 'device');
}
