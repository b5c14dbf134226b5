import { DROP_MEANINGS, EVENT_MEANINGS, FLAG_MEANINGS, QUALITY_MEANINGS } from '../model/glossary.ts';
import { type Derivation, METERS, type Meter, RESOURCES, STATISTICS } from '../model/meters.ts';
import { NOT_GIVEN } from '../model/meters-not-given.ts';

const INTRODUCTION = `# Meters

<!-- Printed from pipeline/model/meters.ts, meters-not-given.ts and glossary.ts; a test compares. -->

Names, types, units and resource ids are Ceilometer's. A window holds (start, end]; a sample's timestamp is the window's
end, and its \`message_id\` is the same at every attempt and in every replay. \`meters:\` selects by Ceilometer's grammar:
wildcards, \`!\` excludes.

- *cumulative*: grows over the instance's whole life, through restarts and migrations; it starts from the counter's first
  reading.
- *delta*: growth in the window. The deltas of all windows sum to the movement of the counter.
- *gauge* \`.rate\`: growth a second of the observed time. A window in which nothing was observed has none.
- \`coverage\`: observed share of the window. \`quality\` and \`flags\`: below.
- Resource: the instance's uuid; \`{uuid}-{disk}\`; \`{instance name}-{uuid}-{interface}\` or the nic's filter. Of a
  host \`{host}_{host}\`, as of nova's meters of a node; \`{host}_{host}-{device}\`.
- A sink with \`units: MB\` gets MB and GB for MiB and GiB, as Ceilometer wrote before release 26; the values are the same.
- *Made of*: the statistic of the raw topic (avro/snapshot.avsc) and how. *Ceilometer*: the release since which its agent
  has the meter, or those from which to which it had it; none: the name follows its rules.`;

const DERIVATIONS: Readonly<Record<Derivation, string>> = {
  cumulative: 'sum from the first reading',
  delta: 'growth',
  rate: 'growth / time',
  utilisation: 'growth / time / vcpus',
  last: 'latest',
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const words = (head: string, meanings: Readonly<Record<string, string>>): string =>
  table(
    [head, 'Meaning'],
    Object.entries(meanings).map(([word, meaning]) => [`\`${word}\``, meaning]),
  );

const row = ({
  name,
  type,
  unit,
  kind,
  field,
  derivation,
  divisor,
  ceilometer,
  description,
}: Meter): readonly string[] => [
  `\`${name}\``,
  type,
  unit,
  RESOURCES[kind] ?? '',
  `\`${STATISTICS[kind]?.[field]}\`, ${DERIVATIONS[derivation]}${divisor === 2 ** 20 ? ' / 2^20' : ''}`,
  ceilometer ?? 'none',
  description,
];

/** docs/meters.md. */
export const meterDocs = (): string =>
  [
    INTRODUCTION,
    table(['Meter', 'Type', 'Unit', 'Resource', 'Made of', 'Ceilometer', 'Meaning'], METERS.map(row)),
    '## Meters of Ceilometer that are not given',
    table(
      ['Meter', 'Why'],
      NOT_GIVEN.map(({ names, why }) => [names.map((name) => `\`${name}\``).join(', '), why]),
    ),
    '## Quality',
    words('Quality', QUALITY_MEANINGS),
    '## Flags',
    words('Flag', FLAG_MEANINGS),
    '## Readings left out',
    'Counted by `hypermeter_readings_dropped_total{reason}`.',
    words('Reason', DROP_MEANINGS),
    '## What counters met',
    'Counted by `hypermeter_counter_events_total{kind}`.',
    words('Kind', EVENT_MEANINGS),
  ].join('\n\n');
