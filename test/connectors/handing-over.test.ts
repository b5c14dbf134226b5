import { describe, expect, test } from 'vitest';
import type { Connector, Endpoint, Poll } from '../../connectors/connector.ts';
import { phaseOf } from '../../connectors/phase.ts';
import { pollEndpoint } from '../../connectors/polling.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { handClock } from './hand-clock.ts';

const INTERVAL_US = 10e6;
const PHASE_US = phaseOf('kvm1', INTERVAL_US);
/** A second after a due time. */
const START_US = 170_000_000 * INTERVAL_US + PHASE_US + 1e6;

/** One collector's connector of the endpoint; its polls take as long as the test says. */
function collector(clock = handClock(START_US)) {
  const events: InternalEvent[] = [];
  const polls: Poll[] = [];
  const log: string[] = [];
  const script = { pollMs: 0 };
  const endpoint: Endpoint = {
    id: 'kvm1',
    kind: 'simulator',
    connect: async () => {
      log.push('open');
      return {
        closed: new Promise(() => undefined),
        poll: async (signal) => {
          const startedAt = clock.now();
          await clock.sleep(script.pollMs, signal);
          const seen = { startedAt, endedAt: clock.now(), bootedAt: null, partial: null };
          return { ...seen, calls: 1, hosts: [], instances: [] };
        },
        close: async () => void log.push('closed'),
      };
    },
  };
  const start = (servedUntil: number | null = null): Connector => {
    const context = { clock, report: (event: InternalEvent) => void events.push(event) };
    const connector = pollEndpoint(endpoint, { intervalMs: 10_000, servedUntil }, context);
    connector.snapshots.subscribe((poll) => {
      polls.push(poll);
      log.push('poll');
    });
    return connector;
  };
  const dues = () => polls.map(({ scheduledAt }) => (scheduledAt - START_US + 1e6) / INTERVAL_US);
  return { clock, events, polls, log, script, start, dues };
}

describe('a connector that retires', () => {
  test('finishes the poll under way, closes, and begins no further one', async () => {
    const { clock, events, log, script, start } = collector();
    script.pollMs = 3000;
    const connector = start();
    await clock.advance(10_000);
    let isOver = false;
    void connector.retire?.().then(() => {
      isOver = true;
    });
    await clock.advance(1000);
    expect([isOver, log]).toEqual([false, ['open']]);
    await clock.advance(30_000);
    expect([isOver, log]).toEqual([true, ['open', 'poll', 'closed']]);
    expect(events.map(({ event }) => event)).toEqual(['endpoint.connecting', 'endpoint.connected', 'poll.done']);
  });

  test('is over at once between two polls, and before it has begun', async () => {
    const { clock, log, start } = collector();
    const connector = start();
    await clock.advance(5000);
    await connector.retire?.();
    expect(log).toEqual(['open', 'closed']);
    await pollEndpoint(
      { id: 'x', kind: 'simulator', connect: () => Promise.reject(new Error('not asked')) },
      { intervalMs: 1000 },
      { clock, report: () => undefined },
    ).retire?.();
  });
});

describe('an endpoint that is taken over', () => {
  test('is polled next when it is next due, where its last due time was served', async () => {
    const { clock, start, dues } = collector();
    start(START_US - 0.5e6);
    await clock.advance(20_000);
    expect(dues()).toEqual([1, 2]);
  });

  test('is polled at once where a due time passed since, which is late, and then as ever', async () => {
    const { clock, events, polls, start, dues } = collector();
    start(START_US - 2e6);
    await clock.advance(20_000);
    expect(dues()).toEqual([0, 1, 2]);
    expect((polls[0]?.startedAt ?? 0) - (polls[0]?.scheduledAt ?? 0)).toBe(1e6);
    expect(events.filter(({ event }) => event === 'poll.skipped')).toEqual([]);
  });

  test('is polled once for several that passed: the others are told', async () => {
    const { clock, events, start, dues } = collector();
    start(START_US - 32e6);
    await clock.advance(9000);
    expect(dues()).toEqual([0, 1]);
    expect(events.filter(({ event }) => event === 'poll.skipped')).toHaveLength(3);
  });
});
