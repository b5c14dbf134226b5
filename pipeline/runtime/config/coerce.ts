import { parseDocument } from 'yaml';
import { type Draft, putValue, valueAt, writtenPaths } from './draft.ts';
import { alternatives, nodesAt, type SchemaNode } from './schema-node.ts';

const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i;

/**
 * Gives text that came from variables the type its setting has: `4952` for a port is a number, for a password it stays
 * text. A list may be written with commas; an override may also write lists and maps as in YAML (`[a, b]`).
 */
export function coerceTexts(draft: Draft, schema: SchemaNode): void {
  for (const [path, place] of writtenPaths(draft)) {
    const value = valueAt(draft, path);
    if (place.form === 'typed' || typeof value !== 'string') continue;
    const shapes = nodesAt(schema, draft.value, path).flatMap((node) => alternatives(node, value));
    const coerced = coerce(value, shapes, place.form === 'override');
    if (coerced !== value) putValue(draft, path, coerced);
  }
}

function coerce(text: string, shapes: readonly SchemaNode[], mayNest: boolean): unknown {
  if (shapes.some((shape) => takesText(shape, text))) return text;
  for (const shape of shapes) {
    const types = [shape.type].flat();
    if ((types.includes('number') || types.includes('integer')) && NUMBER.test(text)) return Number(text);
    if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
    if (types.includes('null') && text === 'null') return null;
    if (mayNest && (types.includes('array') || types.includes('object')) && /^\s*[[{]/.test(text)) return nested(text);
    if (types.includes('array')) return text.split(',').map((entry) => entry.trim());
  }
  return text;
}

function takesText(shape: SchemaNode, text: string): boolean {
  if (shape.const !== undefined) return shape.const === text;
  if (shape.enum !== undefined) return shape.enum.includes(text);
  const types = [shape.type].flat();
  // No type at all: anything goes.
  if (shape.type === undefined) return shape.properties === undefined;
  return types.includes('string') && (shape.pattern === undefined || new RegExp(shape.pattern).test(text));
}

function nested(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false });
  return document.errors.length > 0 ? text : document.toJS({ maxAliasCount: 0 });
}
