import { createVersus, type WindowDifference } from '../audit/versus.ts';
import type { Selection } from '../model/meters.ts';
import type { Clock } from '../runtime/clock.ts';
import { exactJson } from '../runtime/json.ts';
import { differenceJson, resultJson, resultLines } from './against-report.ts';
import type { Settings } from './composition.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { interruptOf } from './interrupt.ts';
import { createMetering, type Takes, tallyLines, windowsOf } from './metering.ts';
import { lagOf, type ReplayLog, type ReplayRange } from './replay-log.ts';
import { deriveRulesOf } from './roles.ts';
import { narrowed, type SampleChoice } from './sample-choice.ts';
import { type Terminal, writeLine } from './terminal.ts';

export interface Against extends SampleChoice {
  readonly config: Settings;
  readonly other: Settings;
  readonly range: ReplayRange;
  readonly final?: boolean;
  readonly output: string;
}

/** Windows that differ and are shown to people. */
const SHOWN = 10;

/** Meters the same raw data by both configurations and tells how what comes out differs. */
export async function compareConfigs(
  log: ReplayLog,
  against: Against,
  terminal: Terminal,
  clock: Clock,
): Promise<void> {
  const { config, other, range, final, output } = against;
  const selected = (each: Settings) => narrowed(deriveRulesOf(each).selection, against.meter);
  const meters = commonMeters(selected(config), selected(other));
  const choice = { ...against, from: range.since, until: range.until };
  const first = createMetering(config, choice, meters.both);
  const second = createMetering(other, choice, meters.both);
  const isFinal = final ?? log.isWhole;
  const shown: WindowDifference[] = [];
  let waiting: string[] = [];
  const versus = createVersus({
    sizes: { first: sizesOf(config), other: sizesOf(other) },
    revises: { first: config.pipeline.late === 'revise', other: other.pipeline.late === 'revise' },
    ...boundsOf(range, [config, other], isFinal ? Number.POSITIVE_INFINITY : log.endedAt),
    onWindow: (difference) => {
      if (output === 'json') waiting.push(exactJson(differenceJson(difference)));
      else if (shown.length < SHOWN) shown.push(difference);
    },
  });
  const flush = async (): Promise<void> => {
    if (waiting.length > 0) await writeLine(terminal.stdout, waiting.join('\n'));
    waiting = [];
  };
  const both: Takes<void> = {
    take: (message) => {
      versus.take('first', first.take(message));
      versus.take('other', second.take(message));
    },
    finish: (now) => {
      versus.take('first', first.finish(now));
      versus.take('other', second.finish(now));
    },
  };
  const interrupt = interruptOf(terminal);
  try {
    for await (const _ of windowsOf(log, final, both, interrupt, terminal, clock)) await flush();
  } finally {
    interrupt.release();
  }
  const result = versus.finish();
  await flush();
  const sizes = { first: sizesOf(config), other: sizesOf(other) };
  const told = { ...result, sizes, onlyFirst: meters.first, onlyOther: meters.other };
  if (output === 'json') await writeLine(terminal.stdout, exactJson(resultJson(told)));
  else await writeLine(terminal.stdout, resultLines(told, shown, terminal.stdout.columns).join('\n'));
  for (const line of tallyLines(first.tally)) await writeLine(terminal.stderr, line);
  if (result.series.length > 0) throw new CommandFailure(EXIT.data, '');
}

const sizesOf = ({ pipeline }: Settings): readonly number[] => pipeline.windows.map(({ size }) => size);

/** What both select is compared; names of what only one does. */
function commonMeters(
  first: Selection,
  other: Selection,
): { readonly both: ReadonlySet<string>; readonly first: readonly string[]; readonly other: readonly string[] } {
  const inFirst = namesIn(first);
  const inOther = namesIn(other);
  return {
    both: new Set(inFirst.filter((name) => inOther.includes(name))),
    first: inFirst.filter((name) => !inOther.includes(name)),
    other: inOther.filter((name) => !inFirst.includes(name)),
  };
}

const namesIn = (selection: Selection): readonly string[] => selection.flat(2).map(({ name }) => name);

/** Totals are taken between bounds of windows of every size, up to where all have come; where there is no end, of all. */
function boundsOf(
  { since, until }: ReplayRange,
  configs: readonly [Settings, Settings],
  end: number,
): { readonly from: number; readonly until: number } {
  const step = configs.flatMap(sizesOf).reduce(commonMultiple);
  const lag = Math.max(...configs.map(lagOf));
  return {
    from: Math.ceil(since / step) * step,
    until: Math.floor(Math.min(until, end - lag) / step) * step,
  };
}

const commonMultiple = (a: number, b: number): number => (a / commonDivisor(a, b)) * b;
const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));
