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

describe('a commit that is refused', () => {
  it('is told, and goes with the next one', async () => {
    const { store, commits, events } = logged(1);
    await store.checkpoint(new Map([[0, 5]]));
    expect(events).toMatchObject([{ event: 'kafka.trouble', client: 'checkpoint' }]);
    await store.checkpoint(new Map([[1, 7]]));
    await store.checkpoint(new Map([[2, 9]]));
    expect(commits).toEqual([
      [
        { partition: 0, offset: 5 },
        { partition: 1, offset: 7 },
      ],
      [{ partition: 2, offset: 9 }],
    ]);
  });

  it('is forgotten with a partition that goes to another owner', async () => {
    const { store, commits } = logged(1);
    await store.checkpoint(new Map([[0, 5]]));
    await store.release([0]);
    await store.checkpoint(new Map([[1, 7]]));
    expect(commits).toEqual([[{ partition: 1, offset: 7 }]]);
  });
});
