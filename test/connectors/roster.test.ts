import { BehaviorSubject, Observable as Stream, type Subscriber } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { NOTHING, type Share } from '../../connectors/assignment/ownership.ts';
import type { Poll } from '../../connectors/connector.ts';
import type { ConnectorEntry, Fleet } from '../../connectors/discovery/discovery.ts';
import { createRoster, type Place } from '../../connectors/roster.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { handClock } from './hand-clock.ts';
import { poll } from './polls.ts';

interface Entry extends ConnectorEntry {
  readonly url?: string;
}
const entry = (name: string, url?: string): Entry => ({ type: 'libvirt', name, ...(url && { url }) });

const shareOf = (ids: readonly string[], generation = 1, servedUntil: number | null = null): Share => ({
  has: (id) => ids.includes(id),
  generationOf: () => generation,
  servedUntil: () => servedUntil,
});

/** A roster whose endpoints say what the test lets them say. */
function rosterOf(...first: readonly Entry[]) {
  const clock = handClock();
  const fleet = new BehaviorSubject<Fleet>({ entries: first, isWhole: true });
  const entries = { next: (all: readonly Entry[]): void => fleet.next({ entries: all, isWhole: true }) };
  const events: InternalEvent[] = [];
  const open = new Map<string, Subscriber<Poll>>();
  const log: string[] = [];
  const retirement = { retire: async (_id: string): Promise<void> => undefined };
  const places = ({ name, url }: Entry): readonly Place[] => [
    {
      id: name,
      kind: 'libvirt',
      hasHistory: name.startsWith('vc'),
      connector: (servedUntil) => ({
        id: name,
        kind: 'libvirt',
        snapshots: new Stream((subscriber) => {
          log.push(
            `start ${name}${url ? ` at ${url}` : ''}${servedUntil === null ? '' : ` served until ${servedUntil}`}`,
          );
          open.set(name, subscriber);
          return () => log.push(`stop ${name}`);
        }),
        retire: () => retirement.retire(name),
      }),
    },
  ];
  const roster = createRoster({
    fleet,
    places,
    clock,
    report: (event) => events.push(event),
    retireMs: 5000,
  });
  const polls: Poll[] = [];
  const subscription = roster.polls.subscribe((each) => polls.push(each));
  const say = (name: string): void => open.get(name)?.next(poll(1, [], { hypervisor: name }));
  const take = (): string[] => log.splice(0);
  return { clock, entries, events, roster, polls, subscription, say, take, retirement };
}

