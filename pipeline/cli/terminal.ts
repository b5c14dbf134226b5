import type { SignalSource } from '../runtime/signals.ts';

export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Where keys come from. */
export interface Input {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  off(event: 'data', listener: (chunk: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** Where a command's words come from and go to: results on `stdout`, everything else on `stderr`. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  /** For commands that take keys, if there is one. */
  readonly stdin?: Input;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: SignalSource;
  /** Ends the process at once, whatever runs: for a second signal and for bugs. */
  exit(code: number): void;
}

export const COLORS = ['auto', 'always', 'never'] as const;
export type ColorChoice = (typeof COLORS)[number];

/** Whether to colour what goes to `output`: as asked, else on a terminal unless NO_COLOR is set (no-color.org). */
export function colored(choice: ColorChoice, output: Output, env: Terminal['env']): boolean {
  if (choice !== 'auto') return choice === 'always';
  return output.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}

/** Writes a line and waits until the stream takes more. Rejects with EPIPE when the reader has gone. */
export const writeLine = (output: Output, line: string): Promise<void> =>
  new Promise((resolve, reject) => {
    output.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
  });
