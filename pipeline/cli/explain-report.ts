import type { RawReading } from '../audit/evidence.ts';
import type { Conclusion, Explanation, How, Step } from '../audit/explanation.ts';
import type { CounterWindow } from '../audit/window-search.ts';
import type { Meter } from '../model/meters.ts';
import { isoMicroseconds } from '../runtime/iso-time.ts';
import { exactJson } from '../runtime/json.ts';
import { formatFitting, type ReportColumn } from './stream-table.ts';
import { ABSENT, printable } from './table.ts';
import { words } from './window-argument.ts';

export interface ExplainedMeter {
  readonly meter: Meter;
  /** The configuration publishes the meter. */
  readonly isSelected: boolean;
  readonly explanation: Explanation;
}

const READING_COLUMNS: readonly ReportColumn[] = [
  { title: '', align: 'right' },
  { title: 'OBSERVED', align: 'left' },
  { title: 'VALUE', align: 'right' },
  { title: 'STATE', align: 'left', dispensable: 3 },
  { title: 'EPOCH', align: 'left', shrink: 'middle' },
  { title: 'HYPERVISOR', align: 'left', shrink: 'middle', dispensable: 1 },
  { title: 'COLLECTOR', align: 'left', shrink: 'middle', dispensable: 5 },
  { title: 'POLL', align: 'right' },
  { title: 'BEGUN', align: 'left', dispensable: 4 },
  { title: 'MESSAGE', align: 'left', dispensable: 2 },
];

const STEP_COLUMNS: readonly ReportColumn[] = [
  { title: '', align: 'right' },
  { title: 'STEP', align: 'left' },
  { title: 'FROM', align: 'left', dispensable: 1 },
  { title: 'TO', align: 'left' },
  { title: 'COUNTED', align: 'right' },
  { title: 'IN THE WINDOW', align: 'right' },
  // The last: it stands whole, and a narrow terminal wraps it.
  { title: 'WHY', align: 'left' },
];

/** The explanation for people. Amounts are in the counter's units. */
export function explanationLines(told: ExplainedMeter, width?: number): readonly string[] {
  const { meter, explanation } = told;
  const { window, steps } = explanation;
  const readings = readingsOf(steps);
  const places = new Map(readings.map((reading, at) => [reading, String(at + 1)]));
  const bounds = { start: window.windowStart, end: window.windowEnd };
  const readingTable = formatFitting(READING_COLUMNS, readings.map(readingRow), width);
  const stepTable = formatFitting(
    STEP_COLUMNS,
    steps.map((step, at) => stepRow(step, at, places)),
    width,
  );
  return [
    `${meter.name} of ${window.resource}, window ${words(bounds)} (${(bounds.end - bounds.start) / 1e6}s)`,
    valueLine(told),
    '',
    ...(readings.length === 0 ? ['no raw reading'] : ['Raw readings', ...readingTable]),
    '',
    ...(steps.every(({ how }) => how === 'read' || how === 'listed') ? [] : ['Steps', ...stepTable, '']),
    ...sumLines(told),
  ].map(printable);
}

/** Those that steps begin or end with, each once. */
export function readingsOf(steps: readonly Step[]): readonly RawReading[] {
  const all = new Set(steps.flatMap(({ before, reading }) => [before ?? [], reading ?? []].flat()));
  return [...all].sort((a, b) => a.observedAt - b.observedAt || a.recordedAt - b.recordedAt);
}

const clock = (us: number): string => isoMicroseconds(us).slice(11, 26);

const readingRow = (reading: RawReading, at: number): readonly string[] => {
  const { observedAt, value, state, epoch, source, poll, partition, offset, interval } = reading;
  return [
    String(at + 1),
    clock(observedAt),
    value === null ? ABSENT : interval === null ? String(value) : `${value} in ${interval / 1e6}s`,
    state.toLowerCase(),
    epoch ?? ABSENT,
    source.hypervisor,
    source.collector,
    `${poll.sequence}${poll.partial === null ? '' : ' (partial)'}`,
    clock(poll.startedAt),
    `${partition}/${offset}`,
  ];
};

function stepRow(step: Step, at: number, places: ReadonlyMap<RawReading, string>): readonly string[] {
  const { how, counted, reading, before } = step;
  const place = (of: RawReading | null) => (of === null ? ABSENT : `#${places.get(of)}`);
  return [
    String(at + 1),
    how,
    counted === null ? ABSENT : clock(counted.from),
    counted === null ? clock(reading?.observedAt ?? 0) : clock(counted.to),
    counted === null ? ABSENT : String(counted.amount),
    counted === null ? ABSENT : String(counted.part),
    why(step, place(before), place(reading)),
  ];
}

