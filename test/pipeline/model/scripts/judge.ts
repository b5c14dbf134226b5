import { type Came, showCame } from './came.ts';
import { numberOf } from './cells.ts';
import type { Played } from './play.ts';
import type { ExpectedCount, ExpectedTotal, ExpectedWindow, Place, Script } from './script.ts';
import { formatTime, timeOf } from './times.ts';

/** Where what came is not what the script expects: one sentence each, with file and line. Empty: it is. */
export function judge(script: Script, { came, tally, unbalanced }: Played): readonly string[] {
  const { place, windows, drops, events, totals } = script;
  return [
    ...judgeWindows(script, came),
    ...windowsTwice(windows),
    ...drops.flatMap((expected) => judgeCount(expected, tally.drops)),
    ...events.flatMap((expected) => judgeCount(expected, tally.events)),
    ...unexpectedDrops(place, drops, tally.drops),
    ...totals.flatMap((expected) => judgeTotal(expected, came)),
    ...unbalanced.map((sentence) => at(place, sentence)),
  ];
}

const at = ({ file, line }: Place, sentence: string): string => `${file}:${line}: ${sentence}`;

interface Named {
  readonly series: string;
  readonly from: number;
  readonly to: number;
  readonly fields: ReadonlyMap<string, string>;
}

const keyOf = ({ series, from, to, fields }: Named): string =>
  `${series} ${formatTime(from)}..${formatTime(to)} revision ${fields.get('revision') ?? '0'}`;

function judgeWindows({ place, loads, windows, any }: Script, came: readonly Came[]): readonly string[] {
  const loaded = new Set(loads.map(({ series }) => series.label));
  const expected = new Map(windows.map((window) => [keyOf(window), window]));
  const met = new Set<string>();
  const problems: string[] = [];
  for (const window of came) {
    if (!loaded.has(window.series)) continue;
    const key = keyOf(window);
    const meant = expected.get(key);
    if (met.has(key)) problems.push(at(place, `came once more: ${showCame(window)}`));
    else if (meant) problems.push(...judgeWindow(meant, window));
    else if (!any) problems.push(at(place, `came and is not expected: ${showCame(window)}`));
    met.add(key);
  }
  const missing = [...expected].filter(([key]) => !met.has(key));
  return [...problems, ...missing.map(([, window]) => at(window.place, `expected ${showMeant(window)}; nothing came`))];
}

function judgeWindow(meant: ExpectedWindow, window: Came): readonly string[] {
  const wanted = new Map([['flags', '-'], ...meant.fields].map(([name, value]) => [name as string, value as string]));
  if (!window.fields.has('flags') && !meant.fields.has('flags')) wanted.delete('flags');
  const wrong = [...wanted].filter(([name, value]) => !agree(name, value, window.fields.get(name)));
  if (wrong.length === 0) return [];
  const words = wrong.map(([name, value]) => `${name} ${value}`).join(' ');
  return [at(meant.place, `expected ${words}; came ${showCame(window)}`)];
}

/** Does a field that came say what was written? Rates and means are rounded to the decimals that are written. */
function agree(name: string, written: string, came: string | undefined): boolean {
  if (came === undefined) return false;
  if (came === written) return true;
  if (came === 'none' || written === 'none') return false;
  if (name === 'rate' || name === 'mean') return rounded(came, written) === rounded(written, written);
  if (name === 'flags') return [...came.split(',')].sort().join() === [...written.split(',')].sort().join();
  if (name === 'coverage' || name === 'at') return timeOf(written) === timeOf(came);
  return numberOf(written) !== undefined && numberOf(written) === numberOf(came);
}

/** A number with as many decimals as are written. */
const rounded = (number: string, written: string): string => Number(number).toFixed(written.split('.')[1]?.length ?? 0);

function windowsTwice(windows: readonly ExpectedWindow[]): readonly string[] {
  const first = new Map<string, ExpectedWindow>();
  return windows.flatMap((window) => {
    const key = keyOf(window);
    const before = first.get(key);
    first.set(key, before ?? window);
    return before ? [at(window.place, `expected already in line ${before.place.line}: ${showMeant(window)}`)] : [];
  });
}

function showMeant({ series, from, to, fields }: ExpectedWindow): string {
  const words = [...fields].map(([name, value]) => ` ${name} ${value}`);
  return `${series} ${formatTime(from)}..${formatTime(to)}${words.join('')}`;
}

function judgeCount(
  { place, name, count }: ExpectedCount,
  counts: Readonly<Record<string, number>>,
): readonly string[] {
  const times = counts[name] ?? 0;
  return times === count ? [] : [at(place, `expected ${name} ${count}; came ${name} ${times}`)];
}

function unexpectedDrops(
  place: Place,
  expected: readonly ExpectedCount[],
  drops: Readonly<Record<string, number>>,
): readonly string[] {
  return Object.entries(drops)
    .filter(([reason, count]) => count > 0 && !expected.some(({ name }) => name === reason))
    .map(([reason, count]) => at(place, `dropped and not expected: ${reason} ${count}`));
}

function judgeTotal({ place, series, total }: ExpectedTotal, came: readonly Came[]): readonly string[] {
  const bySize = new Map<number, bigint>();
  for (const { series: of, from, to, fields } of came) {
    if (of === series) bySize.set(to - from, (bySize.get(to - from) ?? 0n) + BigInt(fields.get('delta') ?? 0));
  }
  const sums = bySize.size === 0 ? [0n] : [...bySize.values()];
  return sums.filter((sum) => sum !== total).map((sum) => at(place, `expected ${series} total ${total}; came ${sum}`));
}
