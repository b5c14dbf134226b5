/** What of the process signals come from; the program's is `process`. */
export interface SignalSource {
  on(name: string, listener: (argument: unknown) => void): unknown;
  off(name: string, listener: (argument: unknown) => void): unknown;
}

export interface SignalHandlers {
  /** The first SIGTERM or SIGINT. */
  stop(signal: string): void;
  /** The second: whoever sends it does not want to wait. */
  exitNow(signal: string): void;
  /** A bug: an exception that nobody caught. */
  crash(error: unknown): void;
}

/** Listens to the signals of an operating system and to uncaught exceptions. Returns what takes the listeners off. */
export function handleSignals(source: SignalSource, handlers: SignalHandlers): () => void {
  let signals = 0;
  const onSignal = (name: string) => () => {
    signals++;
    if (signals === 1) handlers.stop(name);
    else handlers.exitNow(name);
  };
  const listeners = {
    SIGTERM: onSignal('SIGTERM'),
    SIGINT: onSignal('SIGINT'),
    uncaughtException: handlers.crash,
    unhandledRejection: handlers.crash,
  };
  for (const [name, listener] of Object.entries(listeners)) source.on(name, listener);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) source.off(name, listener);
  };
}
