import {
  type Document,
  type DocumentOptions,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type SchemaOptions,
  type YAMLMap,
} from 'yaml';
import { type Draft, newDraft, setPlace } from './draft.ts';
import type { Fault, Path } from './fault.ts';

/** More values than any configuration holds; ends the expansion of aliases of aliases. */
const MAX_VALUES = 100_000;

/** What there is to say about a file that holds nothing. */
export const EMPTY = 'is empty; a sample comes from: hypermeter config init';

/** How plain scalars become values, where it is not as in YAML 1.2. */
export type YamlDialect = Pick<DocumentOptions & SchemaOptions, 'version' | 'customTags'>;

/**
 * Reads YAML text (one document, YAML 1.2 core types, anchors and `<<` allowed) into a draft that knows the line and
 * column of every key and value. `file` is the name to show. What is wrong with the text comes back as faults.
 */
export function readYaml(
  text: string,
  file: string,
  dialect: YamlDialect = {},
): { readonly draft: Draft; readonly faults: readonly Fault[] } {
  const lines = new LineCounter();
  const options = { ...dialect, lineCounter: lines, prettyErrors: false, uniqueKeys: true, merge: true } as const;
  const documents = parseAllDocuments(text, options);
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const fault = (offset: number, message: string): Fault => ({ place: place(offset), path: [], message });

  const [document, second] = Array.isArray(documents) ? documents : [];
  if (document === undefined || isEmpty(document)) {
    const errors = document?.errors.map((error) => fault(error.pos[0], `not valid YAML: ${error.message}`)) ?? [];
    const empty = { place: file, path: [], message: EMPTY };
    return { draft: newDraft({}), faults: errors.length > 0 ? errors : [empty] };
  }
  const faults = firstOfLines([...document.errors, ...document.warnings], lines).map((error) =>
    fault(error.pos[0], `not valid YAML: ${error.message}${hint(text, error.pos[0], error.code)}`),
  );
  if (second !== undefined) faults.push(fault(second.range[0], 'a second document begins; the file must hold one'));
  const reading: Reading = { document, place, draft: newDraft({}), faults, values: 0 };
  if (faults.length === 0) reading.draft.value = readNode(reading, document.contents, []);
  return reading;
}

/** What is wrong with a line mostly makes more of it wrong. */
function firstOfLines<Found extends { readonly pos: readonly [number, number] }>(
  errors: readonly Found[],
  lines: LineCounter,
): readonly Found[] {
  const lineOf = ({ pos }: Found): number => lines.linePos(pos[0]).line;
  return errors.filter((error, index) => errors.findIndex((other) => lineOf(other) === lineOf(error)) === index);
}

/** The usual reasons for what YAML does not like, and what to do. */
function hint(text: string, offset: number, code: string): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  if (text.slice(start, offset + 1).includes('${')) return '; within { } or [ ] quote what holds a variable';
  return HINTS[code] ?? '';
}

const HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: '; use spaces',
  BAD_INDENT: '; keys of one map stand in one column: check the spaces before this line and the one above',
  BLOCK_AS_IMPLICIT_KEY: '; keys of one map stand in one column: check the spaces before this line and the one above',
  MISSING_CHAR: '; close the quotes or brackets that were opened',
  DUPLICATE_KEY: '; keep one of them',
};

const isEmpty = (document: Document.Parsed): boolean =>
  document.contents === null || (isScalar(document.contents) && document.contents.value === null);

interface Reading {
  readonly document: Document.Parsed;
  readonly place: (offset: number) => string;
  readonly draft: Draft;
  readonly faults: Fault[];
  values: number;
}

function readNode(reading: Reading, node: Node | null, path: Path, keyOffset?: number): unknown {
  const offset = node?.range?.[0] ?? keyOffset ?? 0;
  const value = reading.place(offset);
  const key = keyOffset === undefined ? value : reading.place(keyOffset);
  setPlace(reading.draft, path, { value, key, form: 'typed' });
  if (++reading.values > MAX_VALUES) {
    if (reading.values === MAX_VALUES + 1)
      reading.faults.push({ place: value, path, message: `more than ${MAX_VALUES} values` });
    return null;
  }
  if (isAlias(node)) {
    const anchored = node.resolve(reading.document);
    if (anchored === undefined)
      reading.faults.push({ place: value, path, message: `there is no anchor &${node.source}` });
    return readNode(reading, anchored ?? null, path, keyOffset);
  }
  if (isMap(node)) return Object.fromEntries(readMembers(reading, node, path));
  if (isSeq(node))
    return node.items.map((entry, index) => readNode(reading, entry as Node | null, [...path, index], undefined));
  return isScalar(node) ? node.value : null;
}

/** Members in order; those merged in by `<<` first, so that the map's own replace them. */
function readMembers(reading: Reading, map: YAMLMap, path: Path): [string, unknown][] {
  const own: [string, unknown][] = [];
  const merged: [string, unknown][] = [];
  for (const { key, value } of map.items as { key: Node | null; value: Node | null }[]) {
    const offset = key?.range?.[0] ?? 0;
    if (!isScalar(key)) {
      reading.faults.push({ place: reading.place(offset), path, message: 'a key must be plain text' });
    } else if (key.source === '<<' && key.value !== '<<') {
      merged.push(...readMerge(reading, value, path, offset));
    } else {
      const name = String(key.value);
      own.push([name, readNode(reading, value, [...path, name], offset)]);
    }
  }
  return [...merged, ...own];
}

function readMerge(reading: Reading, node: Node | null, path: Path, offset: number): [string, unknown][] {
  const source = isAlias(node) ? node.resolve(reading.document) : node;
  if (isMap(source)) return readMembers(reading, source, path);
  // Of several maps the earlier wins, so it comes last.
  if (isSeq(source))
    return source.items.toReversed().flatMap((entry) => readMerge(reading, entry as Node, path, offset));
  reading.faults.push({ place: reading.place(offset), path, message: '<< takes a map or a list of maps' });
  return [];
}