describe('the roster', () => {
  test('polls what is listed and owned, and nothing before it is known what is owned', async () => {
    const { roster, take, events } = rosterOf(entry('a'), entry('b'));
    expect(take()).toEqual([]);
    await roster.hold(shareOf(['a']));
    expect(take()).toEqual(['start a']);
    expect(events).toEqual([{ event: 'roster.changed', polled: 1, listed: 2 }]);
    expect(roster.listing()).toEqual({ endpoints: ['a', 'b'], isWhole: true });
  });

  test('an entry that is as it was is not begun again; one that changed is, once its former self is closed', async () => {
    const { clock, entries, roster, take, retirement } = rosterOf(entry('a', 'u1'), entry('b', 'u1'));
    await roster.hold(shareOf(['a', 'b', 'c']));
    take();
    let close = (): void => undefined;
    retirement.retire = () =>
      new Promise((resolve) => {
        close = resolve;
      });
    entries.next([entry('a', 'u1'), entry('b', 'u2'), entry('c')]);
    await clock.advance(0);
    expect(take()).toEqual(['start c']);
    close();
    await clock.advance(0);
    expect(take()).toEqual(['stop b', 'start b at u2']);
  });

  test('what is not owned any more is let go before `hold` resolves, with its last poll', async () => {
    const { clock, roster, take, say, polls, retirement, events } = rosterOf(entry('a'), entry('b'));
    await roster.hold(shareOf(['a', 'b'], 7));
    take();
    let close = (): void => undefined;
    retirement.retire = () =>
      new Promise((resolve) => {
        close = resolve;
      });
    let held = false;
    const holding = roster.hold(shareOf(['b'], 7)).then(() => {
      held = true;
    });
    await clock.advance(0);
    expect(held).toBe(false);
    say('a');
    expect(polls.map(({ hypervisor, generation }) => [hypervisor, generation])).toEqual([['a', 7]]);
    close();
    await holding;
    expect(take()).toEqual(['stop a']);
    expect(events.at(-2)).toEqual({ event: 'endpoint.released', hypervisor: 'a', kind: 'libvirt' });
  });

  test('waits for no endpoint once nobody hears the polls', async () => {
    const { roster, take, retirement, subscription } = rosterOf(entry('a'));
    await roster.hold(shareOf(['a']));
    retirement.retire = () => new Promise(() => undefined);
    const letGo = roster.hold(NOTHING);
    subscription.unsubscribe();
    await letGo;
    expect(take()).toEqual(['start a', 'stop a']);
  });

  test('an endpoint that does not end its poll is dropped after a while', async () => {
    const { clock, roster, take, retirement } = rosterOf(entry('a'));
    await roster.hold(shareOf(['a']));
    retirement.retire = () => new Promise(() => undefined);
    const holding = roster.hold(NOTHING);
    await clock.advance(5000);
    await holding;
    expect(take()).toEqual(['start a', 'stop a']);
  });

  test('numbers the polls of an endpoint on when it is begun again, with the generation of the day', async () => {
    const { roster, say, polls } = rosterOf(entry('a'));
    await roster.hold(shareOf(['a'], 5));
    say('a');
    await roster.hold(NOTHING);
    await roster.hold(shareOf(['a'], 9));
    say('a');
    await roster.hold(shareOf(['a'], 11));
    say('a');
    expect(polls.map(({ sequence, generation }) => [sequence, generation])).toEqual([
      [0, 5],
      [1, 9],
      [2, 11],
    ]);
  });

  test('only what is taken over is told until when others polled it', async () => {
    const { clock, entries, roster, take } = rosterOf(entry('a'));
    await roster.hold(shareOf(['a', 'b'], 1, 99));
    entries.next([entry('a'), entry('b')]);
    await clock.advance(0);
    expect(take()).toEqual(['start a served until 99', 'start b']);
  });

  test('of two endpoints of one name the first is polled, and the other told', async () => {
    const { roster, take, events } = rosterOf(entry('a', 'u1'), { ...entry('a', 'u2'), name: 'a' });
    await roster.hold(shareOf(['a']));
    expect(take()).toEqual(['start a at u1']);
    expect(events[0]).toEqual({ event: 'endpoint.doubled', hypervisor: 'a', kind: 'libvirt' });
  });

  test('unsubscribing lets go of all at once', async () => {
    const { roster, take, subscription } = rosterOf(entry('a'), entry('b'));
    await roster.hold(shareOf(['a', 'b']));
    take();
    subscription.unsubscribe();
    expect(take()).toEqual(['stop a', 'stop b']);
  });

  test('lets go of what keeps a history when Kafka has its last poll, and not later than a moment', async () => {
    const { clock, roster, polls, say, take, events } = rosterOf(entry('vc1'), entry('vc2'), entry('kvm1'));
    await roster.hold(shareOf(['vc1', 'vc2', 'kvm1']));
    for (const name of ['vc1', 'vc2', 'kvm1']) say(name);
    take();
    const released = (): readonly unknown[] =>
      events.flatMap((event) => (event.event === 'endpoint.released' ? [event.hypervisor] : []));
    let isOver = false;
    const letting = roster.hold(shareOf([])).then(() => {
      isOver = true;
    });
    await clock.advance(100);
    expect([released(), isOver]).toEqual([['kvm1'], false]);
    polls.find(({ hypervisor }) => hypervisor === 'vc1')?.settled?.(true);
    await clock.advance(100);
    expect([released(), isOver]).toEqual([['kvm1', 'vc1'], false]);
    await clock.advance(2000);
    await letting;
    expect(released()).toEqual(['kvm1', 'vc1', 'vc2']);
    expect(polls.find(({ hypervisor }) => hypervisor === 'kvm1')?.settled).toBeUndefined();
  });
});
