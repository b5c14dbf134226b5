import type { Terminal } from './terminal.ts';

const STOPPING = ['SIGINT', 'SIGTERM'] as const;

/** Whether somebody wants a command to end that ends itself then, with what it has. */
export interface Interrupt {
  isOver(): boolean;
  /** Lets signals have their usual effect again. */
  release(): void;
}

/** Listens for the first signal; a second one ends the process at once. */
export function interruptOf({ signals, exit }: Terminal): Interrupt {
  let count = 0;
  const stop = () => {
    count++;
    if (count > 1) exit(130);
  };
  for (const name of STOPPING) signals.on(name, stop);
  return {
    isOver: () => count > 0,
    release: () => {
      for (const name of STOPPING) signals.off(name, stop);
    },
  };
}
