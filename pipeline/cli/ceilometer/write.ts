import { stringify } from 'yaml';
import type { Imported, ImportedSink } from './import.ts';
import { isVariable } from './publisher-url.ts';

/** The configuration as YAML, with what has to be known beside it as comments. */
export function writeImported({ intervalS, meters, sinks }: Imported, file: string): string {
  return [
    comment(`Made of ${file} by hypermeter config import-ceilometer. Hypervisors are yet to be named:`, ''),
    'connectors: []\n',
    intervalS === null ? '' : `\n${comment(INTERVAL, '')}collector:\n  interval: ${intervalS}s\n`,
    meters === null ? '' : `\n${comment(DERIVED, '')}${stringify({ meters })}`,
    '\nsinks:',
    sinks.some(({ config }) => config !== null) ? '\n' : ' []\n',
    ...sinks.map(writeSink),
  ].join('');
}

const INTERVAL = 'Samples come once a window (pipeline.windows, 60s without it), however often hypervisors are polled.';
const DERIVED =
  "Transformers make these anew. Hypermeter's own are exact, also over restarts: see docs/transformers.md.";

function writeSink({ origin, notes, config }: ImportedSink): string {
  const above = [`Sink ${origin}`, ...notes].map((note) => comment(note, '  ')).join('');
  if (config === null) return above;
  const [first = '', ...lines] = stringify(escaped(config), { lineWidth: 0 }).trimEnd().split('\n');
  return `${above}  - ${first}\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

/** A note is one line, whatever the file that it quotes held. */
const comment = (text: string, margin: string): string => `${margin}# ${text.replace(/\s+/g, ' ')}\n`;

/** In names and expressions of the file `${` stands for itself; variables are ours. */
function escaped(value: unknown): unknown {
  if (typeof value === 'string') return isVariable(value) ? value : value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, escaped(member)]));
}
