import { describe, expect, test } from 'vitest';
import { type Endpoint, EndpointError, type Observation, type Poll } from '../../connectors/connector.ts';
import { phaseOf } from '../../connectors/phase.ts';
import { type Cadence, pollEndpoint } from '../../connectors/polling.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { handClock } from './hand-clock.ts';

const INTERVAL_US = 10_000_000;
const PHASE_US = phaseOf('kvm1', INTERVAL_US);

/** An endpoint whose sessions and polls the test answers by hand. */
function scripted() {
  const clock = handClock();
  const sessions: { end: (error?: Error) => void; closed: boolean }[] = [];
  const events: InternalEvent[] = [];
  const polls: Poll[] = [];
  const script = {
    connect: async (_signal: AbortSignal): Promise<void> => undefined,
    poll: async (_signal: AbortSignal): Promise<void> => undefined,
  };
  const seen = (startedAt: number): Observation => ({
    startedAt,
    endedAt: clock.now(),
    bootedAt: null,
    partial: null,
    calls: 1,
    hosts: [],
    instances: [],
  });
  const endpoint: Endpoint = {
    id: 'kvm1',
    kind: 'simulator',
    connect: async (signal) => {
      await script.connect(signal);
      let end: (error?: Error) => void = () => undefined;
      const closed = new Promise<Error | undefined>((resolve) => {
        end = resolve;
      });
      const session = { end, closed: false };
      sessions.push(session);
      return {
        closed,
        poll: async (signalOfPoll) => {
          const startedAt = clock.now();
          await script.poll(signalOfPoll);
          return seen(startedAt);
        },
        close: async () => {
          session.closed = true;
          end();
        },
      };
    },
  };
  const start = (cadence: Partial<Cadence> = {}) =>
    pollEndpoint(
      endpoint,
      { intervalMs: 10_000, ...cadence },
      { clock, report: (event) => void events.push(event) },
    ).snapshots.subscribe((poll) => polls.push(poll));
  const named = (name: InternalEvent['event']) => events.filter(({ event }) => event === name);
  return { clock, sessions, events, polls, script, start, named };
}

const lost = new EndpointError('lost', 'kvm1', 'connection reset');
const forever = () => new Promise<void>(() => undefined);

