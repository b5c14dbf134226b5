import type { Draft } from '../../runtime/config/draft.ts';
import type { Path } from '../../runtime/config/fault.ts';
import { isObject } from '../../runtime/config/schema-node.ts';
import { suggestion } from '../../runtime/config/suggest.ts';
import type { Findings } from './findings.ts';
import { meterListFault } from './meter-list.ts';

/** A source of pipeline.yaml: meters, and the sinks that get them. */
export interface CeilometerSource {
  readonly name: string;
  readonly path: Path;
  readonly meters: readonly string[];
  readonly sinks: readonly string[];
  /** Seconds between polls, where polling and pipeline were one file (releases up to 11). */
  readonly interval: number | null;
  /** Whether it says what to poll or how often, which is how releases up to 11 knew it. */
  readonly polls: boolean;
}

/** A sink of pipeline.yaml: transformers, and the publishers that get what they make. */
export interface CeilometerSink {
  readonly name: string;
  readonly path: Path;
  readonly transformers: readonly unknown[];
  readonly publishers: readonly string[];
}

export interface PipelineFile {
  readonly sources: readonly CeilometerSource[];
  readonly sinks: readonly CeilometerSink[];
}

/**
 * Reads a pipeline.yaml: sources and sinks, or the flat list of 2013.1 (`counters` with their own transformers and
 * publishers). Every fault that Ceilometer's PipelineManager finds is found, and told with its place.
 */
export function readPipelineFile(draft: Draft, findings: Findings): PipelineFile {
  const { value } = draft;
  const file = Array.isArray(value) ? readFlat(value, findings) : readDecoupled(value, findings);
  for (const { path } of repeated(file.sources, ({ name }) => name))
    findings.fault(path, 'a second source of this name');
  for (const { path } of repeated(file.sinks, ({ name }) => name)) findings.fault(path, 'a second sink of this name');
  checkLinks(file, findings);
  return file;
}

function readDecoupled(value: unknown, findings: Findings): PipelineFile {
  if (!isObject(value) || value.sources === undefined || value.sinks === undefined) {
    const polls = isObject(value) && value.sources !== undefined;
    const hint = polls ? '; this looks like polling.yaml, give pipeline.yaml' : '';
    findings.fault([], `"sources" and "sinks" are both needed${hint}`);
    return { sources: [], sinks: [] };
  }
  for (const key of Object.keys(value))
    if (key !== 'sources' && key !== 'sinks') findings.note([key], `${key}: Ceilometer does not read this`);
  const entries = (key: 'sources' | 'sinks') => mapsOf(value[key], [key], findings);
  return {
    sources: entries('sources').flatMap(([entry, path]) => readSource(entry, path, findings)),
    sinks: entries('sinks').flatMap(([entry, path]) => readSink(entry, path, SINK_KEYS, findings)),
  };
}

/** The form of 2013.1: each entry is source and sink in one. */
function readFlat(value: readonly unknown[], findings: Findings): PipelineFile {
  const entries = mapsOf(value, [], findings);
  return {
    sources: entries.flatMap(([entry, path]) => {
      const meters = entry.counters ?? entry.meters;
      return readSource({ ...entry, meters, sinks: [entry.name] }, path, findings, FLAT_KEYS);
    }),
    sinks: entries.flatMap(([entry, path]) => readSink(entry, path, FLAT_KEYS, findings)),
  };
}

function mapsOf(value: unknown, path: Path, findings: Findings): readonly (readonly [Record<string, unknown>, Path])[] {
  if (!Array.isArray(value)) {
    findings.fault(path, 'must be a list of maps');
    return [];
  }
  return value.flatMap((entry, index) => {
    if (isObject(entry)) return [[entry, [...path, index]] as const];
    findings.fault([...path, index], 'must be a map');
    return [];
  });
}

const POLLING_KEYS = ['interval', 'resources', 'discovery'];
const SOURCE_KEYS = ['name', 'meters', 'sinks', ...POLLING_KEYS];
const SINK_KEYS = ['name', 'transformers', 'publishers'];
const FLAT_KEYS = [...SOURCE_KEYS, ...SINK_KEYS, 'counters'];

