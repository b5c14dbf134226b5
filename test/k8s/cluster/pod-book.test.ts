import { describe, expect, it } from 'vitest';
import { noted, type PodBook, type PodEvent } from './pod-book.ts';

type Status = NonNullable<PodEvent['object']['status']>;
const event = (type: PodEvent['type'], status: Status = {}, stopping = false): PodEvent => ({
  type,
  object: {
    metadata: { uid: 'u1', name: 'p-0', ...(stopping && { deletionTimestamp: '2026-11-27T00:00:00Z' }) },
    status,
  },
});
const ready: Status = { conditions: [{ type: 'Ready', status: 'True' }] };
const container = (state: object, lastState: object = {}): Status => ({
  containerStatuses: [{ restartCount: 0, state, lastState }],
});
const lives = (...events: readonly PodEvent[]) => {
  let book: PodBook = new Map();
  for (const [index, each] of events.entries()) book = noted(book, each, index * 10);
  return [...book.values()];
};

describe('the book of pods', () => {
  it('knows when a pod came, was ready, was told to stop and had stopped', () => {
    const ended = container({ terminated: { exitCode: 0, reason: 'Completed' } });
    const events = [event('ADDED'), event('MODIFIED', ready), event('MODIFIED', ready, true)];
    expect(lives(...events, event('MODIFIED', ended, true), event('DELETED', ended, true))).toEqual([
      { name: 'p-0', addedAt: 0, readyAt: 10, stoppingAt: 20, endedAt: 30, exitCode: 0, crashes: [] },
    ]);
  });

  it('calls an end that nobody asked for a crash, once', () => {
    const killed = { terminated: { exitCode: 137, reason: 'OOMKilled' } };
    const [life] = lives(
      event('ADDED'),
      event('MODIFIED', container(killed)),
      event('MODIFIED', container({}, killed)),
      event('MODIFIED', container({}, killed), true),
    );
    expect(life).toMatchObject({ crashes: ['p-0 ended with 137 (OOMKilled)'], stoppingAt: 30, exitCode: null });
  });

  it('keeps how a pod ended that was killed when its time was over', () => {
    const [life] = lives(
      event('ADDED', {}, true),
      event('MODIFIED', container({ terminated: { exitCode: 137, reason: 'Error' } }), true),
    );
    expect(life).toMatchObject({ exitCode: 137, endedAt: 10, crashes: [] });
  });

  it('leaves alone what is no pod', () => {
    expect(lives(event('BOOKMARK'), event('ERROR'))).toEqual([]);
  });
});
