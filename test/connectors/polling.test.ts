import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import {
  type Announcement,
  type Change,
  type Endpoint,
  EndpointError,
  type Observation,
  type Occasion,
  type Poll,
} from '../../connectors/connector.ts';
import { Gate } from '../../connectors/gate.ts';
import { phaseOf } from '../../connectors/phase.ts';
import { type Cadence, pollEndpoint } from '../../connectors/polling.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { handClock } from './hand-clock.ts';
import { instance, named as namedIdentity } from './polls.ts';

const INTERVAL_US = 10_000_000;
const PHASE_US = phaseOf('kvm1', INTERVAL_US);

/** An endpoint whose sessions and polls the test answers by hand. */
function scripted(startUs?: number) {
  const clock = handClock(startUs);
  const sessions: { end: (error?: Error) => void; closed: boolean }[] = [];
  const events: InternalEvent[] = [];
  const polls: Poll[] = [];
  const occasions: Occasion[] = [];
  const changes = new Subject<Change>();
  const announcements = new Subject<Announcement>();
  const script = {
    instances: [] as Observation['instances'],
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
    instances: script.instances,
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
        changes,
        poll: async (signalOfPoll, occasion = 'due') => {
          occasions.push(occasion);
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
      { clock, report: (event) => void events.push(event), announcements },
    ).snapshots.subscribe((poll) => polls.push(poll));
  const named = (name: InternalEvent['event']) => events.filter(({ event }) => event === name);
  return { clock, sessions, events, polls, occasions, changes, announcements, script, start, named };
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

  test('tells that another host answers than before, also after it was away in between', async () => {
    const { clock, sessions, polls, script, start, named } = scripted();
    const on = (host: string) => [instance(1, 1n, { ...namedIdentity('web'), host })];
    script.instances = on('kvm1.example.org');
    start();
    await clock.advance(30_000);
    expect(named('endpoint.exchanged')).toEqual([]);
    sessions[0]?.end(new EndpointError('lost', 'kvm1', 'gone'));
    script.instances = on('kvm7.example.org');
    await clock.advance(30_000);
    expect([sessions.length, polls.length]).toEqual([2, 6]);
    expect(named('endpoint.exchanged')).toEqual([
      {
        event: 'endpoint.exchanged',
        hypervisor: 'kvm1',
        kind: 'simulator',
        before: 'kvm1.example.org',
        now: 'kvm7.example.org',
      },
    ]);
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

  test('a clock that is set forward makes no burst: what passed is skipped, and the next one is at its time', async () => {
    const { clock, polls, named, start } = scripted();
    start();
    await clock.advance(25_000);
    const before = polls.length;
    clock.step(3_600_000 + 4000);
    await clock.advance(9999);
    expect(polls.length - before).toBeLessThanOrEqual(1);
    await clock.advance(20_000);
    expect(polls.length - before).toBeGreaterThanOrEqual(2);
    expect(polls.every(({ scheduledAt, startedAt }) => startedAt - scheduledAt < 1000)).toBe(true);
    expect(polls.every(({ scheduledAt }) => (scheduledAt - PHASE_US) % INTERVAL_US === 0)).toBe(true);
    expect(named('poll.skipped').length).toBeGreaterThanOrEqual(1);
    expect(named('poll.skipped').length).toBeLessThanOrEqual(11);
  });

  test('waits for its place where many are polled at once', async () => {
    const { clock, polls, start } = scripted();
    const gates = { polls: new Gate(1), connects: new Gate(1) };
    const leave = await gates.polls.enter(new AbortController().signal);
    start({ gates });
    await clock.advance(10_000);
    expect(polls).toHaveLength(0);
    leave?.();
    await clock.advance(20_000);
    expect(polls.length).toBeGreaterThanOrEqual(2);
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

describe('early polls', () => {
  const UUID = Buffer.alloc(16, 7);
  const started: Change = { uuid: UUID, what: 'started' };
  /** Up to the first due time, whose poll is over. */
  async function afterFirst(cadence: Partial<Cadence> = {}) {
    const set = scripted(170_000_000 * INTERVAL_US + PHASE_US);
    set.start(cadence);
    await set.clock.advance(10_000);
    expect(set.polls).toHaveLength(1);
    const dueAt = set.polls[0]?.scheduledAt ?? 0;
    const at = (): number[] => set.polls.map(({ startedAt }) => (startedAt - dueAt) / 1000);
    return { ...set, at };
  }

  test('a change is polled for after 100 ms; the cadence goes on unmoved', async () => {
    const { clock, changes, at, polls, named, occasions } = await afterFirst();
    await clock.advance(4000);
    changes.next(started);
    await clock.advance(16_000);
    expect(at()).toEqual([0, 4100, 10_000, 20_000]);
    expect(occasions).toEqual(['due', 'early', 'due', 'due']);
    expect(polls.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3]);
    expect(polls[1]).toMatchObject({ interval: INTERVAL_US, scheduledAt: polls[1]?.startedAt });
    expect(named('poll.early')).toEqual([
      { event: 'poll.early', hypervisor: 'kvm1', kind: 'simulator', reason: 'started' },
    ]);
    expect(named('poll.skipped')).toEqual([]);
  });

  test('a burst makes one poll, which bears the most telling reason', async () => {
    const { clock, changes, at, named } = await afterFirst();
    await clock.advance(4000);
    for (let n = 0; n < 50; n++) changes.next({ uuid: null, what: n === 0 ? 'changed' : 'stopped' });
    await clock.advance(5000);
    expect(at()).toEqual([0, 4100]);
    expect(named('poll.early')).toMatchObject([{ reason: 'stopped' }]);
  });

  test('never closer than a tenth of the interval, or a second, to the start of the poll before', async () => {
    const { clock, changes, at } = await afterFirst();
    for (let n = 0; n < 45; n++) {
      changes.next(started);
      await clock.advance(100);
    }
    expect(at()).toEqual([0, 1000, 2000, 3000, 4000]);
    const slow = scripted();
    slow.start({ intervalMs: 60_000 });
    await slow.clock.advance(60_000);
    const begun = slow.polls[0]?.startedAt ?? 0;
    slow.changes.next(started);
    await slow.clock.advance(6500);
    const late = (slow.polls[1]?.startedAt ?? 0) - begun;
    expect(late).toBeGreaterThanOrEqual(6_000_000);
  });

  test('after what was about to stop has been read a second is enough, once', async () => {
    const set = scripted();
    set.start({ intervalMs: 60_000 });
    await set.clock.advance(120_000 - ((set.clock.now() - phaseOf('kvm1', 60_000_000)) % 60_000_000) / 1000);
    await set.clock.advance(10_000);
    const { length } = set.polls;
    const since = set.clock.now();
    for (let n = 0; n < 150; n++) {
      set.changes.next({ uuid: UUID, what: 'stopping' });
      await set.clock.advance(50);
      set.changes.next({ uuid: UUID, what: 'stopped' });
      await set.clock.advance(50);
    }
    const at = set.polls.slice(length).map(({ startedAt }) => (startedAt - since) / 1000);
    expect(at).toEqual([10, 1010, 7010, 8010, 14_010, 15_010].filter((ms) => ms < 15_000));
  });

  test('the due poll will do where it comes first', async () => {
    const { clock, changes, at, named } = await afterFirst();
    await clock.advance(9950);
    changes.next(started);
    await clock.advance(5000);
    expect(at()).toEqual([0, 10_000]);
    expect(named('poll.early')).toEqual([]);
  });

  test('what happens during a poll is polled for after it, never at once', async () => {
    const { clock, changes, at, script } = await afterFirst();
    let atOnce = 0;
    let most = 0;
    script.poll = async () => {
      most = Math.max(most, ++atOnce);
      await clock.sleep(3000);
      atOnce--;
    };
    await clock.advance(2000);
    changes.next(started);
    await clock.advance(1000);
    changes.next({ uuid: UUID, what: 'stopped' });
    await clock.advance(7000);
    expect(at()).toEqual([0, 2100, 5100]);
    expect(most).toBe(1);
  });

  test('one that is still under way when the next is due does not take its place', async () => {
    const { clock, changes, at, script, named } = await afterFirst();
    await clock.advance(9000);
    script.poll = () => clock.sleep(3000);
    changes.next(started);
    await clock.advance(3000);
    script.poll = async () => undefined;
    await clock.advance(9000);
    expect(at()).toEqual([0, 9100, 12_100, 20_000]);
    expect(named('poll.skipped')).toEqual([]);
  });

  test('none while there is no room, and none is made up for', async () => {
    let room = true;
    const { clock, changes, at, named } = await afterFirst({ ready: () => room });
    room = false;
    changes.next(started);
    await clock.advance(5000);
    room = true;
    await clock.advance(4000);
    expect(at()).toEqual([0]);
    expect(named('poll.skipped')).toHaveLength(1);
    expect(named('poll.early')).toEqual([]);
  });

  test('early polls that fail are reported, and do not end the session', async () => {
    const { clock, changes, script, sessions, named, at } = await afterFirst();
    script.poll = () => Promise.reject(new EndpointError('protocol', 'kvm1', 'nonsense'));
    for (let n = 0; n < 4; n++) {
      changes.next(started);
      await clock.advance(1500);
    }
    expect(named('poll.failed')).toHaveLength(4);
    script.poll = async () => undefined;
    await clock.advance(5000);
    expect(sessions).toHaveLength(1);
    expect(at()).toEqual([0, 10_000]);
  });

  test('switched off, nobody listens', async () => {
    const { clock, changes, announcements, at } = await afterFirst({ early: false });
    expect([changes.observed, announcements.observed]).toEqual([false, false]);
    changes.next(started);
    await clock.advance(5000);
    expect(at()).toEqual([0]);
  });

  test('nobody listens to a session that has ended', async () => {
    const { clock, changes, announcements, sessions } = await afterFirst();
    expect([changes.observed, announcements.observed]).toEqual([true, true]);
    sessions[0]?.end(lost);
    await clock.advance(0);
    expect([changes.observed, announcements.observed]).toEqual([false, false]);
  });

  test('an announcement of a VM that was listed, or of its host, is polled for; of others it is not', async () => {
    const { clock, announcements, script, at, named } = await afterFirst();
    script.instances = [{ ...instance(7, 1n, { ...namedIdentity('vm'), host: 'Node7.example.org' }), uuid: UUID }];
    await clock.advance(10_000);
    const say = async (what: Announcement['what'], uuid: Buffer, host: string | null): Promise<void> => {
      announcements.next({ uuid, host, what });
      await clock.advance(2000);
    };
    const other = Buffer.alloc(16, 8);
    await say('stopping', other, 'node7');
    await say('started', other, 'node8');
    await say('started', other, null);
    expect(at()).toEqual([0, 10_000]);
    await say('stopping', UUID, null);
    await clock.advance(2000);
    expect(at().slice(2)).toEqual([16_010, 20_000]);
    await clock.advance(2000);
    await say('started', other, 'node7');
    await say('started', other, 'node7.example.net');
    expect(at().slice(4)).toEqual([22_100]);
    expect(named('poll.early')).toMatchObject([{ reason: 'announced' }, { reason: 'announced' }]);
  });
});
