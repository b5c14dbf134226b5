import type { Path } from './fault.ts';
import { isSecret, memberSchemas, redact } from './redact.ts';
import { alternatives, child, isObject, type SchemaNode } from './schema-node.ts';
import { parseDuration, parseSize } from './units.ts';

/** One setting, or entry of a list, that two configurations do not have alike. Holds no secret. */
export interface Difference {
  /** Entries of lists by their names: `['sinks', 'udp', 'port']`, `['pipeline', 'windows', '60s']`. */
  readonly path: Path;
  /** The same as text: `sinks[udp].port`. */
  readonly at: string;
  /** As written, secrets as stars; undefined: not there. */
  readonly before: unknown;
  readonly after: unknown;
  /** What differs, or a part of it, is a secret, and shown as stars on both sides. */
  readonly secret: boolean;
}

/** What an entry of a list is known by, the first that it has. */
const NAMES = ['name', 'type', 'size'] as const;

/**
 * Where two configurations, both as written with their defaults, differ. `60s` and `1m` are the same; entries of lists
 * are told apart by their names, wherever they stand. In the order of the schema.
 */
export const differencesOf = (before: unknown, after: unknown, schema: SchemaNode): readonly Difference[] =>
  compare(before, after, [schema], { path: [], at: '' });

function compare(before: unknown, after: unknown, schemas: readonly SchemaNode[], where: Where): readonly Difference[] {
  const shapes = (value: unknown) => schemas.flatMap((schema) => alternatives(schema, value));
  const nodes = [...new Set([...shapes(before), ...shapes(after)])];
  if (isObject(before) && isObject(after) && !isSecret([...schemas, ...nodes])) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => compare(before[key], after[key], memberSchemas(nodes, key), below(where, key)));
  }
  const entries = nodes.flatMap((node) => child(node, 0));
  const [left, right] = [byName(before), byName(after)];
  if (left !== undefined && right !== undefined) {
    const names = [...new Set([...left.keys(), ...right.keys()])];
    return names.flatMap((name) => {
      const label = labelOf(left.get(name) ?? right.get(name));
      return compare(left.get(name), right.get(name), entries, entryOf(where, label));
    });
  }
  if (JSON.stringify(plain(before, schemas)) === JSON.stringify(plain(after, schemas))) return [];
  const shown = { before: redact(before, schemas), after: redact(after, schemas) };
  const secret = JSON.stringify(shown.before) === JSON.stringify(shown.after);
  return [{ ...where, ...shown, secret }];
}

type Where = Pick<Difference, 'path' | 'at'>;

const below = ({ path, at }: Where, key: string): Where => ({
  path: [...path, key],
  at: at === '' ? key : `${at}.${key}`,
});
const entryOf = ({ path, at }: Where, label: string): Where => ({ path: [...path, label], at: `${at}[${label}]` });

/** The entries of a list of maps by what they are known by; undefined if it is none, or some have no name of their own. */
function byName(list: unknown): ReadonlyMap<string, unknown> | undefined {
  if (!Array.isArray(list)) return undefined;
  const named = new Map(list.map((entry) => [plainName(labelOf(entry)), entry] as const));
  return named.has('') || named.size < list.length ? undefined : named;
}

function labelOf(entry: unknown): string {
  if (!isObject(entry)) return '';
  const key = NAMES.find((name) => entry[name] !== undefined);
  return key === undefined ? '' : String(entry[key]);
}

/** Window sizes are names too: `60s` and `1m` are one. */
const plainName = (label: string): string => String(parseDuration(label) ?? label);

/** The value with durations and sizes as numbers, however they are written. */
function plain(value: unknown, schemas: readonly SchemaNode[]): unknown {
  const nodes = schemas.flatMap((schema) => [schema, ...alternatives(schema, value)]);
  if (typeof value === 'string') {
    if (nodes.some(({ what }) => what === 'a duration')) return parseDuration(value) ?? value;
    return nodes.some(({ what }) => what === 'a size') ? (parseSize(value) ?? value) : value;
  }
  if (Array.isArray(value))
    return value.map((entry) =>
      plain(
        entry,
        nodes.flatMap((node) => child(node, 0)),
      ),
    );
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return keys.map((key) => [
    key,
    plain(
      value[key],
      nodes.flatMap((node) => child(node, key)),
    ),
  ]);
}
