import { METERS } from '../../model/meters.ts';
import { patternMatcher } from '../../model/pattern.ts';
import type { Path } from '../../runtime/config/fault.ts';
import { interpolate } from '../../runtime/config/interpolate.ts';
import { SINK_KINDS, sinkConfig } from '../../sinks/registry.ts';
import type { Findings } from './findings.ts';
import { mergeMeterLists } from './meter-list.ts';
import type { CeilometerSink, CeilometerSource, PipelineFile } from './pipeline-file.ts';
import { importPublisher, isVariable, publisherPerTopic } from './publisher-url.ts';
import { importTransformers } from './transformer-list.ts';

/** A configuration of ours in the making. */
export interface Imported {
  readonly intervalS: number | null;
  /** What is to be emitted; null: everything. */
  readonly meters: readonly string[] | null;
  readonly sinks: readonly ImportedSink[];
}

export interface ImportedSink {
  /** Which part of the pipeline it comes from. */
  readonly origin: string;
  /** What is to be told above it. */
  readonly notes: readonly string[];
  /** Null where Hypermeter has no such sink. */
  readonly config: Readonly<Record<string, unknown>> | null;
}

/** What the collector's interval may be. */
const MOST_INTERVAL_S = 3600;

/** A pipeline as a configuration: a sink of ours for each publisher of each sink of Ceilometer's. */
export function importPipeline(file: PipelineFile, findings: Findings): Imported {
  const names = new Set<string>();
  for (const source of file.sources) tellUnknownMeters(source, findings);
  return {
    intervalS: intervalOf(file.sources, findings),
    meters: metersOf(file),
    sinks: file.sinks.flatMap((sink) => importSink(sink, file, names, findings)),
  };
}

function importSink(
  sink: CeilometerSink,
  file: PipelineFile,
  names: Set<string>,
  findings: Findings,
): readonly ImportedSink[] {
  const transformers = importTransformers(sink, findings);
  const feeding = file.sources.filter((source) => source.sinks.includes(sink.name));
  const lists = mergeMeterLists(feeding.map(({ meters }) => meters));
  if (lists.length > 1)
    findings.note(
      sink.path,
      `sink ${sink.name} gets exclusions from several sources: it becomes a sink for each of them`,
    );
  const publishers = sink.publishers.flatMap((written, index) =>
    publisherPerTopic(written).map((url) => ({ url, path: [...sink.path, 'publishers', index] })),
  );
  return publishers.flatMap(({ url, path }): readonly ImportedSink[] => {
    const { sink: publisher, notes } = importPublisher(url);
    for (const note of notes) findings.note(path, note);
    if (publisher === null) return [{ origin: sink.name, notes, config: null }];
    return lists.map((meters) => {
      const name = unique(publishers.length === 1 ? sink.name : `${sink.name}-${publisher.type}`, names);
      const { type, ...rest } = publisher;
      const units = isUpTo11(file) ? { units: 'MB' } : {};
      const config = { name, type, ...rest, meters, ...units, ...(transformers.length === 0 ? {} : { transformers }) };
      checkSink(config, path, findings);
      return { origin: `${sink.name}, of ${feeding.map((source) => source.name).join(', ')}`, notes, config };
    });
  });
}

/** Whether it has what later releases of Ceilometer do not read. Those had MB for MiB, which transformers may name. */
const isUpTo11 = ({ sources, sinks }: PipelineFile): boolean =>
  sources.some(({ polls }) => polls) || sinks.some(({ transformers }) => transformers.length > 0);

/** A faulty option of a publisher is known by the schema of the sink, if there is one. */
function checkSink(config: { readonly type: string }, path: Path, findings: Findings): void {
  if (!SINK_KINDS.some((kind) => kind === config.type)) {
    findings.note(path, `this version has no sink of type ${config.type}`);
    return;
  }
  for (const { path: inner, message } of sinkConfig.safeParse(withDefaults(config)).error?.issues ?? [])
    findings.fault(path, `${inner.join('.')}: ${message}`);
}

/** What stands for a variable of ours is checked as its default, as the schema comes after variables. */
const withDefaults = (config: object): object =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      isVariable(value) ? interpolate(String(value), {}).text : value,
    ]),
  );

function unique(name: string, names: Set<string>): string {
  let free = name;
  for (let count = 2; names.has(free); count++) free = `${name}-${count}`;
  names.add(free);
  return free;
}

function intervalOf(sources: readonly CeilometerSource[], findings: Findings): number | null {
  const known = sources.flatMap(({ interval, path }) => (interval === null ? [] : [{ interval, path }]));
  if (known.length === 0) return null;
  const least = Math.min(...known.map(({ interval }) => interval));
  for (const { interval, path } of known) {
    const taken = `all is polled every ${Math.min(least, MOST_INTERVAL_S)} s`;
    if (interval !== least || least > MOST_INTERVAL_S)
      findings.note([...path, 'interval'], `interval: ${interval}: ${taken}`);
  }
  return Math.min(least, MOST_INTERVAL_S);
}

/** Meters of ours that transformers make from others: they would come out twice. */
const DERIVED = ['cpu_util', '*.rate', '*.delta'];

/**
 * Without our own rates and differences where transformers make them, unless a source asks for such meters and no others:
 * `*.rate` does, `disk.*` does not.
 */
function metersOf({ sources, sinks }: PipelineFile): readonly string[] | null {
  if (sinks.every(({ transformers }) => transformers.length === 0)) return null;
  const asked = sources
    .flatMap(({ meters }) => meters)
    .map((meter) => METERS.map(({ name }) => name).filter(patternMatcher(meter)))
    .filter((names) => names.every(isDerived))
    .flat();
  const left = DERIVED.filter((pattern) => !asked.some(patternMatcher(pattern)));
  return left.length === 0 ? null : left.map((pattern) => `!${pattern}`);
}

const isDerived = (name: string): boolean => DERIVED.some((pattern) => patternMatcher(pattern)(name));

function tellUnknownMeters({ meters, path }: CeilometerSource, findings: Findings): void {
  for (const [index, meter] of meters.entries()) {
    const pattern = meter.startsWith('!') ? meter.slice(1) : meter;
    if (METERS.some(({ name }) => patternMatcher(pattern)(name))) continue;
    findings.note([...path, 'meters', index], `Hypermeter has no meter ${pattern}`);
  }
}
