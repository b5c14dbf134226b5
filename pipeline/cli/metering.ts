import { createReplay, type RawMessage, type Replay } from '../audit/replay.ts';
import { DROP_REASONS, type DropReason } from '../model/flags.ts';
import type { Sample } from '../model/sample.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Settings } from './composition.ts';
import type { Interrupt } from './interrupt.ts';
import { progressOn } from './progress.ts';
import { END_OF_TIME, type ReplayLog } from './replay-log.ts';
import { deriveRulesOf, rulesOf } from './roles.ts';
import { narrowed, resourceFilter, type SampleChoice } from './sample-choice.ts';
import type { Terminal } from './terminal.ts';

/** The windows that raw data gives by a configuration's own rules, as far as they are wanted. */
export interface Metering {
  take(message: RawMessage): readonly Sample[];
  /** What the wall clock lets out by a time, microseconds, once everything has been taken. */
  finish(now: number): readonly Sample[];
  readonly tally: MeteringTally;
}

export interface MeteringTally {
  messages: number;
  unreadable: number;
  samples: number;
  /** Readings that did not enter a total. */
  readonly drops: Map<DropReason, number>;
}

/** Windows that begin and end within, microseconds; ±∞ where nothing was asked for. */
export interface MeteringChoice extends SampleChoice {
  readonly from: number;
  readonly until: number;
}

/** `among`: of the meters that the configuration selects only these. Throws a CommandFailure where a wanted meter is none. */
export function createMetering(config: Settings, choice: MeteringChoice, among?: ReadonlySet<string>): Metering {
  const tally: MeteringTally = { messages: 0, unreadable: 0, samples: 0, drops: new Map() };
  const deriveRules = deriveRulesOf(config);
  const selected = narrowed(deriveRules.selection, choice.meter);
  const selection = among
    ? selected.map((fields) => fields.map((meters) => meters.filter(({ name }) => among.has(name))))
    : selected;
  const isWanted = resourceFilter(choice);
  const replay: Replay = createReplay(
    rulesOf(config),
    { ...deriveRules, selection },
    () => undefined,
    ({ drops }) => {
      for (const reason of DROP_REASONS)
        if (drops[reason] > 0) tally.drops.set(reason, (tally.drops.get(reason) ?? 0) + drops[reason]);
    },
  );
  const wanted = (samples: readonly Sample[]): readonly Sample[] => {
    const chosen = samples.filter(
      (sample) => sample.windowStart >= choice.from && sample.windowEnd <= choice.until && isWanted(sample),
    );
    tally.samples += chosen.length;
    return chosen;
  };
  return {
    tally,
    take: (message) => {
      tally.messages++;
      const samples = replay.take(message);
      if (samples === null) tally.unreadable++;
      return wanted(samples ?? []);
    },
    finish: (now) => wanted(replay.finish(now)),
  };
}

/** What came, in words, and what of it does not show in any sample. */
export function tallyLines({ messages, unreadable, samples, drops }: MeteringTally): readonly string[] {
  const dropped = [...drops].map(([reason, count]) => `${count} ${reason}`).join(', ');
  const broken = unreadable === 0 ? '' : ` (${unreadable} unreadable)`;
  return [
    `${messages} raw messages${broken}, ${samples} samples`,
    ...(dropped === '' ? [] : [`readings that entered no total: ${dropped}`]),
  ];
}

/** What is not as it was published. */
export const BEGINS_LATE =
  'cumulative meters count from where reading began, not as they were published; deltas, rates and gauges are the same';

/** What takes raw messages and gives something for them. */
export interface Takes<T> {
  take(message: RawMessage): T;
  finish(now: number): T;
}

/** What metering gives of a log, message by message, and at its end. `final`: as asked, undefined: as the log is. */
export async function* windowsOf<T>(
  log: ReplayLog,
  final: boolean | undefined,
  metering: Takes<T>,
  interrupt: Interrupt,
  terminal: Terminal,
  clock: Clock,
): AsyncGenerator<T> {
  const progress = progressOn(terminal, clock, 'raw messages');
  let messages = 0;
  for await (const pulled of log.messages()) {
    for (const message of pulled) yield metering.take(message);
    messages += pulled.length;
    progress(messages, log.total());
    if (interrupt.isOver()) return;
  }
  if (final ?? log.isWhole) yield metering.finish(END_OF_TIME);
  else if (!log.isWhole) yield metering.finish(log.endedAt);
}
