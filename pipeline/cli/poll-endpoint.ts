import type { Endpoint, Observation, Session } from '../../connectors/connector.ts';
import type { Clock } from '../runtime/clock.ts';
import { within } from '../runtime/deadline.ts';

export interface PollPlan {
  readonly polls: number;
  readonly intervalMs: number;
  /** For connecting, and for each poll. */
  readonly timeoutMs: number;
}

/**
 * Connects to an endpoint, polls it as often as asked, one interval from start to start, and lets go. Rejects with an
 * EndpointError or, when the endpoint is slow, a DeadlineError.
 */
export async function pollEndpoint(
  endpoint: Endpoint,
  plan: PollPlan,
  clock: Clock,
  onObservation: (observation: Observation) => Promise<void>,
): Promise<void> {
  const { timeoutMs } = plan;
  const session = await within(clock, timeoutMs, `${endpoint.id}: connecting`, (signal) =>
    connectOrClose(endpoint, signal),
  );
  try {
    for (let polled = 0; polled < plan.polls; polled++) {
      const startedAt = clock.monotonic();
      await onObservation(await within(clock, timeoutMs, `${endpoint.id}: the poll`, (signal) => session.poll(signal)));
      const spentMs = (clock.monotonic() - startedAt) / 1000;
      if (polled + 1 < plan.polls) await clock.sleep(Math.max(0, plan.intervalMs - spentMs));
    }
  } finally {
    await session.close();
  }
}

/** A session that opens after its time is over is nobody's: it is closed at once. */
async function connectOrClose(endpoint: Endpoint, signal: AbortSignal): Promise<Session> {
  const session = await endpoint.connect(signal);
  if (signal.aborted) await session.close();
  return session;
}
