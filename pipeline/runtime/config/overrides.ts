import { type Draft, putValue, valueAt } from './draft.ts';
import type { Fault, Path } from './fault.ts';
import type { Environment } from './interpolate.ts';
import { alternatives, child, memberOf, type SchemaNode } from './schema-node.ts';
import { suggestion } from './suggest.ts';

const PREFIX = 'HYPERMETER__';

interface Override {
  readonly place: string;
  readonly segments: readonly string[];
  readonly text: string;
  /** Whether a written segment means a key of the schema. */
  readonly means: (written: string, key: string) => boolean;
}

/** `HYPERMETER__COLLECTOR__INTERVAL=30s`: case and single underscores do not matter. */
export const environmentOverrides = (env: Environment): readonly Override[] =>
  Object.entries(env).flatMap(([name, text]) =>
    name.startsWith(PREFIX) && text !== undefined
      ? [{ place: `environment ${name}`, segments: name.slice(PREFIX.length).split('__'), text, means: alike }]
      : [],
  );

const alike = (written: string, key: string): boolean => plain(written) === plain(key);
const plain = (word: string): string => word.replaceAll('_', '').toLowerCase();

/** `collector.interval=30s`, as `--set` takes it; a text without `=` is a fault. */
export function parseAssignments(texts: readonly string[]): {
  readonly overrides: Override[];
  readonly faults: Fault[];
} {
  const overrides: Override[] = [];
  const faults: Fault[] = [];
  for (const assignment of texts) {
    const equals = assignment.indexOf('=');
    const name = equals < 0 ? assignment : assignment.slice(0, equals);
    const place = `--set ${name}`;
    if (equals < 1) faults.push({ place, path: [], message: 'expected path=value, as in collector.interval=30s' });
    else
      overrides.push({
        place,
        segments: name.replaceAll(/\[(\d+)\]/g, '.$1').split('.'),
        text: assignment.slice(equals + 1),
        means: (written, key) => written === key,
      });
  }
  return { overrides, faults };
}

/** Puts each override into the draft, later ones over earlier ones. A path that the schema does not know is a fault. */
export function applyOverrides(draft: Draft, schema: SchemaNode, overrides: readonly Override[]): readonly Fault[] {
  const faults: Fault[] = [];
  for (const override of overrides) {
    const { place } = override;
    const found = resolvePath(draft, schema, override);
    if ('message' in found) faults.push({ place, ...found });
    else putValue(draft, found.path, override.text, { value: place, key: place, form: 'override' });
  }
  return faults;
}

function resolvePath(
  draft: Draft,
  schema: SchemaNode,
  override: Override,
): { readonly path: Path } | Pick<Fault, 'path' | 'message'> {
  let nodes: readonly SchemaNode[] = [schema];
  const path: (string | number)[] = [];
  for (const [depth, written] of override.segments.entries()) {
    const here = valueAt(draft, path);
    const shapes = nodes.flatMap((node) => alternatives(node, here));
    const keys = shapes.flatMap((shape) => Object.keys(shape.properties ?? {}));
    const key = keys.find((known) => override.means(written, known));
    const free = shapes.find((shape) => typeof shape.additionalProperties === 'object');
    if (key !== undefined) {
      path.push(key);
    } else if (shapes.some((shape) => shape.items) && /^\d{1,6}$/.test(written)) {
      const length = Array.isArray(here) ? here.length : 0;
      if (Number(written) > length) return { path, message: `has no entry ${written}; the next one is ${length}` };
      path.push(Number(written));
    } else if (free !== undefined) {
      // The keys of a free map may hold dots themselves: socket.keepalive.enable.
      return { path: [...path, override.segments.slice(depth).join('.')] };
    } else {
      return { path, message: `unknown key "${written}"${suggestion(written, keys)}` };
    }
    const segment = path[path.length - 1] ?? '';
    nodes = shapes.flatMap((shape) => child(shape, segment));
    if (memberOf(here, segment) === undefined && nodes.length === 0) break;
  }
  return { path };
}
