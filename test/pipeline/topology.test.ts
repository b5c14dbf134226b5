import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { select } from '../../pipeline/model/meters.ts';
import type { Sample } from '../../pipeline/model/sample.ts';
import { createDelivered } from '../../pipeline/operators/commit.ts';
import { type Credits, createCredits } from '../../pipeline/operators/credits.ts';
import { createOwnership } from '../../pipeline/operators/ownership.ts';
import { type Pulled, pullOf, type RawMessage } from '../../pipeline/operators/pull.ts';
import { topology } from '../../pipeline/topology.ts';
import { rulesOf, SECOND } from './model/polls.ts';
import { message, quiet, reported, settled, unreadable } from './operators/pulls.ts';

interface Options {
  readonly publish?: (batch: readonly Sample[]) => Promise<void>;
  readonly keep?: () => Promise<void>;
  readonly credits?: Credits;
  readonly isDue?: () => boolean;
  readonly liveFrom?: number;
}

/** The pipeline of partition 0 between pulls and a sink, with a log of what it does: `published N` and `committed N`. */
function underTest({ publish, keep, credits = createCredits(16), isDue = () => false, liveFrom = 0 }: Options = {}) {
  const did: string[] = [];
  const rules = rulesOf();
  const ownership = createOwnership(rules);
  ownership.own(0, liveFrom);
  const { report } = reported();
  const { signal } = new AbortController();
  const delivered = createDelivered({
    acquire: async () => new Map(),
    checkpoint: async (through) => void did.push(`committed ${through.get(0)}`),
    release: async () => undefined,
  });
  const sink = {
    name: 's',
    publish: async (batch: readonly Sample[]) => {
      await publish?.(batch);
      did.push(`published ${batch[0]?.windowEnd === undefined ? '' : batch[0].windowEnd / SECOND}`);
    },
    close: async () => undefined,
  };
  const deps = {
    rules,
    deriveRules: { sizes: rules.windows.sizes, selection: select(['network.incoming.bytes.delta']) },
    ownership,
    credits,
    keep: async (letter: RawMessage) => {
      await keep?.();
      did.push(`kept ${letter.offset}`);
    },
    sink,
    delivered,
    isDue,
    report,
    signal,
  };
  return { did, delivered, meter: (pulls: AsyncIterable<Pulled> | Iterable<Pulled>) => topology(from(pulls), deps) };
}

/** A pull of one message, half a minute after the one before: every second ends a window. */
const pullAt = (offset: number): Pulled => pullOf([message(offset, offset * 30, BigInt(offset))]);
const pulls = (count: number): readonly Pulled[] => Array.from({ length: count }, (_, offset) => pullAt(offset));

/** Pulls as the pipeline makes them: each with a credit, noting which were begun. */
async function* reading(count: number, credits: Credits, begun: number[]): AsyncGenerator<Pulled> {
  const { signal } = new AbortController();
  for (let offset = 0; offset < count; offset++) {
    await credits.free(signal);
    credits.take();
    begun.push(offset);
    yield pullAt(offset);
  }
}

describe('the whole pipeline', () => {
  test('commits what is published, after it is published', async () => {
    const { did, meter, delivered } = underTest();
    const out = await lastValueFrom(meter(pulls(6)).pipe(toArray()));
    expect(did).toEqual(['published 60', 'published 120', 'committed 3', 'committed 5']);
    expect(out.map(({ samples }) => samples.map(({ volume }) => volume))).toEqual([[], [], [2], [], [2], []]);
    await delivered.flush();
    expect(did.at(-1)).toBe('committed 6');
  });

  test('commits what publishes nothing when it is due', async () => {
    const { did, meter } = underTest({ isDue: () => true, liveFrom: 100 });
    await lastValueFrom(meter(pulls(4)));
    expect(did).toEqual(['committed 1', 'committed 2', 'committed 3', 'committed 4']);
  });

  test('of a sink that fails commits nothing that it does not have', async () => {
    const { did, meter } = underTest({
      publish: (batch) =>
        batch[0]?.windowEnd === 120 * SECOND ? Promise.reject(new Error('refused')) : Promise.resolve(),
    });
    await expect(lastValueFrom(meter(pulls(8)))).rejects.toThrow('refused');
    expect(did.filter((what) => what.startsWith('committed'))).toEqual(['committed 3']);
  });

  test('of a sink that hangs commits nothing, and reads no further ahead than there are credits', async () => {
    const hanging = settled();
    const credits = createCredits(4);
    const { did, meter } = underTest({ publish: () => hanging.promise, credits, isDue: () => true });
    const begun: number[] = [];
    const done = lastValueFrom(meter(reading(20, credits, begun)));
    await quiet();
    await quiet();
    // The first two pulls end no window and are delivered as they are.
    expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
    expect(did).toEqual(['committed 1', 'committed 2']);
    hanging.resolve();
    await done;
    expect(begun).toHaveLength(20);
    expect(did.at(-1)).toBe('committed 20');
  });

  test('of a slow sink goes on in order, and all of it comes out', async () => {
    const credits = createCredits(4);
    let out = 0;
    let most = 0;
    const publish = async () => {
      most = Math.max(most, ++out);
      await quiet();
      out--;
    };
    const { did, meter } = underTest({ publish, credits });
    await lastValueFrom(meter(reading(21, credits, [])));
    const committed = did.filter((what) => what.startsWith('committed')).map((what) => Number(what.split(' ')[1]));
    expect(committed).toEqual([3, 5, 7, 9, 11, 13, 15, 17, 19, 21]);
    for (const offset of committed) {
      const windowEnd = (offset - 1) * 30;
      expect(did.indexOf(`published ${windowEnd}`)).toBeLessThan(did.indexOf(`committed ${offset}`));
    }
    expect(most).toBeGreaterThan(1);
    await credits.idle();
  });

  test('keeps a dead letter before an offset behind it is committed, and not without it', async () => {
    const pull = pullOf([message(0, 0), unreadable(1), message(2, 60, 5n)]);
    const { did, meter } = underTest();
    await lastValueFrom(meter([pull]));
    expect(did).toEqual(['kept 1', 'published 60', 'committed 3']);
    const failing = underTest({ keep: () => Promise.reject(new Error('no room')) });
    await expect(lastValueFrom(failing.meter([pull]))).rejects.toThrow('no room');
    expect(failing.did).toEqual([]);
  });

  test('publishes nothing of what an earlier owner delivered', async () => {
    const { did, meter } = underTest({ liveFrom: 4 });
    await lastValueFrom(meter(pulls(5)));
    expect(did).toEqual(['published 120', 'committed 5']);
  });
});
