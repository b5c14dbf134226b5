import { readFileSync } from 'node:fs';
import { whyUnreadable } from '../unreadable.ts';
import { type Draft, placeOf, putValue, removeValue, setPlace, valueAt } from './draft.ts';
import type { Fault, Path } from './fault.ts';
import { alternatives, child, isObject, memberOf, type SchemaNode } from './schema-node.ts';

/** Far above any password, key or token. */
const MAX_SECRET_BYTES = 64 * 1024;

/**
 * Replaces each `<secret>File` of a draft by what the file holds, without the white space around it.
 * Secrets are known by their mark in the schema; a relative path is relative to the working directory.
 */
export function readSecretFiles(draft: Draft, schema: SchemaNode): readonly Fault[] {
  const faults: Fault[] = [];
  for (const { parent, name } of twins(schema, draft.value, [])) {
    const filePath: Path = [...parent, `${name}File`];
    const place = placeOf(draft, filePath);
    const fail = (message: string) => faults.push({ place: place?.value ?? '', path: filePath, message });
    const file = valueAt(draft, filePath);
    if (memberOf(valueAt(draft, parent), name) !== undefined) {
      fail(`${name} is given too; keep one of them`);
    } else if (typeof file !== 'string') {
      fail('expected the path of a file');
    } else {
      const read = readSecret(file);
      if (read.fault !== undefined) fail(read.fault);
      else putValue(draft, [...parent, name], read.secret);
      // A file that cannot be read is one fault, not a missing setting as well.
      if (read.fault !== undefined) putValue(draft, [...parent, name], 'unreadable');
      if (place !== undefined) setPlace(draft, [...parent, name], { ...place, form: 'text' });
    }
    removeValue(draft, filePath);
  }
  return faults;
}

interface Twin {
  readonly parent: Path;
  readonly name: string;
}

function twins(schema: SchemaNode, value: unknown, path: Path): readonly Twin[] {
  const nodes = alternatives(schema, value);
  const inner = (segment: string | number, member: unknown): readonly Twin[] =>
    nodes.flatMap((node) => child(node, segment)).flatMap((node) => twins(node, member, [...path, segment]));
  if (Array.isArray(value)) return value.flatMap((entry, index) => inner(index, entry));
  if (!isObject(value)) return [];
  const secrets = new Set(
    nodes.flatMap((node) =>
      Object.entries(node.properties ?? {}).flatMap(([name, { secret }]) => (secret ? name : [])),
    ),
  );
  const here = [...secrets]
    .filter((name) => Object.hasOwn(value, `${name}File`))
    .map((name) => ({ parent: path, name }));
  return [...here, ...Object.entries(value).flatMap(([name, member]) => inner(name, member))];
}

function readSecret(file: string): { readonly secret: string; readonly fault?: string } {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > MAX_SECRET_BYTES)
      return { secret: '', fault: `${file} is larger than ${MAX_SECRET_BYTES} bytes` };
    const secret = bytes.toString('utf8').trim();
    return secret === '' ? { secret, fault: `${file} is empty; write the secret into it` } : { secret };
  } catch (error) {
    return { secret: '', fault: `cannot read ${file}: ${whyUnreadable(error)}` };
  }
}
