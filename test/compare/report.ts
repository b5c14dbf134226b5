import { ABSENT, formatTable } from '../../pipeline/cli/table.ts';
import type { Meter, Rule } from './judge.ts';
import type { Outcome, Total } from './trial.ts';

/** The letter that stands for a rule over its column. */
const LETTERS: Readonly<Record<Rule, string>> = { omit: 'a', zero: 'b', own: 'c' };
const LEGEND = [
  'least is what the counter has grown by at least; further right what a total is off by: below 0 is missing, above 0 too much',
  'a  differences of the counter; those below 0 left out',
  'b  differences of the counter; one that falls begins at 0',
  'c  the growth that the program gives itself',
];
/** What a meter is printed in. */
const UNITS: Readonly<Record<Meter, readonly [divisor: bigint, unit: string]>> = {
  cpu: [1_000_000n, 'cpu ms'],
  written: [1n, 'written B'],
  sent: [1n, 'sent B'],
};

/** The tables: what each program's totals lack, and what its polls cost. */
export const report = (outcome: Outcome): string =>
  ['', ...totalsTable(outcome.totals), ...LEGEND, '', ...costsTable(outcome), ''].join('\n');

/** Whether something is missing from the program's totals, or too much in them. */
export const hasLost = ({ totals }: Outcome, program: string): boolean =>
  totals.some((total) => total.program === program && total.off !== 0n);

/** A row a counter that moved, a column a program and way to add up: what is missing (below 0) or too much. */
function totalsTable(totals: readonly Total[]): readonly string[] {
  const columnOf = ({ program, rule }: Total): string => `${program} ${LETTERS[rule]}`;
  const rowOf = ({ phase, guest, meter }: Total): string => `${phase}|${guest}|${meter}`;
  const columns = [...new Set(totals.map(columnOf))];
  const rows = [...new Set(totals.map(rowOf))]
    .map((name) => totals.filter((total) => rowOf(total) === name))
    .filter((row) => row.some(({ truth }) => truth.most > 0n));
  return formatTable(
    ['phase', 'guest', 'meter', 'least', ...columns].map((title, index) => ({
      title,
      align: index < 3 ? 'left' : 'right',
    })),
    rows.map((row) => {
      // The last program's truth: Ceilometer, the first, has a cpu of its own.
      const { phase, guest, meter, truth } = row.at(-1) as Total;
      const [divisor, unit] = UNITS[meter];
      const cell = (column: string): string => {
        const off = row.find((total) => columnOf(total) === column)?.off;
        return off === null || off === undefined ? ABSENT : inUnits(off, divisor);
      };
      return [phase, guest.replace('compare-', ''), unit, inUnits(truth.least, divisor), ...columns.map(cell)];
    }),
  );
}

/** Of ns that are no whole number of ms one digit more, so that nothing looks like 0 that is not. */
const inUnits = (value: bigint, divisor: bigint): string =>
  value % divisor === 0n ? (value / divisor).toString() : (Number(value) / Number(divisor)).toFixed(1);

function costsTable({ costs, seen, due }: Outcome): readonly string[] {
  const least = Math.min(...costs.map(({ cpuNs }) => Number(cpuNs)));
  return formatTable(
    ['', ...costs.map(({ program }) => program)].map((title, index) => ({
      title,
      align: index === 0 ? 'left' : 'right',
    })),
    [
      ['polls in a calm minute', ...costs.map(({ polls }) => String(polls))],
      ['libvirt calls a poll', ...costs.map(({ calls, polls }) => (calls / polls).toFixed(1))],
      ['CPU time, to the least', ...costs.map(({ cpuNs }) => (Number(cpuNs) / least).toFixed(1))],
      ['intervals with a neighbour of the stopped QEMU', ...seen.map((count) => `${count} of ${due}`)],
    ],
  );
}
