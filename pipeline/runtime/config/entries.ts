import type { z } from 'zod';
import { type Draft, newDraft, placeOf, setPlace, valueAt, writtenPaths } from './draft.ts';
import type { Fault, Path } from './fault.ts';
import { type Environment, interpolateDraft } from './interpolate.ts';
import { parseDraft } from './load.ts';
import { jsonSchema } from './schema-node.ts';
import { EMPTY, readYaml } from './yaml-source.ts';

/** One entry of a file that holds a list. */
export interface FileEntry {
  /** `file:line:column` */
  readonly place: string;
  /** What is written, its variables replaced. */
  readonly draft: Draft;
  /** What is wrong with its variables. */
  readonly faults: readonly Fault[];
}

/**
 * The entries of a text that is a list in YAML or JSON, apart from each other, so that a wrong one costs no other. The
 * faults are those of the text as a whole, of which nothing is to be used then.
 */
export function readEntries(
  text: string,
  file: string,
  env: Environment,
): { readonly entries: readonly FileEntry[]; readonly faults: readonly Fault[] } {
  const { draft, faults } = readYaml(text, file);
  if (faults.length > 0) return { entries: [], faults: faults.map(forList) };
  if (!Array.isArray(draft.value)) {
    const place = placeOf(draft, [])?.value ?? file;
    return { entries: [], faults: [{ place, path: [], message: 'expected a list of entries: begin each with "- "' }] };
  }
  const unresolved = interpolateDraft(draft, env);
  const places = placesByEntry(draft);
  const entries = draft.value.map((_, index): FileEntry => {
    const own = newDraft(valueAt(draft, [index]));
    for (const [path, place] of places.get(index) ?? []) setPlace(own, path, place);
    const place = placeOf(draft, [index])?.value ?? file;
    return { place, draft: own, faults: unresolved.filter(({ path }) => path[0] === index).map(below) };
  });
  return { entries, faults: [] };
}

/** A list is no configuration, and may well hold nothing. */
const forList = (fault: Fault): Fault =>
  fault.message === EMPTY ? { ...fault, message: 'is empty; a list without entries is []' } : fault;

const below = ({ place, path, message }: Fault): Fault => ({ place, path: path.slice(1), message });

type Places = readonly (readonly [Path, ReturnType<typeof writtenPaths>[number][1]])[];

function placesByEntry(draft: Draft): ReadonlyMap<number, Places> {
  const found = new Map<number, (readonly [Path, Places[number][1]])[]>();
  for (const [path, place] of writtenPaths(draft)) {
    const [index, ...rest] = path;
    if (typeof index !== 'number') continue;
    const own = found.get(index) ?? [];
    own.push([rest, place]);
    found.set(index, own);
  }
  return found;
}

/** Parses entries of one schema: secret files are read, texts of variables become what the schema wants. */
export function entryParser<Value>(
  schema: z.ZodType<Value>,
): (entry: FileEntry) => { readonly value: Value | undefined; readonly faults: readonly Fault[] } {
  const node = jsonSchema(schema);
  return ({ draft, faults }) => {
    const parsed = parseDraft(draft, schema, node);
    const told = new Set(faults.map(({ path }) => JSON.stringify(path)));
    const found = parsed.faults.filter(({ path }) => path.length === 0 || !told.has(JSON.stringify(path)));
    const all = [...faults, ...found];
    return { value: all.length === 0 ? parsed.value : undefined, faults: all };
  };
}