describe('polling', () => {
  test('polls at the due times, numbered from 0, and never drifts', async () => {
    const { clock, polls, script, start, named } = scripted();
    script.poll = () => clock.sleep(137);
    start();
    await clock.advance(60_000);
    expect(polls.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5]);
    for (const { scheduledAt, startedAt, interval } of polls) {
      expect((scheduledAt - PHASE_US) % INTERVAL_US).toBe(0);
      expect(startedAt - scheduledAt).toBeLessThan(1000);
      expect(interval).toBe(INTERVAL_US);
    }
    expect(named('poll.done')).toHaveLength(6);
    expect(named('poll.done')[0]).toMatchObject({ durationUs: 137_000, calls: 1, instances: 0, partial: false });
  });

  test('does nothing before it is subscribed to, and lets go when it is no longer', async () => {
    const { clock, sessions, polls, start } = scripted();
    await clock.advance(30_000);
    expect(sessions).toHaveLength(0);
    const subscription = start();
    await clock.advance(30_000);
    subscription.unsubscribe();
    await clock.advance(30_000);
    expect(polls).toHaveLength(3);
    expect(sessions.map(({ closed }) => closed)).toEqual([true]);
  });

  test('a poll that takes too long is aborted, reported and a gap', async () => {
    const { clock, polls, script, start, named } = scripted();
    const aborted: boolean[] = [];
    script.poll = (signal) => {
      signal.addEventListener('abort', () => aborted.push(true));
      return forever();
    };
    start({ timeoutMs: 4000 });
    await clock.advance(10_000);
    script.poll = async () => undefined;
    await clock.advance(20_000);
    expect(aborted).toEqual([true]);
    expect(named('poll.failed')).toMatchObject([{ hypervisor: 'kvm1', reason: 'timeout' }]);
    expect(polls.map(({ sequence }) => sequence)).toEqual([0, 1]);
    expect(named('endpoint.lost')).toEqual([]);
  });

  test('due times that pass during a poll are skipped and reported, never made up for', async () => {
    const { clock, polls, script, start, named } = scripted();
    let busy = 0;
    script.poll = async () => {
      busy++;
      if (busy === 1) clock.step(25_000);
    };
    start();
    await clock.advance(20_000);
    expect(named('poll.skipped')).toHaveLength(2);
    expect(polls.map(({ scheduledAt }) => (scheduledAt - (polls[0]?.scheduledAt ?? 0)) / INTERVAL_US)).toEqual([
      0, 3, 4,
    ]);
  });

  test('polls are skipped while there is no room for them', async () => {
    const { clock, polls, start, named } = scripted();
    let room = false;
    start({ ready: () => room });
    await clock.advance(20_000);
    room = true;
    await clock.advance(10_000);
    expect(named('poll.skipped')).toHaveLength(2);
    expect(polls.map(({ sequence }) => sequence)).toEqual([0]);
  });

  test('a clock that is set back leaves no hole', async () => {
    const { clock, polls, start } = scripted();
    start();
    await clock.advance(20_000);
    clock.step(-3_600_000);
    await clock.advance(30_000);
    expect(polls.length).toBeGreaterThanOrEqual(4);
    expect(polls.every(({ scheduledAt, startedAt }) => Math.abs(startedAt - scheduledAt) < 1000)).toBe(true);
  });

  test('an endpoint that cannot be reached is tried again, less and less often', async () => {
    const { clock, polls, script, start, named } = scripted();
    script.connect = () => Promise.reject(new EndpointError('refused', 'kvm1', 'not today'));
    start();
    await clock.advance(130_000);
    const waits = named('endpoint.lost').map((event) => event.event === 'endpoint.lost' && event.retryMs);
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    script.connect = async () => undefined;
    await clock.advance(80_000);
    expect(polls.length).toBeGreaterThan(0);
  });

  test('connecting has a timeout too, and a session that comes after it is closed', async () => {
    const { clock, sessions, script, start, named } = scripted();
    let answer: () => void = () => undefined;
    script.connect = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const subscription = start({ connectTimeoutMs: 5000 });
    await clock.advance(5000);
    expect(named('endpoint.lost')).toMatchObject([{ error: { code: 'timeout' } }]);
    answer();
    await clock.advance(0);
    expect(sessions.map(({ closed }) => closed)).toEqual([true]);
    subscription.unsubscribe();
  });

  test('a session that ends is replaced; the numbers go on and the back-off starts afresh', async () => {
    const { clock, sessions, polls, start, named } = scripted();
    start();
    await clock.advance(20_000);
    sessions[0]?.end(lost);
    await clock.advance(20_000);
    sessions[1]?.end(lost);
    await clock.advance(20_000);
    expect(sessions).toHaveLength(3);
    expect(sessions.map(({ closed }) => closed)).toEqual([true, true, false]);
    expect(named('endpoint.lost')).toMatchObject([
      { error: lost, retryMs: 1000 },
      { error: lost, retryMs: 1000 },
    ]);
    expect(polls.map(({ sequence }) => sequence)).toEqual([...polls.keys()]);
  });

  test('a session that ends during a poll fails that poll at once', async () => {
    const { clock, sessions, script, start, named } = scripted();
    script.poll = forever;
    start();
    await clock.advance(10_000);
    sessions[0]?.end(lost);
    await clock.advance(0);
    expect(named('poll.failed')).toMatchObject([{ reason: 'lost' }]);
    expect(named('endpoint.lost')).toMatchObject([{ error: lost }]);
  });

  test('a session whose polls fail three times in a row is given up', async () => {
    const { clock, sessions, script, start, named } = scripted();
    script.poll = () => Promise.reject(new EndpointError('protocol', 'kvm1', 'nonsense'));
    start();
    await clock.advance(35_000);
    expect(named('poll.failed').length).toBeGreaterThanOrEqual(3);
    expect(named('endpoint.lost')).toHaveLength(1);
    expect(sessions[0]?.closed).toBe(true);
  });
});
