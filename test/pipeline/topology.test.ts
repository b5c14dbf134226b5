import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { select } from '../../pipeline/model/meters.ts';
import type { Sample } from '../../pipeline/model/sample.ts';
import { type Credits, createCredits } from '../../pipeline/operators/credits.ts';
import { createOwnership } from '../../pipeline/operators/ownership.ts';
import { type Pulled, pullOf, type RawMessage } from '../../pipeline/operators/pull.ts';
import { createUnconfirmed } from '../../pipeline/operators/unconfirmed.ts';
import { topology } from '../../pipeline/topology.ts';
import { rulesOf, SECOND } from './model/polls.ts';
import { ownedOf } from './operators/owned.ts';
import { message, quiet, reported, samplesIn, settled, unreadable } from './operators/pulls.ts';
import { storeOf } from './operators/store-of.ts';
import { handClock } from './runtime/hand-clock.ts';
import { deliveryTo } from './sinks/a-parcel.ts';

interface Options {
  readonly publish?: (batch: readonly Sample[]) => Promise<void>;
  readonly keep?: () => Promise<void>;
  readonly credits?: Credits;
  readonly liveFrom?: number;
  /** Samples that may wait for the sink. */
  readonly outbox?: number;
}

/** The pipeline of partition 0 between pulls and a sink, with a log of what it does: `published N` and `committed N`. */
function underTest({ publish, keep, credits = createCredits(16), liveFrom = 0, outbox = 1000 }: Options = {}) {
  const did: string[] = [];
  const rules = rulesOf();
  const ownership = createOwnership();
  ownership.own(ownedOf({ liveFrom }));
  const clock = handClock(0);
  const { report } = reported();
  const { signal } = new AbortController();
  const store = storeOf({
    confirm: async (confirmed) => void did.push(...confirmed.map(({ through }) => `confirmed ${through}`)),
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
    deriveRules: {
      selection: select(['network.incoming.bytes.delta']),
      gauges: 'last' as const,
    },
    ownership,
    credits,
    keep: async (letter: RawMessage) => {
      await keep?.();
      did.push(`kept ${letter.offset}`);
      return { bytes: letter.value.length, refusal: null };
    },
    delivery: deliveryTo([sink], { samples: outbox }),
    unconfirmed: createUnconfirmed(store, clock),
    store,
    foreign: () => undefined,
    clock,
    every: 0,
    mostPulls: 1,
    report,
    signal,
    stopping: signal,
    mostWindows: 5000,
  };
  return { did, meter: (pulls: AsyncIterable<Pulled> | Iterable<Pulled>) => topology(from(pulls), deps) };
}

/** A pull of one message, half a minute after the one before: every second ends a window. */
const pullAt = (offset: number): Pulled => pullOf([message(offset, offset * 30, BigInt(offset))]);
const pulls = (count: number): readonly Pulled[] => Array.from({ length: count }, (_, offset) => pullAt(offset));

/** The same, each when everything before it has been done. */
async function* spaced(count: number): AsyncGenerator<Pulled> {
  for (const pull of pulls(count)) {
    yield pull;
    for (let turn = 0; turn < 3; turn++) await quiet();
  }
}

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
  test('confirms what is published, after it is published', async () => {
    const { did, meter } = underTest();
    const out = await lastValueFrom(meter(spaced(6)).pipe(toArray()));
    expect(did).toEqual([
      'confirmed 1',
      'confirmed 2',
      'published 60',
      'confirmed 3',
      'confirmed 4',
      'published 120',
      'confirmed 5',
      'confirmed 6',
    ]);
    expect(out.map((each) => samplesIn(each).map(({ volume }) => volume))).toEqual([[], [], [2], [], [2], []]);
  });

  test('of what an earlier owner delivered confirms and publishes nothing', async () => {
    const { did, meter } = underTest({ liveFrom: 4 });
    await lastValueFrom(meter(pulls(5)));
    expect(did).toEqual(['published 120', 'confirmed 5']);
  });

  test('of a sink that fails confirms nothing that it does not have', async () => {
    const { did, meter } = underTest({
      publish: (batch) =>
        batch[0]?.windowEnd === 120 * SECOND ? Promise.reject(new Error('refused')) : Promise.resolve(),
    });
    await expect(lastValueFrom(meter(spaced(8)))).rejects.toThrow('refused');
    expect(did.at(-1)).toBe('confirmed 4');
  });

  test('of a sink that hangs confirms nothing, and reads on until its outbox is full and the credits are out', async () => {
    const hanging = settled();
    const credits = createCredits(4);
    const { did, meter } = underTest({ publish: () => hanging.promise, credits, outbox: 3 });
    const begun: number[] = [];
    const done = lastValueFrom(meter(reading(20, credits, begun)));
    for (let turn = 0; turn < 30; turn++) await quiet();
    // The first two pulls end no window, then every other does: the windows of 2, 4 and 6 wait, 8 finds no room, and
    // with it three more have a credit.
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(did).toEqual(['confirmed 1', 'confirmed 2']);
    hanging.resolve();
    await done;
    expect(begun).toHaveLength(20);
    expect(did.at(-1)).toBe('confirmed 20');
  });

  test('of a slow sink goes on in order, and all of it comes out', async () => {
    const credits = createCredits(4);
    const { did, meter } = underTest({ publish: quiet, credits });
    await lastValueFrom(meter(reading(21, credits, [])));
    const confirmed = did.filter((what) => what.startsWith('confirmed')).map((what) => Number(what.split(' ')[1]));
    expect(confirmed).toEqual([...confirmed].sort((a, b) => a - b));
    expect(confirmed.at(-1)).toBe(21);
    for (let offset = 3; offset <= 21; offset += 2) {
      const through = confirmed.find((each) => each >= offset);
      expect(did.indexOf(`published ${(offset - 1) * 30}`)).toBeLessThan(did.indexOf(`confirmed ${through}`));
    }
    await credits.idle();
  });

  test('keeps a dead letter before an offset behind it is confirmed, and not without it', async () => {
    const pull = pullOf([message(0, 0), unreadable(1), message(2, 60, 5n)]);
    const { did, meter } = underTest();
    await lastValueFrom(meter([pull]));
    expect(did).toEqual(['kept 1', 'published 60', 'confirmed 3']);
    const failing = underTest({ keep: () => Promise.reject(new Error('no room')) });
    await expect(lastValueFrom(failing.meter([pull]))).rejects.toThrow('no room');
    expect(failing.did).toEqual([]);
  });
});