function why({ how, counted }: Step, before: string, reading: string): string {
  const notes = [
    WHY[how](before, reading),
    ...(counted?.gap ? ['nobody looked for longer than 3.5 intervals'] : []),
    ...(counted?.overtaken ? ['came when its windows may have been published'] : []),
  ];
  return notes.join('; ');
}

const WHY: Readonly<Record<How, (before: string, reading: string) => string>> = {
  growth: (before, reading) => `${reading} − ${before}`,
  amount: (_, reading) => `${reading} is an amount of its interval`,
  wrap: (before, reading) => `${reading} − ${before}, the counter has run over`,
  fallen: (before, reading) => `${reading} is below ${before}: it began anew, counted from zero`,
  'new epoch': (_, reading) => `${reading} is the first of its epoch: counted from zero`,
  other: (_, reading) => `up to ${reading}, by rules that its neighbours do not show`,
  baseline: (_, reading) => `${reading} is the first: what was counted before is nobody's`,
  'not newer': (_, reading) => `${reading} is not newer than what had been read`,
  regression: (before, reading) => `${reading} is below ${before} in the same epoch: not believed yet`,
  off: () => 'it did not run',
  'not read': () => 'the hypervisor did not give it',
  read: () => '',
  listed: () => '',
};

function valueLine({ meter, isSelected, explanation }: ExplainedMeter): string {
  const { sample } = explanation.window;
  if (sample === null) return 'no value: nothing of the window was covered';
  const { volume, unit, coverage, quality, flags, messageId, revision } = sample;
  const covered = coverage === null ? '' : `, coverage ${coverage}`;
  const again = revision > 0 ? `, revision ${revision}` : '';
  const marks = flags.length === 0 ? 'no flags' : `flags ${flags.join(', ')}`;
  const lost = isSelected ? '' : `; the configuration's meters leave ${meter.name} out, so it is not published`;
  return `${`${exactJson(volume)} ${unit}`.trimEnd()}${covered}, ${quality}, ${marks}${again}, message_id ${messageId}${lost}`;
}

function sumLines({ meter, explanation }: ExplainedMeter): readonly string[] {
  const { window, sum, carried, conclusion } = explanation;
  const { counter, gauge } = window;
  if (counter === null || sum === null) {
    if (gauge === null) return ['what the last poll in the window listed'];
    return [
      `last ${gauge.last}, least ${gauge.least}, most ${gauge.most}, mean over time ${gauge.mean}${divided(meter)}`,
      conclusion === 'different' ? 'NOT what the last reading says' : 'the last is what was read last in the window',
    ];
  }
  const verdict = VERDICTS[conclusion];
  return [
    `sum ${sum}${carried === 0n ? '' : `, ${carried > 0n ? 'carried in' : 'carried on'} ${magnitude(carried)}`}; the model gives ${counter.delta}: ${verdict}`,
    ...derivation(meter, counter),
  ];
}

const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

const VERDICTS: Readonly<Record<Conclusion, string>> = {
  equal: 'equal',
  'carried in': 'equal, with what came too late for windows that had been published',
  'carried on': 'equal, but for what came when this window had been published: a later one has it',
  different: 'NOT EQUAL: keep the raw data, this is a fault',
  read: 'read',
};

const divided = ({ divisor, unit }: Meter): string => (divisor === 1 ? '' : `; divided by ${divisor} for ${unit}`);

/** How the meter's value comes from the counter's movement in the window. */
function derivation(meter: Meter, counter: CounterWindow): readonly string[] {
  const { delta, total, rateDelta, rateTime, vcpus } = counter;
  const per = `${rateDelta} in ${rateTime / 1e6} s that were covered`;
  switch (meter.derivation) {
    case 'cumulative':
      return total === null
        ? []
        : [`cumulative: ${total - delta} before the window + ${delta} = ${total}${divided(meter)}`];
    case 'delta':
      return meter.divisor === 1 ? [] : [`delta: ${delta}${divided(meter)}`];
    case 'rate':
      return [`rate: ${per}${divided(meter)}`];
    case 'utilisation':
      return [`utilisation: ${per}, of ${vcpus} vCPUs, in ${meter.unit}`];
    case 'last':
      return [];
  }
}
