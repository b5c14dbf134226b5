import { residualOf, type Verdict } from '../audit/audit.ts';
import type { Imbalance, MeterBalance } from '../audit/conservation.ts';
import type { ChangeOfSize } from '../audit/history.ts';
import { type HostShare, TOLERANCE } from '../audit/host-shares.ts';
import { formatUuid } from '../model/resource.ts';
import { plural } from './human.ts';
import { formatFitting, type ReportColumn } from './stream-table.ts';
import { printable } from './table.ts';

const NAMED = 10;
const INDENT = '  ';

const BALANCE_COLUMNS: readonly ReportColumn[] = [
  { title: 'WINDOW', align: 'right' },
  { title: 'METER', align: 'left', shrink: 'middle', least: 28 },
  { title: 'SERIES', align: 'right', dispensable: 2 },
  { title: 'MOVEMENT', align: 'right' },
  { title: 'PUBLISHED', align: 'right' },
  { title: 'CARRIED', align: 'right', dispensable: 1 },
  { title: 'RESIDUAL', align: 'right' },
];
const IMBALANCE_COLUMNS: readonly ReportColumn[] = [
  { title: 'VM', align: 'left', shrink: 'middle', least: 14 },
  { title: 'DEVICE', align: 'left', shrink: 'middle' },
  { title: 'METER', align: 'left', shrink: 'middle', least: 22 },
  { title: 'WINDOW', align: 'right', dispensable: 1 },
  { title: 'THROUGH', align: 'left', dispensable: 2 },
  { title: 'MOVEMENT', align: 'right', dispensable: 3 },
  { title: 'PUBLISHED', align: 'right', dispensable: 3 },
  { title: 'RESIDUAL', align: 'right' },
];

const HOST_COLUMNS: readonly ReportColumn[] = [
  { title: 'HOST', align: 'left', shrink: 'middle', least: 12 },
  { title: 'OF', align: 'left' },
  { title: 'WINDOWS', align: 'right', dispensable: 1 },
  { title: 'VMS', align: 'right' },
  { title: 'HOST ITSELF', align: 'right' },
  { title: 'RATIO', align: 'right' },
  { title: 'HIGHEST', align: 'right' },
  { title: 'WINDOW UNTIL', align: 'left', dispensable: 2 },
  { title: 'ABOVE', align: 'right' },
];

/** The verdict for people: the figures, then what is wrong, worst first, the first few of each kind. */
export function verdictLines(verdict: Verdict, columns?: number): readonly string[] {
  const { windows, lines, raw, balances, judgesTotals } = verdict;
  const without = judgesTotals ? '' : '; cumulatives not judged: the log does not reach back to their beginning';
  return [
    `windows from ${timeOf(verdict.bounds.from)} until ${timeOf(verdict.bounds.until)}`,
    `${plural(raw.messages, 'raw message')} (${raw.unreadable} unreadable), ${plural(lines.read, 'published sample')} (${lines.outside} outside, ${plural(lines.broken, 'broken line')}${halfWritten(lines)})`,
    ...verdict.changes.map(changeLine),
    '',
    ...formatFitting(BALANCE_COLUMNS, balances.map(balanceRow), columns),
    '',
    `residual ${residualOf(verdict)}`,
    `lost ${windows.lost}, wrong ${windows.wrong}, unexpected ${windows.unexpected} of ${plural(windows.expected, 'window')}${without}`,
    `duplicates ${lines.duplicates}, unequal duplicates ${lines.unequal}`,
    ...faultLines(verdict, columns),
    ...hostLines(verdict, columns),
  ];
}

const halfWritten = ({ halfWritten: count }: Verdict['lines']): string =>
  count === 0 ? '' : `, ${plural(count, 'half-written line')}`;

/** The figures of a size that changed are those of the one in whose stead it was. */
function changeLine({ size, successor, at, partitions }: ChangeOfSize): string {
  const from = successor === null ? '' : `, of ${seconds(successor)} from then on`;
  return `windows of ${seconds(size)} until ${timeOf(at)}${from}, in ${plural(partitions, 'partition')}`;
}

/** What VMs took of their hosts: that is a check of what hypervisors tell, not of what was made of it. */
function hostLines({ hosts }: Verdict, columns: number | undefined): readonly string[] {
  if (hosts.length === 0) return [];
  const tooMuch = hosts.filter(({ isTooMuch }) => isTooMuch).length;
  const verdict = tooMuch === 0 ? 'no sum is above its host' : `TOO MUCH: ${plural(tooMuch, 'sum')} above the host`;
  return [
    '',
    ...formatFitting(HOST_COLUMNS, hosts.map(hostRow), columns),
    '',
    `${verdict}, give or take ${TOLERANCE * 100} %`,
  ].map((line) => printable(line));
}

const percent = (ratio: number | null | undefined): string => (ratio == null ? '' : `${(100 * ratio).toFixed(1)} %`);

/** CPU time in seconds, all else in MiB. */
const amountOf = (what: HostShare['what'], amount: number): string =>
  what === 'cpu time' ? `${(amount / 1e9).toFixed(1)} s` : `${(amount / 2 ** 20).toFixed(1)} MiB`;

const hostRow = ({
  host,
  what,
  windows,
  ofVms,
  ofHost,
  ratio,
  worst,
  above,
  isTooMuch,
}: HostShare): readonly string[] => [
  host,
  what,
  String(windows),
  amountOf(what, ofVms),
  amountOf(what, ofHost),
  `${percent(ratio)}${isTooMuch ? ' !' : ''}`,
  percent(worst?.ratio),
  worst === null ? '' : timeOf(worst.windowEnd),
  String(above),
];

