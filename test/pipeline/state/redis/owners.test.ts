import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { available } from '../../../services/service.ts';
import { changesOf, checkpointOf, found, samplesOf, signal } from '../checkpoints.ts';
import { closeStores, PLAIN, stores } from './stores.ts';

closeStores();

/** What one of two pipelines does next that both believe the partition theirs: one of them was thought dead. */
const act = fc.record({
  by: fc.constantFrom(0, 1),
  what: fc.constantFrom('take', 'checkpoint', 'checkpoint', 'checkpoint', 'confirm'),
  whole: fc.constantFrom(false, false, true),
});
const OWNERS = 2;
const RUNS = 300;

describe.skipIf(!(await available('redis')))('two pipelines that both hold a partition for theirs [redis]', () => {
  test('the one that took it last writes, the other nothing', { timeout: 120_000 }, async () => {
    let fenced = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 2, maxLength: 24 }), async (acts) => {
        const { again } = stores(PLAIN);
        const pipelines = await Promise.all(Array.from({ length: OWNERS }, () => again()));
        let owner = -1;
        let state: Record<string, string> = {};
        let waiting: { readonly id: string; readonly name: string }[] = [];
        let offset = 0;
        const took = new Set<number>();
        for (const [n, { by, what, whole }] of acts.entries()) {
          const store = pipelines[by];
          if (!store) continue;
          if (what === 'take' || !took.has(by)) {
            const { liveFrom, instances, outbox } = await found(store);
            took.add(by);
            owner = by;
            expect({ liveFrom, instances: instances ?? {}, outbox }).toEqual({
              liveFrom: offset,
              instances: state,
              outbox: waiting.map(({ name }) => [name]),
            });
          } else if (what === 'checkpoint') {
            const words = { [`i${n % 5}`]: `${n}` };
            const checkpoint = checkpointOf(offset + 1, changesOf(words), { whole, samples: samplesOf(`${n}`) });
            const outcome = (await store.checkpoint([checkpoint], signal)).get(0);
            if (by !== owner) {
              expect(outcome).toEqual({ outcome: 'fenced' });
              fenced++;
              took.delete(by);
              continue;
            }
            expect(outcome?.outcome).toBe('kept');
            offset++;
            state = whole ? words : { ...state, ...words };
            if (outcome?.outcome === 'kept') waiting.push({ id: outcome.entry as string, name: `${n}` });
          } else {
            const entries = waiting.slice(0, 1).map(({ id }) => id);
            await store.confirm([{ partition: 0, through: offset, entries }], signal);
            if (by === owner) waiting = waiting.slice(entries.length);
          }
        }
      }),
      { numRuns: RUNS },
    );
    process.stdout.write(`owners: ${RUNS} cases, ${fenced} checkpoints fenced\n`);
    expect(fenced).toBeGreaterThan(100);
  });
});
