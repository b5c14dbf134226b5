import { formatUuid } from '../model/resource.ts';
import type { Sample } from '../model/sample.ts';
import { formatFitting, type ReportColumn } from './stream-table.ts';
import { ABSENT } from './table.ts';

/** What the demo shows of one instance in one window: rates are summed over its devices. */
interface Line {
  readonly name: string;
  readonly host: string;
  readonly values: Map<string, number>;
  coverage: number;
  readonly flags: Set<string>;
}

const SHOWN = 12;
const RATES = [
  'disk.device.read.bytes.rate',
  'disk.device.write.bytes.rate',
  'network.incoming.bytes.rate',
  'network.outgoing.bytes.rate',
] as const;

const COLUMNS: readonly ReportColumn[] = [
  { title: 'INSTANCE', align: 'left', shrink: 'middle', least: 16 },
  { title: 'HOST', align: 'left', shrink: 'middle', least: 12, dispensable: 3 },
  { title: 'VCPUS', align: 'right', dispensable: 5 },
  { title: 'CPU %', align: 'right' },
  { title: 'MEMORY MiB', align: 'right', dispensable: 4 },
  { title: 'READ B/s', align: 'right', dispensable: 1 },
  { title: 'WRITE B/s', align: 'right', dispensable: 1 },
  { title: 'IN B/s', align: 'right', dispensable: 2 },
  { title: 'OUT B/s', align: 'right', dispensable: 2 },
  { title: 'SEEN', align: 'right' },
  { title: 'FLAGS', align: 'left', shrink: true },
];

/** Gathers the samples of one window until it is shown. */
export interface WindowView {
  readonly start: number;
  readonly end: number;
  add(sample: Sample): void;
  /** The window as a table of the busiest instances, with a line above and, if there are more, one below. */
  lines(width: number | undefined): readonly string[];
}

export function createWindowView(start: number, end: number): WindowView {
  const instances = new Map<string, Line>();
  let samples = 0;
  return {
    start,
    end,
    add: (sample) => {
      samples++;
      addTo(instances, sample);
    },
    lines: (width) => {
      const busiest = [...instances.values()].sort((a, b) => meterOf(b, 'cpu_util') - meterOf(a, 'cpu_util'));
      const rest = busiest.length - SHOWN;
      return [
        `Window ${clockTime(start)} – ${clockTime(end)} UTC: ${instances.size} instances, ${samples} samples`,
        ...formatFitting(COLUMNS, busiest.slice(0, SHOWN).map(rowOf), width),
        ...(rest > 0 ? [`… and ${rest} more`] : []),
      ];
    },
  };
}

function addTo(instances: Map<string, Line>, { name, resource, volume, coverage, flags }: Sample): void {
  const { metadata } = resource;
  // A host's, which has meters of other names.
  if (metadata.instance_id === undefined) return;
  const id = String(metadata.instance_id);
  let line = instances.get(id);
  if (!line) {
    line = {
      name: String(metadata.display_name ?? formatUuid(id)),
      host: String(metadata.instance_host ?? ABSENT),
      values: new Map(),
      coverage: 1,
      flags: new Set(),
    };
    instances.set(id, line);
  }
  line.values.set(name, (line.values.get(name) ?? 0) + Number(volume));
  if (name === 'cpu_util' && coverage !== null) line.coverage = coverage;
  for (const flag of flags) line.flags.add(flag);
}

const meterOf = (line: Line, meter: string): number => line.values.get(meter) ?? -1;

const rowOf = (line: Line): readonly string[] => [
  line.name,
  line.host,
  shown(line, 'vcpus', 0),
  shown(line, 'cpu_util', 1),
  shown(line, 'memory', 0),
  ...RATES.map((rate) => shown(line, rate, 0)),
  `${Math.round(line.coverage * 100)} %`,
  [...line.flags].join(' '),
];

function shown(line: Line, meter: string, digits: number): string {
  const value = line.values.get(meter);
  return value === undefined
    ? ABSENT
    : value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const clockTime = (us: number): string => new Date(us / 1000).toISOString().slice(11, 19);
