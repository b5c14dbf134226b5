import { standingInAll } from '../model/derive.ts';
import { createPartition } from '../model/partition.ts';
import type { Rules } from '../model/rules.ts';
import { standInsOf } from '../model/runs.ts';
import { restorePartition } from '../model/saved.ts';
import { SavedStateError } from '../model/saved-error.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import { isoMicroseconds } from '../runtime/iso-time.ts';
import { type Log, rewindTo } from '../state/rewind.ts';
import type { Taken } from '../state/store.ts';
import type { Owned } from './ownership.ts';

export interface TakingUp {
  readonly log: Log;
  readonly rules: Rules;
  /** Microseconds. */
  readonly rewind: number;
  readonly clock: Clock;
  readonly report: Report;
}

/**
 * A partition as it is taken up, and the offset to read it from. A saved state that a newer program wrote is not
 * touched: rejects with a SavedStateError. One that cannot be read is told, and built anew from the log.
 */
export async function takeUp(
  taking: TakingUp,
  index: number,
  taken: Taken,
): Promise<{ readonly owned: Owned; readonly start: number }> {
  const { start, liveFrom, saved, outbox } = taken;
  if (saved === null) return { owned: unsaved(taking.rules, index, start, liveFrom, outbox), start };
  try {
    const { partition, changes } = restorePartition(taking.rules, saved);
    for (const { size, change, at } of changes)
      taking.report({ event: 'state.window', partition: index, size, change, at: isoMicroseconds(at) });
    const standIns = standInsOf(partition.runs, partition.past);
    const waiting = outbox.map((entry) => ({ ...entry, samples: standingInAll(entry.samples, standIns) }));
    const owned = {
      ...unsaved(taking.rules, index, start, liveFrom, waiting),
      partition,
      restored: true,
      whole: false,
    };
    return { owned, start };
  } catch (error) {
    if (!(error instanceof SavedStateError) || error.code !== 'undecodable') throw error;
    taking.report({ event: 'state.lost', partition: index, reason: 'undecodable', detail: error.message });
    const position = await rebuildFrom(taking, index, liveFrom);
    return { owned: unsaved(taking.rules, index, position.start, position.liveFrom, outbox), start: position.start };
  }
}

/**
 * The partition as one that nobody has metered: its saved state is of another log. Messages from `before` on are left
 * over from reading that state's offsets.
 */
export async function takeAnew(
  { log, rules, report }: TakingUp,
  index: number,
  before: number,
): Promise<{ readonly owned: Owned; readonly start: number }> {
  report({
    event: 'state.lost',
    partition: index,
    reason: 'foreign',
    detail: `the log holds another message ${before - 1}`,
  });
  const { low } = await log.watermarkOffsets(index);
  return { owned: { ...unsaved(rules, index, low, low, []), before }, start: low };
}

/** The log's own account of what was delivered, or of what the lost state held where that is more. */
const rebuildFrom = ({ log, clock, rewind }: TakingUp, index: number, liveFrom: number) =>
  rewindTo(log, clock.now(), rewind, index, liveFrom);

const unsaved = (rules: Rules, index: number, start: number, liveFrom: number, outbox: Owned['outbox']): Owned => ({
  index,
  partition: createPartition(rules),
  liveFrom,
  restored: false,
  next: start,
  unfinished: null,
  before: Number.POSITIVE_INFINITY,
  whole: true,
  outbox,
});
