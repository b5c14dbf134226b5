import { z } from 'zod';
import type { Path } from './fault.ts';

/** The part of JSON Schema that a configuration's schema uses, with the marks that `.meta()` adds. */
export interface SchemaNode {
  type?: string | readonly string[];
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: readonly unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, SchemaNode>;
  required?: readonly string[];
  additionalProperties?: boolean | SchemaNode;
  items?: SchemaNode;
  anyOf?: readonly SchemaNode[];
  oneOf?: readonly SchemaNode[];
  allOf?: readonly SchemaNode[];
  /** Must never be shown. */
  secret?: boolean;
  /** Not required by itself, but one of several choices is: the one that a sample has. */
  suggested?: boolean;
  /** What the setting is, as a noun with its article: `a duration`. */
  what?: string;
  example?: string;
  /** Limits of a duration or a size, written as the setting itself is. */
  atLeast?: string;
  atMost?: string;
  /** What to write in a sample of a setting that is not always required. */
  sample?: string;
}

/** The JSON Schema (2020-12) of what a user writes. Each secret has a twin that names a file holding it. */
export function jsonSchema(schema: z.ZodType): SchemaNode {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode;
  addSecretFiles(root);
  return root;
}

function addSecretFiles(node: SchemaNode): void {
  for (const inner of parts(node)) addSecretFiles(inner);
  const { properties, required } = node;
  if (properties === undefined) return;
  for (const [name, property] of Object.entries(properties)) {
    if (property.secret !== true) continue;
    properties[`${name}File`] ??= { type: 'string', description: `File that holds ${name}, read at start.` };
    if (!required?.includes(name)) continue;
    node.required = (node.required ?? []).filter((other) => other !== name);
    node.allOf = [...(node.allOf ?? []), { oneOf: [{ required: [name] }, { required: [`${name}File`] }] }];
  }
}

const parts = (node: SchemaNode): readonly SchemaNode[] => [
  ...Object.values(node.properties ?? {}),
  ...(typeof node.additionalProperties === 'object' ? [node.additionalProperties] : []),
  ...(node.items ? [node.items] : []),
  ...(node.anyOf ?? []),
  ...(node.oneOf ?? []),
];

/** The shapes a value may take by its schema: of a choice by `type:` only the one that the value names. */
export function alternatives(node: SchemaNode, value: unknown): readonly SchemaNode[] {
  const choices = node.oneOf ?? node.anyOf;
  if (choices === undefined) return [node];
  const named = choices.filter((choice) => namedBy(choice, value));
  return (named.length > 0 ? named : choices).flatMap((choice) => alternatives(choice, value));
}

const namedBy = (choice: SchemaNode, value: unknown): boolean =>
  isObject(value) &&
  Object.entries(choice.properties ?? {}).some(
    ([name, property]) => property.const !== undefined && property.const === value[name],
  );

/** The schemas of what stands at `path` of a configuration `value`; none if the path is unknown. */
export function nodesAt(root: SchemaNode, value: unknown, path: Path): readonly SchemaNode[] {
  let nodes: readonly SchemaNode[] = [root];
  let here = value;
  for (const segment of path) {
    nodes = nodes.flatMap((node) => alternatives(node, here)).flatMap((node) => child(node, segment));
    here = memberOf(here, segment);
  }
  return nodes;
}

/** The schema of a member of an object or array schema, as a list of none or one. */
export function child(node: SchemaNode, segment: string | number): readonly SchemaNode[] {
  if (typeof segment === 'number') return node.items === undefined ? [] : [node.items];
  const property = node.properties && Object.hasOwn(node.properties, segment) ? node.properties[segment] : undefined;
  if (property !== undefined) return [property];
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
}

/** Own member of a plain value, or undefined. */
export const memberOf = (value: unknown, segment: string | number): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, segment)
    ? (value as Readonly<Record<string | number, unknown>>)[segment]
    : undefined;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
