import type { z } from 'zod';
import { type Draft, placeOf, valueAt } from './draft.ts';
import type { Fault, Path } from './fault.ts';
import { isSecretKey, redactUrls } from './redact.ts';
import { alternatives, isObject, nodesAt, type SchemaNode } from './schema-node.ts';
import { suggestion } from './suggest.ts';
import { parseDuration } from './units.ts';

type Issue = z.core.$ZodIssue;

/** The longest bad value that a fault shows whole. */
const SHOWN_CHARACTERS = 60;

/** The faults that a schema found in a draft, in words for the person who wrote it. */
export const explainIssues = (issues: readonly Issue[], draft: Draft, schema: SchemaNode): readonly Fault[] =>
  issues.flatMap((issue) => innermost(issue, [])).flatMap((issue) => explain(issue, draft, schema));

/** Of a choice of shapes the faults of the one that was meant: the one that is wrong inside only, if there is one. */
function innermost(issue: Issue, base: Path): readonly Issue[] {
  const path = [...base, ...issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)))];
  if (issue.code !== 'invalid_union') return [{ ...issue, path }];
  const inside =
    issue.errors.find((errors) => errors.every(({ code, path: at }) => at.length > 0 || isKeyFault(code))) ??
    // Or the one whose kind is right, if a rule of its own says what is wrong.
    issue.errors.find((errors) => errors.every(hasOwnWords));
  return inside?.flatMap((inner) => innermost(inner, path)) ?? [{ ...issue, path }];
}

/** Of a text that has another form than it must: only a rule that was given words says more than the schema does. */
const hasOwnWords = ({ code, message: told }: Issue): boolean =>
  code === 'custom' || (code === 'invalid_format' && !/^Invalid /.test(told));

const isKeyFault = (code: Issue['code']): boolean => code === 'unrecognized_keys';

function explain(issue: Issue, draft: Draft, schema: SchemaNode): readonly Fault[] {
  const path = issue.path as Path;
  const nodes = nodesAt(schema, draft.value, path);
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, path, nodes, draft);
  const value = valueAt(draft, path);
  const place = placeOf(draft, path)?.value ?? '';
  if (value === undefined && issue.code !== 'custom')
    return [{ place, path, message: `is missing; ${expected(nodes)}`, ...remedied(secretFileHint(path, nodes)) }];
  if (issue.code === 'too_small' && isEmpty(value))
    return [{ place, path, message: `is empty; give it ${Array.isArray(value) ? 'one entry at least' : 'a value'}` }];
  const secret = nodes.some((node) => node.secret) || path.some((key) => typeof key === 'string' && isSecretKey(key));
  const got =
    issue.code === 'custom' && !showable(value, issue.message)
      ? ''
      : `, got ${secret ? 'a secret that is not shown' : show(value)}`;
  const told = `${message(issue, nodes)}${got}${near(value, nodes)}`;
  return [{ place, path, message: told, ...remedied(remedyFor(value, nodes)) }];
}

const isEmpty = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.length === 0);

const remedied = (remedy: string | null): Pick<Fault, 'remedy'> => (remedy === null ? {} : { remedy });

/** A secret that is missing may as well stand in a file. */
function secretFileHint(path: Path, nodes: readonly SchemaNode[]): string | null {
  const name = path.at(-1);
  return typeof name === 'string' && nodes.some((node) => node.secret)
    ? `${name}File may name a file that holds it`
    : null;
}

/** What to write instead, where that can be told from what is there. */
function remedyFor(value: unknown, nodes: readonly SchemaNode[]): string | null {
  const all = nodes.flatMap((node) => [node, ...alternatives(node, value)]);
  const wantsDuration = all.some(({ what }) => what === 'a duration');
  if (wantsDuration && /^\d+(\.\d+)?$/.test(String(value))) return `write ${value}s for seconds`;
  if (wantsDuration && /^\d/.test(String(value)) && parseDuration(String(value)) === undefined)
    return 'units are ms, s, m, h and d, without a space';
  const lists = [...new Set(all)].filter(({ type }) => type === 'array');
  if (lists.length > 0 && typeof value === 'string' && value !== '') return listOf(value, lists);
  return lists.length > 0 && isObject(value) ? 'begin each entry with "- "' : null;
}

/** A text as the list that is wanted: of maps, as what the first setting of one is, or which kind. */
function listOf(text: string, lists: readonly SchemaNode[]): string {
  const entries = lists.flatMap(({ items }) => items?.oneOf ?? items ?? []);
  const maps = entries.filter(({ properties }) => properties !== undefined);
  if (maps.length < entries.length || maps.length === 0) return `write ${JSON.stringify([text])}`;
  const isKind = maps.some(({ properties }) => properties?.type?.const === text);
  const [first] = maps.length === 1 ? Object.keys(maps[0]?.properties ?? {}) : isKind ? ['type'] : [];
  return first === undefined ? 'begin each entry with "- "' : `write [{ ${first}: ${text} }]`;
}

