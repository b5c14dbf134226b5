import { child, children, type Element, isTrue, textOf } from './element.ts';
import type { Managed } from './managed.ts';
import { field, lookUp, type Ref, type Value } from './value.ts';

/** What a filter wants of each object that it selects. */
export interface Chosen {
  readonly object: Managed;
  /** Null: all properties. */
  readonly paths: readonly string[] | null;
}

export type Find = (of: Ref) => Managed | undefined;

/** Thrown where a filter starts at an object that is not there. */
export class MissingObject extends Error {
  readonly of: Ref;
  constructor(of: Ref) {
    super(`no ${of.type} ${of.value}`);
    this.of = of;
  }
}

export const refOf = (element: Element | undefined): Ref => ({
  type: element?.attributes.type ?? '',
  value: element?.text ?? '',
});

/** The objects that a PropertyFilterSpec selects, in the order in which it comes upon them. */
export function select(spec: Element, find: Find): readonly Chosen[] {
  const propSets = children(spec, 'propSet').map((set) => ({
    type: textOf(set, 'type') ?? '',
    paths: isTrue(set, 'all') ? null : children(set, 'pathSet').map(({ text }) => text),
  }));
  const found = new Map<string, Managed>();
  for (const set of children(spec, 'objectSet')) {
    const start = refOf(child(set, 'obj'));
    const object = find(start);
    if (object === undefined) throw new MissingObject(start);
    traverse(object, isTrue(set, 'skip'), children(set, 'selectSet'), find, named(set), found, new Set());
  }
  const chosen: Chosen[] = [];
  for (const object of found.values()) {
    const sets = propSets.filter(({ type }) => object.types.includes(type));
    if (sets.length === 0) continue;
    const all = sets.some(({ paths }) => paths === null);
    chosen.push({ object, paths: all ? null : [...new Set(sets.flatMap(({ paths }) => paths ?? []))] });
  }
  return chosen;
}

/** The specs that can be named, those of the same set alone. */
function named(set: Element): ReadonlyMap<string, Element> {
  const found = new Map<string, Element>();
  const look = (element: Element): void => {
    for (const each of children(element, 'selectSet')) {
      const name = textOf(each, 'name');
      if (name !== undefined && child(each, 'path') !== undefined) found.set(name, each);
      look(each);
    }
  };
  look(set);
  return found;
}

function traverse(
  object: Managed,
  skip: boolean,
  selections: readonly Element[],
  find: Find,
  names: ReadonlyMap<string, Element>,
  found: Map<string, Managed>,
  seen: Set<string>,
): void {
  const key = `${object.ref.type}:${object.ref.value}`;
  if (!skip) found.set(key, object);
  for (const selection of selections) {
    const spec = child(selection, 'path') === undefined ? names.get(textOf(selection, 'name') ?? '') : selection;
    if (spec === undefined || !object.types.includes(textOf(spec, 'type') ?? '')) continue;
    const path = textOf(spec, 'path') ?? '';
    // A spec that names itself goes on for ever where objects refer to each other.
    const step = `${key}/${textOf(spec, 'name') ?? ''}/${path}/${isTrue(spec, 'skip')}`;
    if (seen.has(step)) continue;
    seen.add(step);
    for (const of of targets(propertyAt(object, path))) {
      const target = find(of);
      if (target) traverse(target, isTrue(spec, 'skip'), children(spec, 'selectSet'), find, names, found, seen);
    }
  }
}

function targets(value: Value | undefined): readonly Ref[] {
  if (value?.is === 'ref') return [value.ref];
  if (value?.is !== 'list') return [];
  return value.values.flatMap((item) => (item.is === 'ref' ? [item.ref] : []));
}

const FIRST = /^\w+/;

/** The value at a property path; undefined: it is unset, or there is no such property. */
export function propertyAt(object: Managed, path: string): Value | undefined {
  const name = FIRST.exec(path)?.[0] ?? '';
  const top = object.property(name);
  return top && lookUp(top, path.slice(name.length));
}

/** Fields of ours that may be unset: any other that an object lacks is one that it cannot have. */
const OPTIONAL = new Set(['bootTime', 'host', 'instanceUuid', 'suspendTime', 'cleanPowerOff', 'question', 'managedBy']);

/** False where the path names a property that the object's type, or the type of something within it, does not have. */
export function isProperty(object: Managed, path: string): boolean {
  const steps = path.match(/\w+|\["?[^\]"]*"?\]/g) ?? [];
  const [first = '', ...rest] = steps;
  if (!object.names.includes(first)) return false;
  let value = object.property(first);
  for (const step of rest) {
    if (value === undefined) return true;
    if (value.is === 'object' && field(value, step) === undefined) return OPTIONAL.has(step);
    // Elements of an array are found by their keys, and what has no fields has nothing within it.
    if (value.is !== 'object' && !step.startsWith('[')) return false;
    value = lookUp(value, step);
  }
  return true;
}
