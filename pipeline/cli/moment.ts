import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../runtime/config/units.ts';

/** Parses a time (`timeIn`) into microseconds. */
export function timeUs(text: string): number {
  const us = timeIn(text);
  if (us === null) throw new InvalidArgumentError('expected a time such as 2026-11-24T00:00Z.');
  return us;
}

const TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-][01]\d:?[0-5]\d)?)?$/;

/**
 * Microseconds of a time as people write it: `2026-11-24`, `2026-11-24T10:00`, `2026-11-24 10:00:00.5+02:00`. Without a
 * zone it is UTC, whatever the machine's is. Null where it is none, or no day of the calendar.
 */
export function timeIn(text: string): number | null {
  const [, day, minute = '00:00', second = '00', fraction = '', zone = 'Z'] = TIME.exec(text) ?? [];
  const whole = `${day}T${minute}:${second}.000Z`;
  const ms = Date.parse(whole);
  // Date.parse takes 31 February for a day in March, and 24:00 for the next day.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== whole) return null;
  const us = ms * 1000 + Number(fraction.padEnd(6, '0')) - offsetUs(zone);
  return Number.isSafeInteger(us) ? us : null;
}

function offsetUs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = 60 * Number(zone.slice(1, 3)) + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60e6;
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
