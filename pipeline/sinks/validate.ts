import { METER_TYPES, type Sample } from '../model/sample.ts';
import type { LeaveOut } from './dead-samples.ts';
import { oncePer } from './once-per.ts';
import { oncePerMeter, oncePerResource } from './once-per-part.ts';

/**
 * Why a sample must not leave. Ceilometer's notification agent requeues a malformed message for ever, and the good
 * samples that share it; 150 of them stop the agent. The last three are known only at
 * the destination: it does not fit, is refused for what it is, or meets a fault of ours.
 */
const SAMPLE_FAULTS = [
  'type_unknown',
  'volume_not_finite',
  'volume_out_of_range',
  'text_malformed',
  'time_out_of_range',
  'metadata_not_an_object',
  'metadata_value',
  'metadata_too_deep',
  'metadata_too_large',
  'oversize',
  'refused',
  'unpublishable',
] as const;
export type SampleFault = (typeof SAMPLE_FAULTS)[number];

/** msgpack's integers; anything else has no wire form that every receiver reads. */
const LEAST_INTEGER = -(2n ** 63n);
const GREATEST_INTEGER = 2n ** 64n - 1n;
const MAX_METADATA_DEPTH = 32;
/** Values and keys together; a flavor with all its extra specs has some 200. */
const MAX_METADATA_NODES = 10_000;
/** UTF-16 units of all keys and strings together; receivers take 100 kB, a datagram less. */
const MAX_METADATA_CHARS = 262_144;

/** Why the sample must not leave, or null if it may. */
export function faultOf(sample: Sample): SampleFault | null {
  const meter = meterFault(sample);
  if (meter === 'type_unknown') return meter;
  const volume = numberFault(sample.volume);
  if (volume) return volume;
  const resource = resourceFault(sample.resource);
  if (meter !== null || resource === 'text_malformed' || !isText(sample.messageId)) return 'text_malformed';
  if (!isTime(sample.timestamp) || !isTime(sample.windowStart) || !isTime(sample.windowEnd)) return 'time_out_of_range';
  return resource;
}

const meterFault = oncePerMeter(({ name, type, unit }): SampleFault | null => {
  if (!METER_TYPES.includes(type)) return 'type_unknown';
  return isText(name) && isText(unit) ? null : 'text_malformed';
});

const resourceFault = oncePerResource((resource): SampleFault | null => {
  const { id, userId, userName, projectId, projectName, metadata } = resource;
  const optional = [userId, userName, projectId, projectName];
  if (!isText(id) || !optional.every((text) => text === null || isText(text))) return 'text_malformed';
  return isPlainObject(metadata) ? metadataFault(metadata) : 'metadata_not_an_object';
});

/** The samples of a batch that may leave; the others are left out. Rejects as that does. */
export async function screen(batch: readonly Sample[], leaveOut: LeaveOut): Promise<readonly Sample[]> {
  const dead = new Map<SampleFault, Sample[]>();
  const good = batch.filter((sample) => {
    const fault = faultOf(sample);
    if (fault !== null) dead.set(fault, [...(dead.get(fault) ?? []), sample]);
    return fault === null;
  });
  for (const [reason, samples] of dead) await leaveOut(reason, samples);
  return good;
}

function numberFault(value: unknown): 'volume_not_finite' | 'volume_out_of_range' | null {
  if (typeof value === 'bigint')
    return value < LEAST_INTEGER || value > GREATEST_INTEGER ? 'volume_out_of_range' : null;
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'volume_not_finite';
  // Doubles around the limits are whole: the greatest below 2^64 is 2^64 - 2048.
  return Number.isInteger(value) && (value < -(2 ** 63) || value >= 2 ** 64) ? 'volume_out_of_range' : null;
}

const isText = (value: unknown): boolean => typeof value === 'string' && isWellFormed(value);

/** No surrogate without its partner: such a string has no UTF-8. (`String.isWellFormed` is younger than our oldest lib.) */
function isWellFormed(text: string): boolean {
  // Nearly no text has any surrogate, and looking for that is several times quicker than the pattern.
  for (let index = 0; index < text.length; index++)
    if ((text.charCodeAt(index) & 0xf800) === 0xd800) return !/\p{Surrogate}/u.test(text);
  return true;
}

/** Beyond 2^53 µs (the year 2255) a time is no longer exact. */
const isTime = (timeUs: number): boolean => Number.isSafeInteger(timeUs) && timeUs >= 0;

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const metadataFault = oncePer((metadata: object): SampleFault | null => {
  const budget = { nodes: MAX_METADATA_NODES, chars: MAX_METADATA_CHARS };
  return valueFault(metadata, MAX_METADATA_DEPTH, budget);
});

function valueFault(value: unknown, depth: number, budget: { nodes: number; chars: number }): SampleFault | null {
  if (--budget.nodes < 0) return 'metadata_too_large';
  if (value === null || typeof value === 'boolean') return null;
  if (typeof value === 'number' || typeof value === 'bigint') return numberFault(value) && 'metadata_value';
  if (typeof value === 'string') return textFault(value, budget);
  if (depth === 0) return 'metadata_too_deep';
  if (Array.isArray(value)) return firstFault(value, (element) => valueFault(element, depth - 1, budget));
  if (!isPlainObject(value)) return 'metadata_value';
  return firstFault(
    Object.entries(value),
    ([key, field]) => textFault(key, budget) ?? valueFault(field, depth - 1, budget),
  );
}

function textFault(text: string, budget: { chars: number }): SampleFault | null {
  budget.chars -= text.length;
  if (budget.chars < 0) return 'metadata_too_large';
  return isWellFormed(text) ? null : 'metadata_value';
}

function firstFault<Element>(
  elements: readonly Element[],
  judge: (element: Element) => SampleFault | null,
): SampleFault | null {
  for (const element of elements) {
    const fault = judge(element);
    if (fault) return fault;
  }
  return null;
}
