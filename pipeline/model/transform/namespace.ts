import type { Sample } from '../sample.ts';
import { ofWhole, type PythonNumber } from './python-number.ts';

/** A value within an expression. */
export type Value = PythonNumber | string | boolean | null | readonly unknown[] | Namespace;

/**
 * Names and their values, dicts nested. A name that is missing is an empty namespace, which is false, so that
 * `resource_metadata.cpu_number or 1` has a value; like Ceilometer's it is there from then on.
 */
export class Namespace {
  readonly #values: Map<string, Value>;
  constructor(values: Iterable<readonly [string, Value]>) {
    this.#values = new Map(values);
  }
  get(name: string): Value {
    const found = this.#values.get(name);
    if (found !== undefined) return found;
    const missing = new Namespace([]);
    this.#values.set(name, missing);
    return missing;
  }
  get isEmpty(): boolean {
    return this.#values.size === 0;
  }
}

/** The fields of a sample by Ceilometer's names (`Sample.as_dict`). */
export function namespaceOf(sample: Sample): Namespace {
  const { resource } = sample;
  return new Namespace([
    ['name', sample.name],
    ['type', sample.type],
    ['unit', sample.unit],
    ['volume', sample.volume],
    ['user_id', resource.userId],
    ['project_id', resource.projectId],
    ['resource_id', resource.id],
    ['timestamp', isoTime(sample.timestamp)],
    ['resource_metadata', namespaceOfDict(resource.metadata)],
    ['source', 'openstack'],
    ['id', sample.messageId],
    ['monotonic_time', null],
  ]);
}

/** As Python's isoformat of a naive time. */
function isoTime(timeUs: number): string {
  const micros = timeUs % 1_000_000;
  const seconds = new Date((timeUs - micros) / 1000).toISOString().slice(0, 19);
  return micros === 0 ? seconds : `${seconds}.${String(micros).padStart(6, '0')}`;
}

const namespaceOfDict = (dict: object): Namespace =>
  new Namespace(Object.entries(dict).map(([name, value]) => [name, pythonValue(value)]));

function pythonValue(value: unknown): Value {
  if (typeof value === 'number' || typeof value === 'bigint') return ofWhole(value);
  if (typeof value === 'string' || typeof value === 'boolean' || Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? namespaceOfDict(value) : null;
}
