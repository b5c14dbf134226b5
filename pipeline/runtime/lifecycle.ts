import type { Clock } from './clock.ts';
import { DeadlineError, within } from './deadline.ts';
import type { Log } from './log.ts';

/** A piece of the running program, such as a sink, the pipeline or the collector. */
export interface Part {
  readonly name: string;
  /** Resolves when the part can do its work. Aborting gives up. */
  start?(signal: AbortSignal): Promise<void>;
  /** Finishes what it began and lets go. Aborting means: now, whatever is left. */
  stop?(signal: AbortSignal): Promise<void>;
}

export interface Lifecycle {
  /** Why the program is not ready; empty when it is. */
  reasons(): readonly string[];
  /**
   * Starts parts one after the other: give them from the sink towards the source. If one fails or `stop` is called
   * meanwhile, those that run are stopped again and the failure is thrown.
   */
  start(parts: readonly Part[]): Promise<void>;
  /** Stops what runs, last started first, within the deadline. Calling it again waits for the same end. */
  stop(): Promise<StopOutcome>;
  /** Aborts when stopping begins. */
  readonly stopping: AbortSignal;
}

export interface StopOutcome {
  /** Parts that did not stop in time or failed to, with why. */
  readonly failures: readonly { readonly part: string; readonly error: Error }[];
}

/** Starts and stops the program's parts. `deadlineMs` is for the whole stop. */
export function createLifecycle(clock: Clock, log: Log, deadlineMs: number): Lifecycle {
  const running: Part[] = [];
  const waiting = new Set<string>(['starting']);
  const stopping = new AbortController();
  let stopped: Promise<StopOutcome> | undefined;

  async function start(parts: readonly Part[]): Promise<void> {
    for (const part of parts) waiting.add(`${part.name} is not started`);
    for (const part of parts) {
      stopping.signal.throwIfAborted();
      // It is stopped even if it fails half-way.
      running.push(part);
      try {
        await part.start?.(stopping.signal);
      } catch (error) {
        // What fails because the program is stopping is no failure of its own.
        const cause = stopping.signal.aborted ? stopping.signal.reason : error;
        await stop();
        throw cause;
      }
      waiting.delete(`${part.name} is not started`);
      log.debug({ part: part.name }, 'started');
    }
    waiting.delete('starting');
  }

  function stop(): Promise<StopOutcome> {
    stopped ??= stopAll();
    return stopped;
  }

  async function stopAll(): Promise<StopOutcome> {
    stopping.abort(new Error('the program is stopping'));
    waiting.clear();
    waiting.add('stopping');
    const failures: { part: string; error: Error }[] = [];
    const end = clock.monotonic() + deadlineMs * 1000;
    for (let part = running.pop(); part !== undefined; part = running.pop()) {
      const leftMs = Math.max(0, (end - clock.monotonic()) / 1000);
      // A stuck part leaves half of the time to those after it.
      const shareMs = running.length > 0 ? leftMs / 2 : leftMs;
      const error = await stopPart(part, shareMs);
      if (error !== undefined) failures.push({ part: part.name, error });
    }
    return { failures };
  }

  async function stopPart(part: Part, ms: number): Promise<Error | undefined> {
    try {
      await within(clock, ms, `stopping ${part.name}`, async (signal) => await part.stop?.(signal));
      log.debug({ part: part.name }, 'stopped');
      return undefined;
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      const late = error instanceof DeadlineError;
      log.error({ part: part.name, err: error }, late ? 'did not stop in time' : 'failed to stop');
      return error;
    }
  }

  return { start, stop, stopping: stopping.signal, reasons: () => [...waiting] };
}
