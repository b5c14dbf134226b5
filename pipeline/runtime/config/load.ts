import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { coerceTexts } from './coerce.ts';
import { type Draft, newDraft, placeOf, setPlace } from './draft.ts';
import { explainIssues } from './explain.ts';
import { ConfigError, type Fault, type Path } from './fault.ts';
import { type Environment, interpolateDraft } from './interpolate.ts';
import { applyOverrides, environmentOverrides, parseAssignments } from './overrides.ts';
import { isObject, jsonSchema, type SchemaNode } from './schema-node.ts';
import { readSecretFiles } from './secret-files.ts';
import { readYaml } from './yaml-source.ts';

/** Something to say about a configuration that its schema allows. */
export interface Remark {
  readonly severity: 'error' | 'warning';
  readonly path: Path;
  readonly message: string;
}

export interface ConfigSources<Config> {
  readonly schema: z.ZodType<Config>;
  /** Path of a YAML file; undefined: defaults, environment and `set` only. */
  readonly file: string | undefined;
  readonly env: Environment;
  /** `path=value` texts, as `--set` takes them. */
  readonly set?: readonly string[];
  /** What a schema cannot say. */
  readonly check?: (config: Config) => readonly Remark[];
}

export interface LoadedConfig<Config> {
  readonly config: Config;
  /** What was written, secrets and all, without defaults. */
  readonly written: unknown;
  readonly warnings: readonly Fault[];
}

/**
 * Loads a configuration: defaults, then the file with its `${VAR}` and secret files, then `HYPERMETER__A__B`, then
 * `--set`. Throws a ConfigError with every fault at once, each with its place.
 */
export function loadConfig<Config>(sources: ConfigSources<Config>): LoadedConfig<Config> {
  const { draft, faults: unreadable } = sources.file === undefined ? nothing() : readFile(sources.file);
  if (unreadable.length > 0) throw new ConfigError(unreadable);
  const schema = jsonSchema(sources.schema);
  const assignments = parseAssignments(sources.set ?? []);
  const overrides = [...environmentOverrides(sources.env), ...assignments.overrides];
  const unresolved = interpolateDraft(draft, sources.env);
  const misplaced = applyOverrides(draft, schema, overrides);
  unresolved.push(...readSecretFiles(draft, schema));
  const faults = [...assignments.faults, ...misplaced, ...unresolved];
  coerceTexts(draft, schema);
  const parsed = sources.schema.safeParse(draft.value);
  const told = new Set(unresolved.map(({ path }) => JSON.stringify(path)));
  const found = parsed.success ? [] : explainIssues(parsed.error.issues, draft, schema);
  // Text whose variable is missing is not wrong a second time for being no number.
  faults.push(...found.filter(({ path }) => path.length === 0 || !told.has(JSON.stringify(path))));
  const remarks = parsed.success ? (sources.check?.(parsed.data) ?? []) : [];
  faults.push(...remarks.filter(({ severity }) => severity === 'error').map((remark) => locate(draft, remark)));
  if (faults.length > 0 || !parsed.success) throw new ConfigError(faults.sort(byPlace));
  const warnings = remarks.filter(({ severity }) => severity === 'warning').map((remark) => locate(draft, remark));
  return { config: parsed.data, written: draft.value, warnings };
}

/**
 * Settings that stand nowhere in a file, such as those of an address: secret files are read, texts become what the
 * schema wants. Throws a ConfigError with every fault at once.
 */
export const parseSettings = <Config>(schema: z.ZodType<Config>, written: Readonly<Record<string, unknown>>): Config =>
  settingsParser(schema)(written);

/** The same for many settings of one schema. */
export function settingsParser<Config>(
  schema: z.ZodType<Config>,
): (written: Readonly<Record<string, unknown>>) => Config {
  const node = jsonSchema(schema);
  return (written) => {
    const draft = newDraft(structuredClone(written));
    for (const path of textsIn(written, [])) setPlace(draft, path, { value: '', key: '', form: 'text' });
    const { value, faults } = parseDraft(draft, schema, node);
    if (value === undefined || faults.length > 0) throw new ConfigError(faults);
    return value;
  };
}

/** Reads the secret files of a draft, gives its texts their types and parses it. The value is undefined if it is not valid. */
export function parseDraft<Config>(
  draft: Draft,
  schema: z.ZodType<Config>,
  node: SchemaNode,
): { readonly value: Config | undefined; readonly faults: readonly Fault[] } {
  const faults = [...readSecretFiles(draft, node)];
  coerceTexts(draft, node);
  const parsed = schema.safeParse(draft.value);
  if (!parsed.success) faults.push(...explainIssues(parsed.error.issues, draft, node));
  return { value: parsed.success ? parsed.data : undefined, faults };
}

/** Where in settings texts stand. */
const textsIn = (value: unknown, path: Path): readonly Path[] => {
  if (typeof value === 'string') return [path];
  return isObject(value) ? Object.entries(value).flatMap(([name, member]) => textsIn(member, [...path, name])) : [];
};

/** `file:9:1` before `file:10:1`. */
const byPlace = (a: Fault, b: Fault): number => a.place.localeCompare(b.place, 'en', { numeric: true });

const locate = (draft: Draft, { path, message }: Remark): Fault => ({
  place: placeOf(draft, path)?.value ?? '',
  path,
  message,
});

const nothing = (): ReturnType<typeof readYaml> => ({ draft: newDraft({}), faults: [] });

function readFile(file: string): ReturnType<typeof readYaml> {
  try {
    return readYaml(new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)), file);
  } catch (error) {
    return { draft: newDraft({}), faults: [{ place: file, path: [], message: whyUnreadable(error) }] };
  }
}

function whyUnreadable(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file; a sample comes from: hypermeter config init';
  if (code === 'EISDIR') return 'is a directory; name the file in it';
  if (code === 'EACCES') return 'may not be read by this user; see its permissions';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not UTF-8 text';
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}
