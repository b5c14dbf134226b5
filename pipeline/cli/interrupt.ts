import { onStopSignals } from '../runtime/signals.ts';
import { killedBy } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** Whether somebody wants a command to end that ends itself then, with what it has. */
export interface Interrupt {
  isOver(): boolean;
  /** Lets signals have their usual effect again. */
  release(): void;
}

/** Listens for the first signal; a second one ends the process at once. */
export function interruptOf({ signals, exit }: Terminal): Interrupt {
  let isOver = false;
  const stop = (): void => {
    isOver = true;
  };
  const release = onStopSignals(signals, { stop, exitNow: (signal) => exit(killedBy(signal)) });
  return { isOver: () => isOver, release };
}
