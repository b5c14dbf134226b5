import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../runtime/config/units.ts';

/** Parses a time such as 2026-11-24T00:00Z into microseconds; without a zone it is UTC. */
export function timeUs(text: string): number {
  const us = timeIn(text);
  if (us === null) throw new InvalidArgumentError('expected a time such as 2026-11-24T00:00Z.');
  return us;
}

/** Microseconds of a time as `timeUs` takes it; null where it is none. */
export function timeIn(text: string): number | null {
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`;
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(zoned) : Number.NaN;
  return Number.isNaN(ms) ? null : ms * 1000;
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
