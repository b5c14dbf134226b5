import { stringify } from 'yaml';
import { redact } from './redact.ts';
import { alternatives, isObject, type SchemaNode } from './schema-node.ts';

/** The configuration as written, with every default filled in. */
export function withDefaults(value: unknown, schema: SchemaNode): unknown {
  const [shape = {}] = alternatives(schema, value);
  const here = value === undefined ? (schema.default ?? shape.default) : value;
  if (Array.isArray(here)) return here.map((entry) => (shape.items ? withDefaults(entry, shape.items) : entry));
  if (!isObject(here)) return here;
  // A default may choose another shape of the setting than no value does.
  const properties = alternatives(schema, here).find((choice) => choice.properties)?.properties ?? {};
  const filled = Object.entries(properties).flatMap(([name, property]): [string, unknown][] => {
    const member = withDefaults(here[name], property);
    return member === undefined ? [] : [[name, member]];
  });
  const free = Object.entries(here).filter(([name]) => !Object.hasOwn(properties, name));
  return Object.fromEntries([...filled, ...free]);
}

/** The effective configuration: defaults filled in, secrets as stars. */
export const effectiveConfig = (value: unknown, schema: SchemaNode): unknown =>
  redact(withDefaults(value, schema), [schema]);

/** The same as YAML. */
export const printConfig = (value: unknown, schema: SchemaNode): string =>
  stringify(effectiveConfig(value, schema), { lineWidth: 0 });
