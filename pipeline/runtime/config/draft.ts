import type { Path } from './fault.ts';
import { isObject, memberOf } from './schema-node.ts';

/** Where a value was written. */
export interface Place {
  /** `file:line:column` of the value, `environment NAME` or `--set path`. */
  readonly value: string;
  /** The same of its key. */
  readonly key: string;
  /**
   * `typed`: YAML gave it its type. `text`: a variable's value, whose type only the schema knows. `override`: text that
   * a user gave for this very setting, which may be a list or a map as well.
   */
  readonly form: 'typed' | 'text' | 'override';
}

/** A configuration while it is put together: the plain value, and where each part of it was written. */
export interface Draft {
  value: unknown;
  readonly places: Map<string, Place>;
}

export const newDraft = (value: unknown): Draft => ({ value, places: new Map() });

/** The place of the value at `path`, or of the nearest thing around it that somebody wrote. */
export function placeOf(draft: Draft, path: Path): Place | undefined {
  for (let length = path.length; length >= 0; length--) {
    const place = draft.places.get(JSON.stringify(path.slice(0, length)));
    if (place !== undefined) return place;
  }
  return undefined;
}

export function setPlace(draft: Draft, path: Path, place: Place): void {
  draft.places.set(JSON.stringify(path), place);
}

/** Every path that somebody wrote, with its place. */
export const writtenPaths = (draft: Draft): readonly (readonly [Path, Place])[] =>
  [...draft.places].map(([path, place]) => [JSON.parse(path) as Path, place]);

export const valueAt = (draft: Draft, path: Path): unknown => path.reduce<unknown>(memberOf, draft.value);

/** Puts a value at `path`; maps and lists on the way are made. */
export function putValue(draft: Draft, path: Path, value: unknown, place?: Place): void {
  if (place !== undefined) setPlace(draft, path, place);
  const last = path[path.length - 1];
  if (last === undefined) {
    draft.value = value;
    return;
  }
  const parentPath = path.slice(0, -1);
  let parent = valueAt(draft, parentPath);
  if (typeof last === 'number' ? !Array.isArray(parent) : !isObject(parent)) {
    parent = typeof last === 'number' ? [] : {};
    putValue(draft, parentPath, parent);
  }
  // Not an assignment: `__proto__` is a key like any other here.
  Object.defineProperty(parent, last, { value, writable: true, enumerable: true, configurable: true });
}

export function removeValue(draft: Draft, path: Path): void {
  const parent = valueAt(draft, path.slice(0, -1));
  const last = path[path.length - 1];
  if (isObject(parent) && typeof last === 'string') delete parent[last];
}
