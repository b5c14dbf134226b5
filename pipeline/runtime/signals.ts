import { type Clock, systemClock } from './clock.ts';

/** What of the process signals come from; the program's is `process`. */
export interface SignalSource {
  on(name: string, listener: (argument: unknown) => void): unknown;
  off(name: string, listener: (argument: unknown) => void): unknown;
}

/** What a program does when it is asked to stop. */
export interface StopHandlers {
  /** The first SIGTERM or SIGINT. */
  stop(signal: string): void;
  /** The second: whoever sends it does not want to wait. */
  exitNow(signal: string): void;
}

export interface SignalHandlers extends StopHandlers {
  /** A bug: an exception that nobody caught. */
  crash(error: unknown): void;
}

const STOPPING = ['SIGTERM', 'SIGINT'] as const;

/**
 * The same signal so soon again is no second one: timeout(1), npm and others send a process what they send its group as
 * well. Milliseconds.
 */
const ECHO_MS = 500;

/**
 * Listens for the signals that ask a program to stop. Returns what lets them have their usual effect again, but for the
 * echo of the first.
 */
export function onStopSignals(
  source: SignalSource,
  { stop, exitNow }: StopHandlers,
  clock: Pick<Clock, 'monotonic' | 'sleep'> = systemClock,
): () => void {
  let first: { readonly name: string; readonly at: number } | null = null;
  const heard = (name: string): void => {
    const at = clock.monotonic();
    if (first === null) {
      first = { name, at };
      stop(name);
    } else if (name !== first.name || at - first.at >= ECHO_MS * 1000) exitNow(name);
  };
  const listeners = STOPPING.map((name) => [name, () => heard(name)] as const);
  for (const [name, listener] of listeners) source.on(name, listener);
  return () => {
    for (const [name, listener] of listeners) source.off(name, listener);
    if (first !== null) ignoreEcho(source, first.name, clock);
  };
}

function ignoreEcho(source: SignalSource, name: string, clock: Pick<Clock, 'sleep'>): void {
  const ignore = (): void => undefined;
  source.on(name, ignore);
  void clock.sleep(ECHO_MS).then(() => source.off(name, ignore));
}

/** Listens for these and for uncaught exceptions. Returns what takes the listeners off. */
export function handleSignals(
  source: SignalSource,
  handlers: SignalHandlers,
  clock: Pick<Clock, 'monotonic' | 'sleep'> = systemClock,
): () => void {
  const release = onStopSignals(source, handlers, clock);
  const bugs = ['uncaughtException', 'unhandledRejection'] as const;
  for (const name of bugs) source.on(name, handlers.crash);
  return () => {
    release();
    for (const name of bugs) source.off(name, handlers.crash);
  };
}
