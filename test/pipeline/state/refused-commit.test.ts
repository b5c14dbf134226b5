import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { createMemoryStore } from '../../../pipeline/state/memory.ts';

/** A log that refuses the commits it is told to, and remembers the others. */
function logged(refusals: number) {
  let left = refusals;
  const commits: (readonly { readonly partition: number; readonly offset: number }[])[] = [];
  const events: InternalEvent[] = [];
  const log = {
    committed: async () => new Map(),
    watermarkOffsets: async () => ({ low: 0, high: 0 }),
    offsetsForTime: async () => new Map(),
    commit: async (offsets: readonly { readonly partition: number; readonly offset: number }[]) => {
      if (left-- > 0) throw new Error('Broker: Unknown member');
      commits.push(offsets);
    },
  };
  const store = createMemoryStore(log, systemClock, 1, (event) => events.push(event));
  return { store, commits, events };
}

const { signal } = new AbortController();
const of = (partition: number, through: number) => [{ partition, through, entries: ['e'] }];

describe('a commit that is refused', () => {
  it('is told, and goes with the next one', async () => {
    const { store, commits, events } = logged(1);
    await store.confirm(of(0, 5), signal);
    expect(events).toMatchObject([{ event: 'kafka.trouble', client: 'checkpoint' }]);
    await store.confirm(of(1, 7), signal);
    await store.confirm(of(2, 9), signal);
    expect(commits).toEqual([
      [
        { partition: 0, offset: 5 },
        { partition: 1, offset: 7 },
      ],
      [{ partition: 2, offset: 9 }],
    ]);
  });

  it('is forgotten with a partition that goes to another owner', async () => {
    const { store, commits } = logged(2);
    await store.confirm(of(0, 5), signal);
    await store.release([0], signal);
    await store.confirm(of(1, 7), signal);
    expect(commits).toEqual([[{ partition: 1, offset: 7 }]]);
  });
});
