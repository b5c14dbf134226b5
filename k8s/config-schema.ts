import { describe } from '../pipeline/runtime/config/explain.ts';
import type { SchemaNode } from '../pipeline/runtime/config/schema-node.ts';

/** A plain JSON value that is built up here. */
type Json = Record<string, unknown>;

/** Members of a schema that hold schemas: by name, one, or in a list. */
const BY_NAME = ['properties'] as const;
const ONE = ['items', 'additionalProperties'] as const;
const LISTS = ['anyOf', 'oneOf'] as const;

/** What of JSON Schema the chart's two forms of it need. Defaults stay the application's own business. */
const KEPT = [
  ...['type', 'const', 'enum', 'minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'required'],
  ...['allOf', 'additionalProperties'],
] as const;

/** A text that names an environment variable stands for a value of any type: it is put in when the pod starts. */
const REFERENCE = { type: 'string', pattern: '\\$\\{' };
/** A secret in a ConfigMap can only be a reference, and one without a default. */
const SECRET_REFERENCE = { type: 'string', pattern: '^\\$\\{[A-Za-z_][A-Za-z0-9_]*(:\\?[^}]*)?\\}$' };

/**
 * The application's configuration as the chart's templates check it (`config.schema.json`): JSON Schema with, at each node,
 * the words by which `hypermeter check` asks for it (`expected`), and without what Go's regular expressions cannot do.
 */
export const wordedSchema = (root: SchemaNode): Json => hoisted(translate(root, worded), '$defs');

function worded(node: SchemaNode, made: Json): Json {
  const { what, secret, atLeast, atMost } = node;
  const expected = describe(node);
  // Several types are a choice: the templates know one type of a node.
  const { type, ...rest } = made;
  const choice = Array.isArray(type) ? { ...rest, anyOf: type.map((each: unknown) => ({ type: each })) } : made;
  return {
    ...choice,
    ...(expected !== '' && { expected }),
    ...(what !== undefined && { what }),
    ...(node.properties !== undefined && { order: Object.keys(node.properties) }),
    ...(secret === true && { secret }),
    ...(atLeast !== undefined && { atLeast }),
    ...(atMost !== undefined && { atMost }),
  };
}

/**
 * The same for validators and editors (`definitions` of values.schema.json), JSON Schema draft 7: strict, with
 * descriptions, references to environment variables in the place of any single value, and no secret in plain text.
 */
export const strictSchema = (root: SchemaNode): Json => translate(root, strict);

function strict(node: SchemaNode, made: Json): Json {
  const description = node.description === undefined ? {} : { description: node.description };
  if (node.secret === true) return { ...SECRET_REFERENCE, ...description };
  if (isComposite(node) || isText(node)) return { ...made, ...description };
  return { anyOf: [made, REFERENCE], ...description };
}

const isComposite = ({ type, properties, items, anyOf, oneOf }: SchemaNode): boolean =>
  type === 'object' || type === 'array' || [properties, items, anyOf, oneOf].some((inner) => inner !== undefined);

/** Text of any form, which takes a reference as it is. A `type:` that tells kinds apart has to be told. */
const isText = ({ type, pattern, enum: words, const: word }: SchemaNode): boolean =>
  word !== undefined || type === undefined || (type === 'string' && pattern === undefined && words === undefined);

function translate(node: SchemaNode, form: (node: SchemaNode, made: Json) => Json): Json {
  const made: Json = {};
  for (const key of KEPT) if (node[key] !== undefined) made[key] = node[key];
  const pattern = node.pattern === undefined ? undefined : withoutLookaround(node.pattern);
  if (pattern !== undefined) made.pattern = pattern;
  for (const key of BY_NAME) {
    const inner = node[key];
    if (inner === undefined) continue;
    made[key] = Object.fromEntries(Object.entries(inner).map(([name, each]) => [name, translate(each, form)]));
  }
  for (const key of ONE) {
    const inner = node[key];
    if (typeof inner === 'object') made[key] = translate(inner, form);
  }
  for (const key of LISTS) {
    const inner = node[key];
    if (inner !== undefined) made[key] = inner.map((each) => translate(each, form));
  }
  return form(node, made);
}

/** Go's regular expressions know no lookaround: what it forbids besides is left to the application. */
const withoutLookaround = (pattern: string): string => pattern.replaceAll(/\(\?<?[!=](?:[^()\\]|\\.)*\)/g, '');

/** Shorter ones are not worth a reference. */
const HOISTED_CHARACTERS = 200;

/** Puts parts that occur several times, such as what all sinks have, into one place and references in theirs. */
export function hoisted(root: Json, under: string): Json {
  const seen = new Map<string, number>();
  visit(root, (part) => {
    const text = JSON.stringify(part);
    if (text.length >= HOISTED_CHARACTERS) seen.set(text, (seen.get(text) ?? 0) + 1);
  });
  const names = new Map<string, string>();
  const parts: Json = {};
  const refer = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return part;
    if (Array.isArray(part)) return part.map(refer);
    const text = JSON.stringify(part);
    const inner = () => Object.fromEntries(Object.entries(part).map(([key, member]) => [key, refer(member)]));
    if (!isSchema(part) || (seen.get(text) ?? 0) < 2) return inner();
    let name = names.get(text);
    if (name === undefined) {
      name = `part${names.size + 1}`;
      names.set(text, name);
      parts[name] = inner();
    }
    return { $ref: `#/${under}/${name}` };
  };
  const whole = refer(root) as Json;
  const known = (whole[under] ?? {}) as Json;
  return { ...whole, [under]: { ...known, ...parts } };
}

/** And not the members of one, by name. */
const isSchema = (part: object): boolean =>
  ('type' in part && typeof part.type === 'string') ||
  ['anyOf', 'oneOf'].some((key) => Array.isArray((part as Json)[key]));

function visit(part: unknown, see: (part: object) => void): void {
  if (typeof part !== 'object' || part === null) return;
  if (Array.isArray(part)) {
    for (const entry of part) visit(entry, see);
    return;
  }
  see(part);
  for (const member of Object.values(part)) visit(member, see);
}
