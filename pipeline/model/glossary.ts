import type { CounterEvent, DropReason, Flag } from './flags.ts';
import type { Quality } from './sample.ts';

/** What the words that come out mean; docs/meters.md is printed from it. The types make every word have an entry. */
export const QUALITY_MEANINGS: Readonly<Record<Quality, string>> = {
  measured: 'all of it from readings inside the window',
  interpolated: 'an interval between two readings crosses a bound of the window and was split there in proportion',
  estimated: 'nobody looked for longer than 3.5 intervals; the growth over that gap was spread over its windows',
  lower_bound: 'at least this much; something before a restart was not seen',
};

export const FLAG_MEANINGS: Readonly<Record<Exclude<Flag, 'interpolated'>, string>> = {
  reset: 'a new epoch began (restart, migration); its counter is counted from zero',
  reset_inferred: 'the counter fell and stayed low without a new epoch being told: taken as a reset',
  wrap: 'a 32 or 64 bit counter passed its end',
  ambiguous: 'the counter may have passed its end more than once',
  regression: 'a reading was lower than the one before in the same epoch; it was passed over',
  epoch_conflict: 'a new epoch whose first value cannot have come together since its start: a baseline only',
  lower_bound: 'at least this much',
  estimated: 'spread over a gap, or put into its last window',
  edge: 'the whole growth over a gap stands in its last window',
  carried: 'holds what belongs to an earlier window that had been emitted already',
  late: 'emitted after its grace, when the readings that span it came',
};

export const DROP_MEANINGS: Readonly<Record<DropReason, string>> = {
  duplicate: 'the same reading again',
  late: 'older than what its epoch was already counted to; totals are not affected',
  conflict: 'another value for the same epoch and time; the first is kept',
  epoch_unknown: 'without an epoch, in a series whose epochs are named',
  fenced: 'polled by a collector after another one had taken its endpoint over',
  quarantined: 'further in the future than maxSkew; it moves no watermark',
  too_old: 'it is of, or reaches back to, more than 30 days before the log; it moves no watermark',
  clock_step: 'of a clock that went back, without a monotonic time to tell how far',
  malformed: 'a statistic of a type it cannot have, left out by the connector that read it',
  duplicate_uuid: 'of a VM or host whose uuid another one has as well: the one that runs is kept',
  ambiguous: 'of one VM or device as well as of another, by its name: whose it is is not guessed',
  unmatched: 'of a VM or device that the inventory does not have',
};

export const EVENT_MEANINGS: Readonly<Record<CounterEvent, string>> = {
  first: 'first reading ever of a series: a baseline, nothing counted',
  reset: 'a new epoch counted from zero',
  reset_inferred: 'a reset that only the values tell',
  wrap: 'a counter passed its end',
  ambiguous: 'a wrap that may be several',
  regression: 'a reading below the one before in its epoch',
  epoch_conflict: 'a new epoch whose first value is not plausible',
  implausible: 'growth faster than the counter can; counted all the same',
  gap: 'an interval longer than 3.5 polls',
  clock_step: 'the clock of a host or collector stepped',
  hole_lost: 'a span of a device for which no amount came: nobody will ask for it again',
  absent: 'an instance listed as off: its epochs ended',
  deleted: 'an instance that was told to be deleted: its epochs ended',
};