function readSource(
  entry: Record<string, unknown>,
  path: Path,
  findings: Findings,
  known: readonly string[] = SOURCE_KEYS,
): readonly CeilometerSource[] {
  if (known === SOURCE_KEYS) tellUnknown(entry, path, known, findings);
  for (const key of ['resources', 'discovery']) tellUnpolled(entry[key], [...path, key], findings);
  const name = nameOf(entry, path, findings);
  const meters = textsOf(entry, 'meters', path, findings);
  const sinks = textsOf(entry, 'sinks', path, findings);
  const interval = intervalOf(entry.interval, [...path, 'interval'], findings);
  const fault = meters === null ? null : meterListFault(meters);
  if (fault !== null) findings.fault([...path, 'meters'], fault);
  const polls = known === FLAT_KEYS || POLLING_KEYS.some((key) => (entry[key] ?? null) !== null);
  return name === null || meters === null || sinks === null ? [] : [{ name, path, meters, sinks, interval, polls }];
}

function readSink(
  entry: Record<string, unknown>,
  path: Path,
  known: readonly string[],
  findings: Findings,
): readonly CeilometerSink[] {
  tellUnknown(entry, path, known, findings);
  // The source of the flat form has told of a missing name already.
  const name = known === FLAT_KEYS && typeof entry.name !== 'string' ? null : nameOf(entry, path, findings);
  const publishers = textsOf(entry, 'publishers', path, findings);
  const transformers = entry.transformers ?? [];
  if (!Array.isArray(transformers)) findings.fault([...path, 'transformers'], 'must be a list of maps');
  if (name === null || publishers === null || !Array.isArray(transformers)) return [];
  return [{ name, path, transformers, publishers }];
}

function nameOf({ name }: Record<string, unknown>, path: Path, findings: Findings): string | null {
  if (typeof name === 'string' && name !== '') return name;
  // PyYAML makes a number of 1, which serves as a name as well.
  if (typeof name === 'number') return String(name);
  findings.fault(path, 'has no "name"');
  return null;
}

function textsOf(
  entry: Record<string, unknown>,
  key: string,
  path: Path,
  findings: Findings,
): readonly string[] | null {
  const value = entry[key];
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) {
    findings.fault(value === undefined ? path : [...path, key], `has no "${key}"; name at least one`);
    return null;
  }
  if (!Array.isArray(value)) {
    findings.fault([...path, key], 'must be a list of texts');
    return null;
  }
  const texts = value.map((each) => (typeof each === 'number' ? String(each) : each));
  const wrong = texts.findIndex((each) => typeof each !== 'string' || each === '');
  if (wrong < 0) return texts;
  findings.fault([...path, key, wrong], 'must be a text that is not empty');
  return null;
}

function intervalOf(value: unknown, path: Path, findings: Findings): number | null {
  if (value === undefined || value === null) return null;
  const seconds = Math.trunc(
    typeof value === 'string' && value.trim() !== '' ? Number(value) : value === true ? 1 : Number(value),
  );
  if (typeof value !== 'object' && seconds > 0) return seconds;
  findings.fault(path, 'must be a number of seconds above 0');
  return null;
}

function tellUnpolled(value: unknown, path: Path, findings: Findings): void {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return;
  const what = String(path.at(-1));
  if (!Array.isArray(value)) findings.fault(path, 'must be a list');
  else findings.note(path, `${what}: ${value.join(', ')}: Hypermeter polls what its connectors name; left out`);
}

function tellUnknown(entry: object, path: Path, known: readonly string[], findings: Findings): void {
  for (const key of Object.keys(entry))
    if (!known.includes(key))
      findings.note([...path, key], `${key}: Ceilometer does not read this either; left out${suggestion(key, known)}`);
}

function checkLinks({ sources, sinks }: PipelineFile, findings: Findings): void {
  const names = sinks.map(({ name }) => name);
  const pipelines = sources.flatMap((source) =>
    source.sinks.map((sink, index) => {
      const path = [...source.path, 'sinks', index];
      if (!names.includes(sink)) findings.fault(path, `there is no sink "${sink}"${suggestion(sink, names)}`);
      return { path, name: sink === source.name ? sink : `${source.name}:${sink}` };
    }),
  );
  for (const { path, name } of repeated(pipelines, ({ name: each }) => each))
    findings.fault(path, `a second pipeline "${name}" (a source and a sink of it)`);
  for (const { name, path } of sinks)
    if (!sources.some((source) => source.sinks.includes(name)))
      findings.note(path, `no source gives sink "${name}" anything`);
}

/** All but the first of those that share a key. */
function repeated<Entry>(entries: readonly Entry[], keyOf: (entry: Entry) => string): readonly Entry[] {
  const seen = new Set<string>();
  return entries.filter((entry) => seen.size === seen.add(keyOf(entry)).size);
}
