import type { Input, Output } from '../terminal.ts';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** A terminal that belongs to one picture until it is left. */
export interface ScreenSession {
  draw(lines: readonly string[]): void;
  /** Gives the terminal back as it was. Safe to call twice. */
  leave(): void;
}

/** Takes the terminal: another screen, no cursor, keys as they are typed, each given to `onKey`. */
export function enterScreen(stdout: Output, stdin: Input, onKey: (key: string) => void): ScreenSession {
  const hear = (chunk: Buffer) => {
    for (const key of keysIn(chunk.toString('utf8'))) onKey(key);
  };
  stdin.setRawMode?.(true);
  stdin.on('data', hear);
  stdin.resume();
  stdout.write(ENTER);
  let isLeft = false;
  return {
    draw: (lines) =>
      void stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_BELOW}`),
    leave: () => {
      if (isLeft) return;
      isLeft = true;
      stdin.off('data', hear);
      stdin.pause();
      stdin.setRawMode?.(false);
      stdout.write(LEAVE);
    },
  };
}

/** Arrow and page keys by name, all others as they are. */
const NAMED: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  '5~': 'page up',
  '6~': 'page down',
  H: 'home',
  F: 'end',
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: what keys send
const KEYS = /\u001b\[(\d~|[A-Z])|./gs;

const keysIn = (text: string): readonly string[] =>
  [...text.matchAll(KEYS)].map(([key, named]) => (named === undefined ? key : (NAMED[named] ?? key)));
