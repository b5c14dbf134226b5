import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../runtime/config/units.ts';

/** Parses a time such as 2026-11-24T00:00Z into microseconds; without a zone it is UTC, wherever the machine is. */
export function timeUs(text: string): number {
  const us = timeIn(text);
  if (us === null) throw new InvalidArgumentError('expected a time such as 2026-11-24T00:00Z.');
  return us;
}

const TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** Microseconds of a time as `timeUs` takes it, with a blank for the T as well; null where it is none. */
export function timeIn(text: string): number | null {
  const [, day, minute = '00:00', second = '00', fraction = '', zone = 'Z'] = TIME.exec(text) ?? [];
  if (day === undefined) return null;
  const midnight = Date.parse(`${day}T00:00Z`);
  // What the calendar does not have, such as 31 November, is taken for a day of the month after.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return null;
  const ms = Date.parse(`${day}T${minute}:${second}${zone}`);
  return Number.isNaN(ms) ? null : ms * 1000 + Math.floor(Number(`0${fraction}`) * 1e6);
}

/** A time as an option tells it, in microseconds: of the calendar, or so long before now. */
export type Moment = { readonly at: number } | { readonly ago: number };

/** Parses `10m` (ago) or a time. */
export function moment(text: string): Moment {
  const ago = parseDuration(text);
  if (ago !== undefined) return { ago };
  const at = timeIn(text);
  if (at === null) throw new InvalidArgumentError('expected a time such as 2026-11-24T00:00Z, or how long ago: 10m.');
  return { at };
}

/** The moment as microseconds, `now` being the time by the wall clock. */
export const atMoment = (asked: Moment, now: number): number => ('at' in asked ? asked.at : now - asked.ago);
