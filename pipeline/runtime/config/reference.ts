import { describe } from './explain.ts';
import { isObject, type SchemaNode } from './schema-node.ts';

interface Setting {
  readonly path: string;
  readonly type: string;
  readonly standard: string;
  readonly meaning: string;
}

/** The settings of a schema as Markdown: a section for each top-level key, a table for each kind within a list. */
export function configReference(schema: SchemaNode): string {
  const sections = Object.entries(schema.properties ?? {}).map(([key, node]) => section(key, node));
  return sections.join('\n\n');
}

function section(key: string, node: SchemaNode): string {
  const kinds = node.items?.oneOf;
  if (kinds === undefined) return [`## ${key}`, table(settings(key, node, ''))].join('\n\n');
  const heading = [`## ${key}`, ...(node.description === undefined ? [] : [node.description])];
  const tables = kinds.flatMap((kind) => [
    `### ${key}: type ${String(kind.properties?.type?.const)}`,
    ...(kind.description === undefined ? [] : [kind.description]),
    table(members(kind, '')),
  ]);
  return [...heading, ...tables].join('\n\n');
}

function settings(path: string, node: SchemaNode, presence: string): readonly Setting[] {
  const inner = [node, ...(node.oneOf ?? node.anyOf ?? [])];
  const nested = inner.flatMap((shape) => [
    ...members(shape, path),
    ...(shape.items?.properties ? members(shape.items, `${path}[]`) : []),
    ...(typeof shape.additionalProperties === 'object' && shape.additionalProperties.properties
      ? members(shape.additionalProperties, `${path}.*`)
      : []),
  ]);
  // A map needs no row of its own unless it says something that its members do not.
  if (nested.length > 0 && node.description === undefined && node.anyOf === undefined) return nested;
  const standard = node.default === undefined || isObject(node.default) ? presence : code(node.default);
  const own = { path, type: describe(node), standard, meaning: meaning(node) };
  return [own, ...nested];
}

function members(node: SchemaNode, path: string): readonly Setting[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, property]) =>
    settings(path === '' ? name : `${path}.${name}`, property, node.required?.includes(name) ? 'required' : ''),
  );
}

const meaning = (node: SchemaNode): string =>
  [node.description ?? '', node.secret ? 'Secret.' : ''].filter((text) => text !== '').join(' ');

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

function table(rows: readonly Setting[]): string {
  const lines = rows.map(({ path, type, standard, meaning: text }) =>
    [`\`${path}\``, type, standard, text].map((cell) => cell.replaceAll('|', '\\|')).join(' | '),
  );
  return ['Setting | What | Default | Meaning', '--- | --- | --- | ---', ...lines]
    .map((line) => `| ${line} |`)
    .join('\n');
}
