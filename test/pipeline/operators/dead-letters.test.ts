import { from, lastValueFrom, Subject, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { type DeadLetterDeps, deadLetters } from '../../../pipeline/operators/dead-letters.ts';
import { createOwnership } from '../../../pipeline/operators/ownership.ts';
import type { Decoded } from '../../../pipeline/operators/pull.ts';
import { ownedOf } from './owned.ts';
import { dead, quiet, reported, settled, unreadable } from './pulls.ts';

const WHOLE = { bytes: 7, refusal: null };

/** Dead letters of partition 0, live from offset 5 on. */
function underTest(keep: DeadLetterDeps['keep']) {
  const ownership = createOwnership();
  ownership.own(ownedOf({ liveFrom: 5 }));
  const { events, report } = reported();
  return { events, operator: deadLetters({ ownership, report, keep }) };
}

describe('dead letters', () => {
  test('are kept one by one before their pull goes on, and told once they are', async () => {
    const first = settled<typeof WHOLE>();
    const asked: number[] = [];
    const { events, operator } = underTest((letter) => {
      asked.push(letter.offset);
      return letter.offset === 5 ? first.promise : Promise.resolve(WHOLE);
    });
    const pulls = new Subject<Decoded>();
    const out: Decoded[] = [];
    pulls.pipe(operator).subscribe((pull) => out.push(pull));
    const [bad, good] = [dead(unreadable(5), unreadable(6)), dead()];
    pulls.next(bad);
    pulls.next(good);
    await quiet();
    expect({ asked, out, events }).toEqual({ asked: [5], out: [], events: [] });
    first.resolve(WHOLE);
    await quiet();
    expect(asked).toEqual([5, 6]);
    expect(out).toEqual([bad, good]);
    expect(events).toEqual([
      { event: 'message.dead', partition: 0, offset: 5, reason: 'unreadable' },
      { event: 'message.dead', partition: 0, offset: 6, reason: 'unreadable' },
    ]);
  });

  test('of what an earlier owner delivered, or of nobody’s partition, are not kept again', async () => {
    const { events, operator } = underTest(() => Promise.reject(new Error('asked to keep it')));
    const pull = dead(unreadable(4), unreadable(9, 1));
    expect(await lastValueFrom(from([pull]).pipe(operator, toArray()))).toEqual([pull]);
    expect(events).toEqual([]);
  });

  test('that cannot be kept end the stream before anything goes on', async () => {
    const { events, operator } = underTest(() => Promise.reject(new Error('no room')));
    const out: Decoded[] = [];
    const all = from([dead(unreadable(5)), dead()]).pipe(operator);
    await expect(all.forEach((pull) => void out.push(pull))).rejects.toThrow('no room');
    expect({ out, events }).toEqual({ out: [], events: [] });
  });

  test('that the topic refuses are told with where they are, and everything goes on', async () => {
    const refusal = new Error('too large');
    const { events, operator } = underTest(async ({ offset }) => ({ bytes: offset === 5 ? 3 : null, refusal }));
    const pulls = [dead(unreadable(5), unreadable(6)), dead()];
    expect(await lastValueFrom(from(pulls).pipe(operator, toArray()))).toEqual(pulls);
    expect(events.filter(({ event }) => event === 'message.cut')).toEqual([
      { event: 'message.cut', partition: 0, offset: 5, bytes: 7, kept: 3, error: refusal },
      { event: 'message.cut', partition: 0, offset: 6, bytes: 7, kept: null, error: refusal },
    ]);
  });
});
