import { z } from 'zod';
import { entryParser, type FileEntry, readEntries } from '../../pipeline/runtime/config/entries.ts';
import { ConfigError, type Fault, formatFault } from '../../pipeline/runtime/config/fault.ts';
import type { Environment } from '../../pipeline/runtime/config/interpolate.ts';
import { isObject } from '../../pipeline/runtime/config/schema-node.ts';
import type { ConnectorEntry } from './discovery.ts';
import { type FillTemplate, isRejected } from './entry-template.ts';
import type { Rejected } from './source.ts';
import { hostOf } from './target.ts';

/** An element of Prometheus' file_sd. */
const group = z.strictObject({
  targets: z.array(z.string().min(1)).describe('host, host:port or a URL each.'),
  labels: z.record(z.string(), z.string()).default({}).describe('Further placeholders.'),
});

/** An entry, with where it stands and what its filters look at. */
export interface Listed {
  readonly entry: ConnectorEntry;
  readonly host: string;
  readonly where: string;
}

export interface FileList {
  readonly listed: readonly Listed[];
  readonly rejected: readonly Rejected[];
}

/**
 * Reads files that hold a list of entries of `connectors:`, or of groups of targets as Prometheus' file_sd has them,
 * each in YAML or JSON; `fill` undefined: there is no template for targets. A text that is no such list throws a
 * ConfigError; of one that is, the good entries are listed and the others rejected.
 */
export function fileListReader(
  entrySchema: z.ZodType<ConnectorEntry>,
  fill: FillTemplate | undefined,
  env: Environment,
): (text: string, file: string) => FileList {
  const parseEntry = entryParser(entrySchema);
  const parseGroup = entryParser(group);
  const read = (entry: FileEntry): FileList => {
    if (isObject(entry.draft.value) && Object.hasOwn(entry.draft.value, 'targets'))
      return readGroup(parseGroup, entry, fill);
    const { value, faults } = parseEntry(entry);
    if (value === undefined) return { listed: [], rejected: [rejectedFor(entry, faults)] };
    return { listed: [{ entry: value, host: value.name, where: entry.place }], rejected: [] };
  };
  return (text, file) => {
    const { entries, faults } = readEntries(text, file, env);
    if (faults.length > 0) throw new ConfigError(faults);
    const lists = entries.map(read);
    return { listed: lists.flatMap(({ listed }) => listed), rejected: lists.flatMap(({ rejected }) => rejected) };
  };
}

function readGroup(
  parse: ReturnType<typeof entryParser<z.output<typeof group>>>,
  entry: FileEntry,
  fill: FillTemplate | undefined,
): FileList {
  const { value, faults } = parse(entry);
  if (value === undefined) return { listed: [], rejected: [rejectedFor(entry, faults)] };
  const where = entry.place;
  if (fill === undefined) {
    const message = 'targets need a template: give the source an "entry", such as { type: libvirt, uri: … }';
    return { listed: [], rejected: [{ reason: 'invalid', where, message }] };
  }
  const listed: Listed[] = [];
  const rejected: Rejected[] = [];
  for (const target of value.targets) {
    const { host, port } = hostOf(target);
    const made = fill({ ...value.labels, target, host, port }, `${where}: ${target}`);
    if (isRejected(made)) rejected.push(made);
    else listed.push({ entry: made, host, where: `${where}: ${target}` });
  }
  return { listed, rejected };
}

/** The first fault says where; the name, if there is one, says which. */
function rejectedFor({ place, draft: { value } }: FileEntry, faults: readonly Fault[]): Rejected {
  const name = isObject(value) && typeof value.name === 'string' ? `${value.name}: ` : '';
  const [first] = faults;
  const where = first === undefined || first.place === '' ? place : first.place;
  const message = faults
    .map((fault) => formatFault(fault.place === where ? { ...fault, place: '' } : fault))
    .join('; ');
  return { reason: 'invalid', where, message: `${name}${message}` };
}
