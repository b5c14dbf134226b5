import type { Endpoint, Observation, Pace } from '../../connectors/connector.ts';
import { inTime } from '../../connectors/in-time.ts';
import type { Clock } from '../runtime/clock.ts';

export interface PollPlan {
  readonly polls: number;
  readonly intervalMs: number;
  /** For connecting, and for each poll. */
  readonly timeoutMs: number;
}

/** What a connector is told where polls, and connecting, may take so long. */
export const paceOf = (timeoutMs: number): Pace => ({ intervalMs: timeoutMs, timeoutMs, ready: () => true });

const NOTHING_TO_CLOSE = async (): Promise<void> => undefined;

/**
 * Connects to an endpoint, polls it as often as asked, one interval from start to start, and lets go. Rejects with an
 * EndpointError.
 */
export async function pollEndpoint(
  endpoint: Endpoint,
  plan: PollPlan,
  clock: Clock,
  onObservation: (observation: Observation) => Promise<void>,
): Promise<void> {
  const limit = { clock, endpoint: endpoint.id, ms: plan.timeoutMs };
  const session = await inTime(
    { ...limit, what: 'connecting' },
    (signal) => endpoint.connect(signal),
    (late) => late.close(),
  );
  const poll = () => inTime({ ...limit, what: 'the poll' }, (signal) => session.poll(signal), NOTHING_TO_CLOSE);
  try {
    for (let polled = 0; polled < plan.polls; polled++) {
      const startedAt = clock.monotonic();
      await onObservation(await poll());
      const spentMs = (clock.monotonic() - startedAt) / 1000;
      if (polled + 1 < plan.polls) await clock.sleep(Math.max(0, plan.intervalMs - spentMs));
    }
  } finally {
    await session.close();
  }
}
