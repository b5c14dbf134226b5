import type { Endpoint, Known } from './connector.ts';

/**
 * An endpoint whose source keeps rows of the past, and which is told before it first connects which of them are recorded
 * already. `look` is asked once, however often connecting fails; null: nothing is known, and all that is kept is read.
 */
export function resuming(endpoint: Endpoint, look: () => Promise<ReadonlyMap<string, Known> | null>): Endpoint {
  const { history } = endpoint;
  if (history === undefined) return endpoint;
  let looking: Promise<void> | undefined;
  const resume = async (): Promise<void> => {
    const known = await look();
    if (known !== null) history.resume(known);
  };
  return {
    ...endpoint,
    connect: async (signal) => {
      looking ??= resume();
      await looking;
      signal.throwIfAborted();
      return endpoint.connect(signal);
    },
  };
}
