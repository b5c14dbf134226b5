import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { SliceReader } from '../../../avro/reader.ts';
import { EMPTY_NIC_ROW, EMPTY_ROW, type Snapshot } from '../../../avro/snapshot.ts';
import type { ClosedCounter } from '../../../pipeline/model/closed.ts';
import { accept, createPartition, type Partition } from '../../../pipeline/model/partition.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';
import { setApart } from '../../../pipeline/model/together.ts';
import { recordAt } from './polls.ts';

/**
 * Blocks whose counters are kept together must give, message by message, what they give when every counter is kept for
 * itself; only the order among series may differ.
 */
const SECOND = 1e6;
const INTERVAL = 10;

const step = fc.record({
  /** Seconds since the last poll; now and then one is repeated, goes back, or comes after a gap. */
  dt: fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 15 }) }, fc.constantFrom(0, -7, 10, 40, 400)),
  growth: fc.oneof(
    { weight: 3, arbitrary: fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 1e9 }))) },
    fc.constant([0, 0, 0]),
  ),
  /** Mostly nothing; else one thing that ends the togetherness. */
  oddity: fc.oneof(
    { weight: 12, arbitrary: fc.constant('none' as const) },
    fc.constantFrom('missing', 'fall', 'reboot', 'off', 'partial', 'jump', 'moved', 'unlisted'),
  ),
});

const scenario = fc.record({
  steps: fc.array(step, { minLength: 2, maxLength: 30 }),
  sizes: fc.uniqueArray(fc.constantFrom(7, 20, 60, 300), { minLength: 1, maxLength: 3 }),
  grace: fc.constantFrom<number | 'auto'>('auto', 5 * SECOND, 60 * SECOND),
  anchored: fc.boolean(),
});

/** A total and an open window that doubles hold, but not their sum, when the window is closed by the grace. */
const BEYOND_SAFE = {
  steps: (['jump', 'jump', 'unlisted', 'none', 'none'] as const).map((oddity, i) => ({
    dt: i === 2 ? 11 : 1,
    growth: [0, 0, 0],
    oddity,
  })),
  sizes: [7 as const],
  grace: 5 * SECOND,
  anchored: false,
  revise: false,
};

test('counters give the same windows together and apart', () => {
  let together = 0;
  fc.assert(
    fc.property(scenario, ({ steps, sizes, grace, anchored }) => {
      const rules: Rules = {
        windows: { sizes: sizes.map((size) => size * SECOND), graces: sizes.map(() => grace), anchored, revise: false },
        counters: { maxSkew: 60 * SECOND, fillMax: 1000, edge: false },
        reorder: 0,
      };
      const messages = messagesOf(steps);
      const kept = play(rules, messages, (partition) => {
        together += blocksOf(partition).filter((block) => block.together !== null).length;
      });
      const apart = play(rules, messages, (partition) => {
        for (const block of blocksOf(partition)) setApart(block, sizes.length);
      });
      expect(kept).toEqual(apart);
    }),
    { numRuns: 2000, examples: [[BEYOND_SAFE]] },
  );
  expect(together).toBeGreaterThan(1000);
});

const blocksOf = (partition: Partition) => [...partition.instances.values()].flatMap(({ blocks }) => blocks);

function play(rules: Rules, messages: readonly Buffer[], before: (partition: Partition) => void): readonly string[][] {
  const partition = createPartition(rules);
  return messages.map((message) => {
    before(partition);
    const { closed } = accept(partition, rules, new SliceReader().read(message), recordAt(1e12));
    return closed.counters.map(shown).sort();
  });
}

function messagesOf(steps: readonly { dt: number; growth: readonly number[]; oddity: string }[]): readonly Buffer[] {
  let t = 1000;
  let epoch = 0;
  let host = 0;
  let values = [1n << 40n, 5n, 1000n];
  return steps.map(({ dt, growth, oddity }, n) => {
    t += dt;
    if (oddity === 'reboot') {
      epoch++;
      values = [0n, 0n, 0n];
    }
    if (oddity === 'moved') host = 1 - host;
    values = values.map((value, f) => value + BigInt(growth[f] ?? 0) + (oddity === 'jump' ? 1n << 52n : 0n));
    const read = values.map((value, f) => (f === 1 && oddity === 'fall' ? value / 2n : value));
    return encodeSnapshot(snapshotOf(n, t, `h${host}`, `e${epoch}`, read, oddity));
  });
}

function snapshotOf(
  n: number,
  t: number,
  hypervisor: string,
  epoch: string,
  [rxBytes, rxPackets, txBytes]: readonly bigint[],
  oddity: string,
): Snapshot {
  const at = t * SECOND;
  const nic = {
    ...EMPTY_NIC_ROW,
    rxBytes: rxBytes ?? null,
    rxPackets: oddity === 'missing' ? null : (rxPackets ?? null),
    txBytes: txBytes ?? null,
  };
  return {
    source: { kind: 'libvirt', hypervisor, collector: 'c', generation: 1, bootedAt: null },
    poll: {
      sequence: n,
      scheduledAt: at,
      startedAt: at,
      endedAt: at,
      interval: INTERVAL * SECOND,
      instances: oddity === 'unlisted' ? 0 : 1,
      slice: 0,
      slices: 1,
      partial: oddity === 'partial' ? 'one domain did not answer' : null,
    },
    hosts: [],
    instances:
      oddity === 'unlisted'
        ? []
        : [
            {
              uuid: Buffer.alloc(16, 7),
              epoch,
              startedAt: null,
              deletedAt: null,
              state: oddity === 'off' ? 'SHUTOFF' : 'RUNNING',
              disks: [],
              nics: [{ id: 'n', epoch: null }],
              rows: oddity === 'off' ? [] : [{ ...EMPTY_ROW, observedAt: at, cpuTime: rxBytes ?? null, nics: [nic] }],
              identity: null,
            },
          ],
  };
}

const shown = ({ block, field, size, index, delta, covered, rateDelta, rateTime, flags, total }: ClosedCounter) =>
  [block.kind, field, size, index, delta, covered, rateDelta, rateTime, flags, total].map(String).join(' ');