function faultLines(verdict: Verdict, columns: number | undefined): readonly string[] {
  const { imbalances, windows, wrongWindows, unexpectedLines, unequalLines, lines } = verdict;
  const width = columns === undefined ? undefined : columns - INDENT.length;
  const worst = formatFitting(IMBALANCE_COLUMNS, imbalances.slice(0, NAMED).map(imbalanceRow), width);
  return [
    ...headed('does not balance', imbalances.length, imbalances.length === 0 ? [] : worst),
    ...headed('lost', windows.lost, windows.lostLines.map(nameOf)),
    ...headed(
      'wrong',
      windows.wrong,
      wrongWindows.map(
        ({ expected, differences }) => `${nameOf(expected)}: ${differences?.join('; ') ?? 'other content'}`,
      ),
    ),
    ...headed('unequal duplicates', lines.unequal, unequalLines.map(nameOf)),
    ...headed('unexpected', windows.unexpected, unexpectedLines.map(nameOf)),
    ...headed('broken lines', lines.broken, lines.brokenLines),
  ].map((line) => printable(line));
}

const headed = (title: string, count: number, named: readonly string[]): readonly string[] =>
  count === 0
    ? []
    : [
        '',
        `${title}: ${count}${count > NAMED ? `, the first ${NAMED}` : ''}`,
        ...named.map((line) => `${INDENT}${line}`),
      ];

const seconds = (us: number): string => `${us / 1e6}s`;
const timeOf = (us: number): string => (Number.isFinite(us) ? new Date(us / 1000).toISOString() : 'any time');

const balanceRow = ({
  meter,
  size,
  series,
  movement,
  published,
  carried,
  residual,
}: MeterBalance): readonly string[] => [
  seconds(size),
  meter.name,
  ...[series, movement, published, carried, residual].map(String),
];

const imbalanceRow = (each: Imbalance): readonly string[] => [
  formatUuid(each.instance),
  each.device,
  each.meter.name,
  seconds(each.size),
  timeOf(each.windowEnd),
  ...[each.movement, each.published, each.residual].map(String),
];

interface Line {
  readonly counter_name?: unknown;
  readonly resource_id?: unknown;
  readonly window_start?: unknown;
  readonly window_end?: unknown;
  readonly timestamp?: unknown;
}

/** Which window of which series a published line is. */
function nameOf(line: string): string {
  const { counter_name, resource_id, window_start, window_end, timestamp }: Line = JSON.parse(line);
  const window = window_start === undefined ? `until ${timestamp}` : `${window_start} to ${window_end}`;
  return `${counter_name} of ${resource_id}, ${window}`;
}

/** The verdict for programs: every figure, and of the faults the first few. Amounts in the counter's units. */
export const verdictJson = (verdict: Verdict): object => ({
  residual: residualOf(verdict),
  lost: verdict.windows.lost,
  wrong: verdict.windows.wrong,
  unexpected: verdict.windows.unexpected,
  duplicates: verdict.lines.duplicates,
  unequal_duplicates: verdict.lines.unequal,
  expected: verdict.windows.expected,
  from: timeOrNull(verdict.bounds.from),
  until: timeOrNull(verdict.bounds.until),
  raw_messages: verdict.raw.messages,
  unreadable_messages: verdict.raw.unreadable,
  raw_since: timeOrNull(verdict.raw.since),
  cumulatives_judged: verdict.judgesTotals,
  published_samples: verdict.lines.read,
  outside_samples: verdict.lines.outside,
  broken_lines: verdict.lines.broken,
  half_written_lines: verdict.lines.halfWritten,
  window_changes: verdict.changes.map(({ size, successor, at, partitions }) => ({
    window: seconds(size),
    successor: successor === null ? null : seconds(successor),
    at: timeOf(at),
    partitions,
  })),
  meters: verdict.balances.map(({ meter, size, series, movement, published, carried, residual }) => ({
    meter: meter.name,
    window: seconds(size),
    series,
    movement,
    published,
    carried,
    residual,
  })),
  imbalances: verdict.imbalances.slice(0, NAMED).map(({ instance, device, meter, size, windowEnd, ...amounts }) => ({
    instance_id: formatUuid(instance),
    device,
    meter: meter.name,
    window: seconds(size),
    through: timeOf(windowEnd),
    ...amounts,
  })),
  hosts: verdict.hosts.map(({ host, what, size, windows, ofVms, ofHost, ratio, worst, above, isTooMuch }) => ({
    host,
    of: what,
    window: seconds(size),
    windows,
    vms: ofVms,
    host_itself: ofHost,
    ratio,
    highest_ratio: worst?.ratio ?? null,
    highest_until: worst === null ? null : timeOf(worst.windowEnd),
    windows_above: above,
    too_much: isTooMuch,
  })),
  lost_windows: verdict.windows.lostLines.map(nameOf),
  wrong_windows: verdict.wrongWindows.map(({ expected, differences }) => ({ window: nameOf(expected), differences })),
  unequal_lines: verdict.unequalLines.map(nameOf),
  unexpected_lines: verdict.unexpectedLines.map(nameOf),
  broken: verdict.lines.brokenLines,
});

const timeOrNull = (us: number): string | null => (Number.isFinite(us) ? timeOf(us) : null);
