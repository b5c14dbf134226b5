import { Writable } from 'node:stream';
import { createLog, type Log, type LogLevel } from '../../../pipeline/runtime/log.ts';

export interface Collected extends Writable {
  readonly text: string;
}

/** A stream that keeps what is written to it, and tells it on. */
export function collected(onText: (text: string) => unknown = () => undefined): Collected {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      chunks.push(String(chunk));
      onText(String(chunk));
      done();
    },
  });
  return Object.defineProperty(stream, 'text', { get: () => chunks.join('') }) as Collected;
}

/** A log whose lines a test reads as objects. */
export function collectedLog(level: LogLevel = 'trace'): { readonly log: Log; lines(): Record<string, unknown>[] } {
  const destination = collected();
  const log = createLog({ level, destination, pretty: false, color: false });
  const lines = () =>
    destination.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  return { log, lines };
}
