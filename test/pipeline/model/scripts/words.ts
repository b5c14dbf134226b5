import { numberOf } from './cells.ts';
import { type Place, ScriptError } from './script.ts';
import { durationOf, timeOf } from './times.ts';

/** The words of one line, from left to right. What is not as it should be is thrown as a ScriptError. */
export interface Words {
  readonly place: Place;
  isEmpty(): boolean;
  /** The next word without taking it, '' at the end. */
  peek(): string;
  next(what: string): string;
  duration(what: string): number;
  time(what: string): number;
  count(what: string): bigint;
  fail(message: string): never;
}

export function createWords(place: Place, words: readonly string[]): Words {
  let at = 0;
  const fail = (message: string): never => {
    throw new ScriptError(place, message);
  };
  const next = (what: string): string => words[at++] ?? fail(`${what} is missing`);
  const as =
    <Value>(read: (word: string) => Value | undefined, example: string) =>
    (what: string): Value => {
      const word = next(what);
      const value = read(word);
      return value === undefined ? fail(`${what} is to be like ${example}, not "${word}"`) : value;
    };
  return {
    place,
    isEmpty: () => at >= words.length,
    peek: () => words[at] ?? '',
    next,
    duration: as(durationOf, '60s, 1m30s or 12.345678s'),
    time: as(timeOf, '60s, 1m30s or 2026-01-01T00:00:00Z'),
    count: as(numberOf, '12, 1e9 or 2^32-1'),
    fail,
  };
}

/** Reads `name value …` pairs to the line's end, each by the reader of its name. */
export function readOptions(words: Words, readers: Readonly<Record<string, () => void>>): void {
  while (!words.isEmpty()) {
    const name = words.next('a word');
    if (!Object.hasOwn(readers, name)) {
      words.fail(`"${name}" is not known here; known are ${Object.keys(readers).join(', ')}`);
    }
    readers[name]?.();
  }
}
