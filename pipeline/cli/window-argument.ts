import { isoTime } from '../sinks/timestamp.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { timeIn } from './moment.ts';

/** Begin and end of a window, microseconds. */
export interface WindowBounds {
  readonly start: number;
  readonly end: number;
}

/**
 * The window that is meant: its begin, or any time in it; begin and end with `/` or `..` between them where windows of
 * several sizes are made; `last` (null) for the last one that is finished. Throws a CommandFailure with what there is.
 */
export function windowMeant(text: string, sizes: readonly number[]): WindowBounds | null {
  if (text === 'last') return null;
  const [begin = '', end, ...more] = text.split(/\/|\.\./);
  const start = timeIn(begin);
  const until = end === undefined ? undefined : timeIn(end);
  if (start === null || until === null || more.length > 0)
    throw new CommandFailure(
      EXIT.usage,
      `error: a window is its begin such as 2026-11-24T00:00Z, its begin/end, or "last"; not "${text}"`,
    );
  return until === undefined ? windowAt(start, sizes) : windowBetween(start, until, sizes);
}

function windowAt(time: number, sizes: readonly number[]): WindowBounds {
  const [size] = sizes;
  if (sizes.length > 1 || size === undefined) {
    const all = sizes.map((each) => words(around(time, each))).join(', ');
    throw new CommandFailure(EXIT.usage, `error: windows of several sizes are made: say which one, ${all}`);
  }
  return around(time, size);
}

const around = (time: number, size: number): WindowBounds => {
  const start = Math.floor(time / size) * size;
  return { start, end: start + size };
};

function windowBetween(start: number, end: number, sizes: readonly number[]): WindowBounds {
  const size = end - start;
  if (!sizes.includes(size))
    throw new CommandFailure(
      EXIT.usage,
      `error: no windows of ${size / 1e6}s are made, but of ${sizes.map((each) => `${each / 1e6}s`).join(', ')}`,
    );
  if (start % size !== 0)
    throw new CommandFailure(
      EXIT.usage,
      `error: windows of ${size / 1e6}s begin at multiples of their size in UTC: ${words(around(start, size))}`,
    );
  return { start, end };
}

/** A window as the command takes it. */
export const words = ({ start, end }: WindowBounds): string => `${isoTime(start, 'naive')}Z/${isoTime(end, 'naive')}Z`;
