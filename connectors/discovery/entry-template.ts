import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ConfigError, formatFault } from '../../pipeline/runtime/config/fault.ts';
import { settingsParser } from '../../pipeline/runtime/config/load.ts';
import { jsonSchema } from '../../pipeline/runtime/config/schema-node.ts';
import type { Settings } from '../connector.ts';
import type { ConnectorEntry } from './discovery.ts';
import type { Rejected } from './source.ts';
import { fillSettings, HostError, PlaceholderError, placeholdersOf, type Values } from './template.ts';

/** A kind of connector as discovery sees it. */
export interface EntryKind {
  readonly kind: string;
  readonly schema: z.ZodType<ConnectorEntry>;
}

/** An entry of `connectors:` with placeholders, and whom it is for. */
export interface EntryTemplate {
  readonly type: string;
  readonly name: string;
  readonly when?: Readonly<Record<string, string>> | undefined;
  /** As it is written: a duration, or what has placeholders. */
  readonly interval?: unknown;
}

/** A pattern that has to match the whole of a text. */
export const pattern = (): z.ZodType<string> =>
  z.string().superRefine((text, context) => {
    try {
      new RegExp(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'is no regular expression' });
    }
  });

export const matchesWhole = (text: string, expression: string): boolean => new RegExp(`^(?:${expression})$`).test(text);

const templateSchema = z
  .looseObject({
    type: z.string().describe('A kind of connector.'),
    name: z.string().min(1).default('{host}').describe('Must come out different for each host.'),
    when: z
      .record(z.string(), pattern())
      .optional()
      .describe('Placeholders and the patterns that they have to match as a whole: else the next template is tried.'),
  })
  .describe('The words of `connectors:` for this kind, with placeholders such as {host} in their texts.');

/** One template, or several of which the first that is for a host is taken. */
export const templates = (): z.ZodType<EntryTemplate | readonly EntryTemplate[]> =>
  z
    .union([templateSchema, z.array(templateSchema).min(1)])
    .describe('What to make of each host: an entry of `connectors:` with placeholders, or a list of them with `when`.');

/**
 * What is wrong with templates, each with where: a kind that there is none of, a placeholder that the source does not
 * have, and what the kind's schema says to a sample. `sample` undefined: the placeholders are not known before.
 */
export function faultsOf(
  entry: EntryTemplate | readonly EntryTemplate[],
  kinds: readonly EntryKind[],
  sample: Values,
  isOpen: boolean,
): readonly { readonly path: readonly (string | number)[]; readonly message: string }[] {
  return [entry].flat().flatMap((template, index) => {
    const base = Array.isArray(entry) ? [index] : [];
    return faultsOfOne(template, kinds, sample, isOpen).map(({ path, message }) => ({
      path: [...base, ...path],
      message,
    }));
  });
}

function faultsOfOne(
  template: EntryTemplate,
  kinds: readonly EntryKind[],
  sample: Values,
  isOpen: boolean,
): readonly { readonly path: readonly (string | number)[]; readonly message: string }[] {
  const { when = {}, ...settings } = template;
  const kind = kinds.find((candidate) => candidate.kind === template.type);
  const types = kinds.map((candidate) => candidate.kind).join(' | ');
  if (kind === undefined) return [{ path: ['type'], message: `expected a kind of connector: ${types}` }];
  const named = [
    ...placeholdersOf(settings),
    ...Object.keys(when).map((name) => ({ name, path: ['when', name] as const })),
  ];
  const unknown = isOpen ? [] : named.filter(({ name }) => !Object.hasOwn(sample, name));
  if (unknown.length > 0)
    return unknown.map(({ name, path }) => ({
      path,
      message: new PlaceholderError(name, Object.keys(sample)).message,
    }));
  const values = { ...Object.fromEntries(named.map(({ name }) => [name, 'x'])), ...sample };
  try {
    settingsParser(kind.schema)(withoutSecretFiles(fillSettings(settings, values), kind));
    return [];
  } catch (error) {
    if (error instanceof HostError) return [{ path: [], message: error.message }];
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ path, message }) => ({ path, message }));
  }
}

/** What the files of secrets hold is not known before there are hosts. */
function withoutSecretFiles(settings: Settings, { schema }: EntryKind): Settings {
  const { properties = {} } = jsonSchema(schema);
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => {
      const secret = key.replace(/File$/, '');
      return secret !== key && properties[secret]?.secret === true ? [secret, 'secret'] : [key, value];
    }),
  );
}

/** Makes entries of what a source knows of its hosts. */
export type FillTemplate = (values: Values, where: string) => ConnectorEntry | Rejected;

/** The files of secrets are read at every call, so that one that has changed makes another entry. */
export function templateFiller(
  entry: EntryTemplate | readonly EntryTemplate[],
  kinds: readonly EntryKind[],
): FillTemplate {
  const parsers = new Map(kinds.map(({ kind, schema }) => [kind, settingsParser(schema)]));
  const choices = [entry].flat();
  const made = new Map<string, ConnectorEntry>();
  const isSettled = !namesSecretFiles(entry, kinds);
  return (values, where) => {
    const key = isSettled ? JSON.stringify(values) : '';
    const known = made.get(key);
    if (known !== undefined) return known;
    const filled = fillFirst(choices, parsers, values, where);
    if (isSettled && !isRejected(filled)) remember(made, key, filled);
    return filled;
  };
}

type Parsers = ReadonlyMap<string, ReturnType<typeof settingsParser<ConnectorEntry>>>;

/** What was made of the same before is the same: a thousand hosts are not parsed anew at every look. */
const MOST_REMEMBERED = 20_000;

function remember(made: Map<string, ConnectorEntry>, key: string, entry: ConnectorEntry): void {
  if (made.size >= MOST_REMEMBERED) made.clear();
  made.set(key, entry);
}

function fillFirst(
  choices: readonly EntryTemplate[],
  parsers: Parsers,
  values: Values,
  where: string,
): ConnectorEntry | Rejected {
  const chosen = choices.find(({ when = {} }) =>
    Object.entries(when).every(([name, expression]) => matchesWhole(values[name] ?? '', expression)),
  );
  if (chosen === undefined)
    return { reason: 'unmatched', where, message: 'no template is for it: add one, or exclude it' };
  const { when: _, ...settings } = chosen;
  try {
    const parse = parsers.get(chosen.type);
    if (parse === undefined) throw new RangeError(`no connector is of the kind ${chosen.type}`);
    return parse(fillSettings(settings, values));
  } catch (error) {
    if (error instanceof PlaceholderError || error instanceof HostError)
      return { reason: 'invalid', where, message: error.message };
    if (error instanceof ConfigError)
      return { reason: 'invalid', where, message: error.faults.map(formatFault).join('; ') };
    throw error;
  }
}

/** Whether what templates make may be another thing at the next look, since it is read from files. */
export const namesSecretFiles = (
  entry: EntryTemplate | readonly EntryTemplate[],
  kinds: readonly EntryKind[],
): boolean =>
  [entry].flat().some((template) => {
    const kind = kinds.find((candidate) => candidate.kind === template.type);
    return kind !== undefined && !isDeepStrictEqual(withoutSecretFiles({ ...template }, kind), { ...template });
  });

export const isRejected = (outcome: ConnectorEntry | Rejected): outcome is Rejected => 'reason' in outcome;
