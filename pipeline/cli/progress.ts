import type { Clock } from '../runtime/clock.ts';
import type { Terminal } from './terminal.ts';

const EVERY_US = 5e6;

/** Tells on standard error, now and then, how far long work has come. `total` null: nobody knows. */
export function progressOn(
  { stderr }: Terminal,
  clock: Clock,
  things: string,
): (done: number, total: number | null) => void {
  let last = clock.monotonic();
  return (done, total) => {
    if (clock.monotonic() - last < EVERY_US) return;
    last = clock.monotonic();
    stderr.write(total === null ? `${done} ${things}\n` : `${done} of ${total} ${things}\n`);
  };
}