/** Our own words for what is of the wrong kind, the schema's for a limit that was passed. */
function message(issue: Issue, nodes: readonly SchemaNode[]): string {
  if (issue.code === 'custom') return issue.message;
  if (issue.code === 'too_small' || issue.code === 'too_big' || issue.code === 'not_multiple_of') {
    return limits(nodes) || issue.message;
  }
  const patternOnly = issue.code === 'invalid_format' && nodes.every((node) => node.what === undefined);
  return patternOnly ? issue.message : expected(nodes) || issue.message;
}

const limits = (nodes: readonly SchemaNode[]): string => {
  const [node] = nodes;
  if (node?.minimum === undefined && node?.maximum === undefined) return '';
  return expected(nodes);
};

function unknownKeys(keys: readonly string[], path: Path, nodes: readonly SchemaNode[], draft: Draft): Fault[] {
  const value = valueAt(draft, path);
  const known = nodes
    .flatMap((node) => alternatives(node, value))
    .flatMap((node) => Object.keys(node.properties ?? {}));
  return keys.map((key) => {
    const place = placeOf(draft, [...path, key])?.key ?? '';
    const hint = suggestion(key, known) || `; known here: ${known.join(', ')}`;
    return { place, path: [...path, key], message: `unknown key${hint}` };
  });
}

/** `expected a duration such as 30s`, from the schema. */
const expected = (nodes: readonly SchemaNode[]): string => {
  const wanted = [...new Set(nodes.map(describe).filter((text) => text !== ''))];
  return wanted.length === 0 ? '' : `expected ${wanted.join(' or ')}`;
};

/** What a schema wants, as a noun: `a whole number from 1 to 65535`, `one of "a", "b"`. */
export function describe(node: SchemaNode): string {
  const example = node.example === undefined ? '' : ` such as ${node.example}`;
  if (node.what !== undefined) return `${node.what}${example}`;
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum !== undefined) return `one of ${node.enum.map((word) => JSON.stringify(word)).join(', ')}`;
  const choices = node.oneOf ?? node.anyOf;
  if (choices !== undefined) return named(choices) ?? [...new Set(choices.map(describe))].join(' or ');
  return `${[node.type ?? []]
    .flat()
    .map((type) => noun(type, node))
    .join(' or ')}${example}`;
}

/** `one of "udp", "file"` for shapes that are told apart by their `type`. */
function named(choices: readonly SchemaNode[]): string | undefined {
  const names = choices.map((choice) => choice.properties?.type?.const);
  if (names.some((name) => name === undefined)) return undefined;
  return `a map with type: ${names.map(String).join(' | ')}`;
}

function noun(type: string, node: SchemaNode): string {
  if (type === 'string') return 'text';
  if (type === 'boolean') return 'true or false';
  if (type === 'null') return 'nothing';
  if (type === 'object') return 'a map';
  if (type === 'array') return `a list${listed(node.items ?? {})}`;
  const from = bound('from', node.minimum);
  const to = bound(from === '' ? 'up to' : 'to', node.maximum);
  return `a ${type === 'integer' ? 'whole ' : ''}number${from}${to}`;
}

function listed(items: SchemaNode): string {
  const each = describe(items);
  if (each === '') return '';
  return each === 'a map' ? ' of maps' : ` of ${each}`;
}

/** JSON Schema states the limits of safe integers where nothing else was asked. */
const bound = (word: string, limit: number | undefined): string =>
  limit === undefined || Math.abs(limit) === Number.MAX_SAFE_INTEGER ? '' : ` ${word} ${limit}`;

function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'a map';
  const text = typeof value === 'string' ? JSON.stringify(redactUrls(value)) : String(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/** Whether a check's own message leaves the value to be told. */
const showable = (value: unknown, told: string): boolean =>
  (typeof value === 'string' || typeof value === 'number') && !told.includes(JSON.stringify(value));

function near(value: unknown, nodes: readonly SchemaNode[]): string {
  if (typeof value !== 'string') return '';
  const words = nodes
    .flatMap((node) => [node, ...alternatives(node, value)])
    .flatMap((node) => [...(node.enum ?? []), ...(node.const === undefined ? [] : [node.const])])
    .filter((word) => typeof word === 'string');
  return suggestion(value, words);
}
