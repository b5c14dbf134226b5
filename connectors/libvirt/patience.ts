import type { Clock } from '../../pipeline/runtime/clock.ts';
import { follow } from '../../pipeline/runtime/deadline.ts';

/**
 * Runs `work` with a signal that aborts when `outer` does or after `ms` milliseconds, whichever is first.
 */
export async function withPatience<T>(
  clock: Clock,
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const giveUp = new AbortController();
  const letGo = follow(giveUp, outer);
  const timer = clock.sleep(ms, done.signal).then(
    () => giveUp.abort(new Error(`gave up after ${Math.round(ms)} ms`)),
    () => undefined, // the work was done first
  );
  try {
    return await work(giveUp.signal);
  } finally {
    letGo();
    done.abort();
    await timer;
  }
}

/** The middle of something that began then, by both clocks: wall time counted on from the start, so a step is not halved. */
export function middleOf(clock: Clock, begun: { readonly wall: number; readonly monotonic: number }) {
  const half = Math.round((clock.monotonic() - begun.monotonic) / 2);
  return { observedAt: begun.wall + half, monotonic: begun.monotonic + half };
}
