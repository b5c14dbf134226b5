import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FleetRow } from '../../../../pipeline/page/model.ts';
import type { Known } from '../../../../pipeline/page/processes/link.ts';
import { statusesOf } from '../../../../pipeline/page/processes/member.ts';
import { mergeKafka, mergeSinks, mergeSpools, mergeStores } from '../../../../pipeline/page/processes/merge-around.ts';
import { mergeRows, mergeSums, unpolled } from '../../../../pipeline/page/processes/merge-fleet.ts';
import { mergePipelines, unreadPartitions } from '../../../../pipeline/page/processes/merge-pipeline.ts';
import { MergedTrend, stepAt } from '../../../../pipeline/page/processes/merge-trend.ts';
import { mergeHistories, mergeVms } from '../../../../pipeline/page/processes/merge-vms.ts';
import {
  AWAY,
  collector,
  heardRow,
  membersIn,
  metering,
  overview,
  partition,
  quality,
  row,
  sink,
  unheard,
} from './members.ts';

const merged = (...all: readonly Known[]): readonly FleetRow[] => mergeRows(membersIn(...all));

/** Fleets of up to four collectors and two pipelines, in which names come more than once. */
const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'));
const rowsOf = (make: typeof row) =>
  names.chain((chosen) =>
    fc.tuple(
      ...chosen.map((name) =>
        fc
          .record({ readAt: fc.option(fc.nat(9)), isBad: fc.boolean() })
          .map(({ readAt, isBad }) =>
            make(name, { readAt, ...(isBad ? { state: make === row ? 'failing' : 'silent' } : {}) }),
          ),
      ),
    ),
  );
const isAway = fc.boolean().map((away) => (away ? AWAY : {}));
const fleets = fc
  .tuple(
    fc.array(fc.tuple(rowsOf(row), isAway, fc.nat(3)), { maxLength: 4 }),
    fc.array(fc.tuple(rowsOf(heardRow), isAway), { maxLength: 2 }),
  )
  .map(([collectors, pipelines]) => [
    ...collectors.map(([rows, known, more], i) =>
      collector(`c${i}`, rows, { known, endpoints: rows.length + more, listed: 9 }),
    ),
    ...pipelines.map(([rows, known], i) => metering(`p${i}`, [i], rows, { known })),
  ]);

describe('the fleet of several processes', () => {
  it('has each endpoint once, and every one that any process that answers tells of', () => {
    fc.assert(
      fc.property(fleets, (all) => {
        const ids = merged(...all).map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        const told = all.flatMap((each) => (each.state === 'live' ? each.rows : []));
        for (const { id } of told) expect(ids).toContain(id);
      }),
    );
  });

  it('does not depend on the order of the processes', () => {
    const readings = (rows: readonly FleetRow[]) =>
      rows.map(({ id, readAt, state }) => [id, readAt, state === 'heard']);
    fc.assert(
      fc.property(fleets, (all) => {
        expect(readings(merged(...all.toReversed()))).toEqual(readings(merged(...all)));
      }),
    );
  });

  it('has the reading of who polls, and of those the latest; what is heard alone has no process', () => {
    fc.assert(
      fc.property(fleets, (all) => {
        for (const { id, readAt, process, state } of merged(...all)) {
          const polled = all.flatMap(({ state: link, overview: told, rows }) =>
            link === 'live' && told?.fleet.kind === 'polled' ? rows.filter((each) => each.id === id) : [],
          );
          if (polled.length > 0) {
            expect(readAt ?? 0).toBe(Math.max(...polled.map((each) => each.readAt ?? 0)));
            expect(process).toMatch(/^c/);
          } else if (state === 'heard') expect(process).toBeNull();
        }
      }),
    );
  });

  it('adds up to its rows: none is counted twice, and none that is to come is lost', () => {
    fc.assert(
      fc.property(fleets, (all) => {
        const members = membersIn(...all);
        const rows = mergeRows(members);
        const { endpoints, good, late } = mergeSums(members, rows);
        expect(good + late).toBe(rows.length);
        expect(endpoints).toBeGreaterThanOrEqual(rows.length);
        expect(endpoints).toBeLessThanOrEqual(Math.max(rows.length, 9));
      }),
    );
  });

  it('tells who polls each, and shows one that is handed over as the new owner read it', () => {
    const rows = merged(
      collector('c0', [row('a', { readAt: 1000 }), row('b')]),
      collector('c1', [row('a', { readAt: 9000, instances: 11 })]),
    );
    expect(rows).toMatchObject([
      { name: 'a', process: 'c1', instances: 11 },
      { name: 'b', process: 'c0' },
    ]);
  });

  it('of pipelines alone is what they hear, silent where all of them say so', () => {
    const all = [
      metering('p0', [0], [heardRow('a', { state: 'silent', readAt: 1 }), heardRow('b', { state: 'silent' })]),
      metering('p1', [1], [heardRow('a', { readAt: 2 }), heardRow('b', { state: 'silent' })]),
    ];
    const rows = merged(...all);
    expect(rows.map(({ name, state, readAt }) => [name, state, readAt])).toEqual([
      ['a', 'heard', 2],
      ['b', 'silent', 5000],
    ]);
    expect(mergeSums(membersIn(...all), rows)).toMatchObject({
      kind: 'heard',
      endpoints: 2,
      good: 1,
      late: 1,
      listed: null,
    });
  });

  it('has what a process that is away polled as late, with why, unless others poll or hear it', () => {
    const gone = collector('c0', [row('a'), row('b'), row('c', { readAt: 8000 })], { known: AWAY });
    const rows = merged(
      gone,
      collector('c1', [row('b')]),
      metering('p0', [0], [heardRow('a'), heardRow('c', { state: 'silent', readAt: 9000 })]),
    );
    expect(rows).toMatchObject([
      { name: 'a', state: 'heard', process: null },
      { name: 'b', state: 'up', process: 'c1' },
      {
        name: 'c',
        state: 'silent',
        process: 'c0',
        readAt: 9000,
        error: 'c0, which polled it, does not answer: nobody listens there',
        errorAt: AWAY.sinceAt,
      },
    ]);
  });

  it('knows of the endpoints that are listed and that nobody polls', () => {
    const rows = [row('a'), row('b')];
    const of = (...all: readonly Known[]) => unpolled(membersIn(...all));
    expect(of(collector('c0', rows, { listed: 5 }))).toBe(3);
    expect(of(collector('c0', rows, { listed: 5, endpoints: 4 }))).toBe(1);
    expect(of(collector('c0', rows, { listed: 5 }), collector('c1', [row('c')], { listed: 6 }))).toBe(3);
    expect(of(collector('c0', rows, { listed: 5 }), collector('c1', [row('c')], { known: AWAY }))).toBe(3);
    expect(of(collector('c0', rows))).toBe(0);
    expect(of(metering('p0', [0]))).toBe(0);
  });
});

describe('pipelines as one', () => {
  const two = (a: Parameters<typeof metering>[3], b: Parameters<typeof metering>[3]) =>
    mergePipelines(membersIn(metering('p0', [0], [], a), metering('p1', [1], [], b)));

  it('are none where nobody meters', () => {
    expect(mergePipelines(membersIn(collector('c0', [row('a')])))).toBeNull();
    expect(mergePipelines(membersIn(metering('p0', [0], [], { known: AWAY })))).toBeNull();
  });

  it('have every partition once, with who reads it; of two the one that is further', () => {
    const shared = (watermarkAt: number | null) => ({ pipeline: { partitions: [partition(3, { watermarkAt })] } });
    const found = two(shared(null), shared(7000))?.partitions;
    expect(found).toMatchObject([{ index: 3, watermarkAt: 7000, process: 'p1' }]);
    const all = mergePipelines(membersIn(metering('p0', [2, 0]), metering('p1', [1])))?.partitions;
    expect(all?.map(({ index, process }) => `${index} ${process}`)).toEqual(['0 p0', '1 p1', '2 p0']);
  });

  it('know which partitions nobody reads', () => {
    const of = (...all: readonly Known[]) => unreadPartitions(membersIn(...all));
    expect(of(metering('p0', [0, 3]), metering('p1', [1]))).toEqual([2]);
    expect(of(metering('p0', [0]), metering('p1', [1, 2], [], { known: AWAY }))).toEqual([1, 2]);
    expect(of(metering('p0', [0, 1, 2]), metering('p1', [1, 2], [], { known: AWAY }))).toEqual([]);
    expect(of(collector('c0', []))).toEqual([]);
  });

  it('have a residual that is the worst, exact, and 0 only where all say so', () => {
    const residuals = fc.array(fc.option(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n })), { minLength: 1 });
    const size = (amount: bigint) => (amount < 0n ? -amount : amount);
    fc.assert(
      fc.property(fc.oneof(residuals, fc.array(fc.constantFrom(0n, null), { minLength: 1 })), (amounts) => {
        const all = amounts.map((amount, i) =>
          metering(`p${i}`, [i], [], { pipeline: { residual: amount === null ? null : String(amount) } }),
        );
        const residual = mergePipelines(membersIn(...all))?.residual ?? null;
        const told = amounts.flatMap((amount) => amount ?? []);
        const [most = 0n] = told.map(size).sort((a, b) => (a < b ? 1 : -1));
        if (most > 0n) expect(size(BigInt(residual ?? '0'))).toBe(most);
        else expect(residual).toBe(told.length === amounts.length ? '0' : null);
      }),
    );
    // One that reads no partition has nothing to balance.
    const idle = metering('p1', [], [], { pipeline: { residual: null } });
    expect(mergePipelines(membersIn(metering('p0', [0]), idle))?.residual).toBe('0');
  });

  it('have windows by size, whose coverage is the mean of all samples', () => {
    const window = (endAt: number, samples: number, coverage: number, open: number) => ({
      pipeline: {
        windows: [
          {
            sizeMs: 60_000,
            open,
            closed: 4,
            samples,
            lastEndAt: endAt,
            latest: [quality(endAt, { samples, coverage, measured: samples })],
          },
        ],
      },
    });
    expect(two(window(60_000, 30, 1, 1), window(60_000, 10, 0.6, 3))?.windows).toEqual([
      {
        sizeMs: 60_000,
        open: 3,
        closed: 8,
        samples: 40,
        lastEndAt: 60_000,
        latest: [quality(60_000, { samples: 40, coverage: 0.9, measured: 40 })],
      },
    ]);
    expect(two(window(120_000, 1, 1, 1), window(60_000, 1, 1, 1))?.windows[0]).toMatchObject({
      lastEndAt: 120_000,
      latest: [{ endAt: 60_000 }, { endAt: 120_000 }],
    });
  });

  it('add up what they read and dropped', () => {
    const a = { readings: 5, messages: 1, drops: [{ name: 'late', count: 2 }] };
    const b = {
      readings: 7,
      messages: 2,
      drops: [
        { name: 'duplicate', count: 9 },
        { name: 'late', count: 1 },
      ],
      deadLetters: [{ name: 'schema', count: 1 }],
    };
    expect(two({ pipeline: a }, { pipeline: b })).toMatchObject({
      readings: 12,
      messages: 3,
      drops: [
        { name: 'duplicate', count: 9 },
        { name: 'late', count: 3 },
      ],
      events: [],
      deadLetters: [{ name: 'schema', count: 1 }],
    });
  });
});

describe('what is around', () => {
  it('sinks of one name are one: as bad as the worst, with the latest error of it and whose it is', () => {
    const sinks = (one: Parameters<typeof sink>[1]) => ({ told: { sinks: [sink('amqp', one)] } });
    const all = membersIn(
      metering(
        'p0',
        [0],
        [],
        sinks({ state: 'failing', error: 'amqp: refused', errorAt: 5000, dropped: [{ name: 'x', count: 1 }] }),
      ),
      metering('p1', [1], [], sinks({ error: 'amqp: timeout', errorAt: 6000, publishedAt: 6500, batchMs: 9 })),
      metering(
        'p2',
        [2],
        [],
        sinks({ state: 'failing', error: 'amqp: blocked', errorAt: 5500, publishedAt: null, batchMs: null }),
      ),
    );
    expect(mergeSinks(all)).toEqual([
      sink('amqp', {
        state: 'failing',
        published: 300,
        inFlight: 6,
        dropped: [{ name: 'x', count: 1 }],
        publishedAt: 6500,
        batchMs: 9,
        error: 'amqp: blocked (p2)',
        errorAt: 5500,
      }),
    ]);
    const idle = membersIn(metering('p0', [0], [], sinks({ state: 'idle' })), metering('p1', [1], [], sinks({})));
    expect(mergeSinks(idle)).toMatchObject([{ state: 'ok', error: null }]);
  });

  it('trouble that lasts hides what is over, and has a name', () => {
    const trouble = (isNow: boolean, at: number) => ({
      told: { kafka: { isNow, client: 'consumer', message: 'brokers are down', at } },
    });
    expect(mergeKafka(membersIn(metering('p0', [0])))).toBeNull();
    expect(
      mergeKafka(membersIn(metering('p0', [0], [], trouble(true, 1)), metering('p1', [1], [], trouble(false, 2)))),
    ).toEqual({
      isNow: true,
      client: 'consumer',
      message: 'brokers are down (p0)',
      at: 1,
    });
    const both = membersIn(metering('p0', [0], [], trouble(true, 1)), metering('p1', [1], [], trouble(true, 2)));
    expect(mergeKafka(both)?.message).toBe('brokers are down (p1 and 1 more)');
  });

  it('a state store is away if it is for one', () => {
    const store = { isAway: true, message: 'redis does not answer', outbox: 3, checkpoints: 2, checkpointMs: 8 };
    const all = membersIn(metering('p0', [0]), metering('p1', [1], [], { told: { store } }));
    expect(mergeStores(all)).toEqual({ ...store, message: 'redis does not answer (p1)' });
  });

  it('spools are added up, and are none where nobody has one', () => {
    const spool = { slices: 2, bytes: 10, oldestAgeSeconds: 4, dropped: 1, lastError: null };
    const other = { ...spool, oldestAgeSeconds: 9, lastError: 'disk is full' };
    expect(mergeSpools(membersIn(collector('c0', [])))).toBeNull();
    expect(
      mergeSpools(membersIn(collector('c0', [], { told: { spool } }), collector('c1', [], { told: { spool: other } }))),
    ).toEqual({ slices: 4, bytes: 20, oldestAgeSeconds: 9, dropped: 2, lastError: 'disk is full (c1)' });
  });
});

describe('the trend', () => {
  const trend = (values: readonly (number | null)[], from = 0, off = 0) => {
    const at = values.map((_, i) => from + i * 5000 + off);
    return { at, readings: values, samples: values, polls: values, lag: values, inFlight: values };
  };
  const of = (...all: readonly Known[]) => membersIn(...all);
  const meter = (name: string, told: ReturnType<typeof trend>, known: Partial<Known> = {}) =>
    metering(name, [0], [], { told: { trend: told }, known });

  it('of a step is the sum of all whom it concerns; null where one of them has not told', () => {
    const value = fc.option(fc.nat(100));
    fc.assert(
      fc.property(fc.array(fc.tuple(value, fc.nat(4999)), { minLength: 1, maxLength: 5 }), (values) => {
        const all = values.map(([each, off], i) => meter(`p${i}`, trend([each], 50_000, off)));
        const expected = values.some(([each]) => each === null)
          ? null
          : values.reduce((sum, [each]) => sum + (each ?? 0), 0);
        expect(stepAt(of(...all), 50_000)).toEqual({
          readings: expected,
          samples: expected,
          lag: expected,
          inFlight: expected,
          polls: null,
        });
      }),
    );
  });

  it('polls are of those who poll, and a lag of those who read a partition', () => {
    const told = { trend: trend([4], 5000) };
    const all = of(collector('c0', [], { told }), metering('p0', [0], [], { told }), metering('p1', [], [], { told }));
    expect(stepAt(all, 5000)).toEqual({ polls: 4, readings: 8, samples: 8, inFlight: 8, lag: 4 });
  });

  it('is by this clock, whatever a process takes for now', () => {
    const all = of(meter('p0', trend([7], 65_000), { aheadMs: 60_000 }), meter('p1', trend([3], 5000)));
    expect(stepAt(all, 5000).readings).toBe(10);
  });

  it('keeps what was known when one comes anew without its past', () => {
    const kept = new MergedTrend();
    const both = of(meter('p0', trend([1, 2, 3], 6000)), meter('p1', trend([10, 20, 30], 6000)));
    kept.take(both, 26_000);
    expect(kept.trend()).toMatchObject({ at: [5000, 10_000, 15_000], readings: [11, 22, 33] });
    kept.take(of(meter('p0', trend([1, 2, 3, 4, 5, 6], 6000)), meter('p1', trend([50, 60], 26_000))), 41_000);
    expect(kept.trend().readings).toEqual([11, 22, 33, null, 55, 66]);
  });

  it('is at most half an hour', () => {
    const kept = new MergedTrend();
    const long = of(meter('p0', trend(Array.from({ length: 900 }, () => 1))));
    kept.take(long, 4_400_000);
    expect(kept.trend().at).toHaveLength(360);
  });
});

describe('processes', () => {
  it('are named by their service, or by their host, or by their address, whichever no other has', () => {
    const all = [collector('dev', []), metering('dev', [0]), metering('other', [0])];
    expect(statusesOf(all).map(({ name }) => name)).toEqual(['dev:9464', 'dev:9464', 'other']);
    const pods = [0, 1].map((n) => metering('dev', [n], [], { told: { host: `pipeline-${n}`, startedAt: n } }));
    expect(statusesOf(pods).map(({ name }) => name)).toEqual(['pipeline-0', 'pipeline-1']);
    expect(statusesOf([unheard('x')])).toMatchObject([{ name: 'x:9464', service: null, endpoints: null, ready: null }]);
  });

  it('with two addresses are counted once', () => {
    const one = collector('c0', [row('a')], { endpoints: 3 });
    const other = { ...one, place: { ...one.place, address: '127.0.0.1:9464' } };
    expect(statusesOf([one, other]).map(({ sameAs, name }) => [name, sameAs])).toEqual([
      ['c0', null],
      ['c0', 'c0:9464'],
    ]);
    const members = membersIn(one, other);
    expect(mergeSums(members, mergeRows(members))).toMatchObject({ endpoints: 3, polls: 10 });
    const [gone, alias] = [one, other].map((each) => ({ ...each, ...AWAY }));
    expect(membersIn(gone as Known, other)).toMatchObject([{ name: 'c0', state: 'live', address: '127.0.0.1:9464' }]);
    expect(membersIn(gone as Known, alias as Known)).toMatchObject([{ name: 'c0', state: 'away' }]);
    const restarted = { ...other, overview: overview('c0', { startedAt: 18 }) };
    expect(membersIn(one, restarted)).toHaveLength(2);
    expect(membersIn(gone as Known, restarted).map(({ name }) => name)).toEqual(['c0:9464', 'c0']);
  });
});

describe('VMs', () => {
  const vm = (id: string, coverage: number | null = null, cpu: number | null = null) => ({
    id,
    name: id,
    host: null,
    state: 'RUNNING',
    cpu,
    coverage,
  });
  const list = (...rows: readonly ReturnType<typeof vm>[]) => ({
    known: 300,
    matching: rows.length,
    rows,
    unheard: [],
  });

  it('are one list in the order that was asked for, as long as that of one process', () => {
    const many = (prefix: string) => Array.from({ length: 150 }, (_, i) => vm(`${prefix}${i}`, 1, i));
    const {
      rows,
      known,
      matching,
      unheard: without,
    } = mergeVms([list(...many('a')), list(...many('b'))], 'cpu', ['p2']);
    expect(rows).toHaveLength(200);
    expect(rows.slice(0, 3).map(({ id }) => id)).toEqual(['a149', 'b149', 'a148']);
    expect({ known, matching, without }).toEqual({ known: 600, matching: 300, without: ['p2'] });
  });

  it('that two know of are listed once, by who has a window', () => {
    expect(mergeVms([list(vm('a', 0.5)), list(vm('a'))], 'name', []).rows).toEqual([vm('a', 0.5)]);
    expect(mergeVms([list(vm('a')), list(vm('a', 0.5))], 'name', []).rows).toEqual([vm('a', 0.5)]);
  });

  it('that moved between processes have the windows of both, the later owner’s where both have one', () => {
    const history = (ends: readonly number[], value: number, device: string) => ({
      id: 'a',
      name: 'a',
      host: `h${value}`,
      sizeMs: 1000,
      sizesMs: [1000],
      endAt: ends,
      coverage: ends.map(() => 1),
      flags: ends.map(() => []),
      hosts: ends.map(() => `h${value}`),
      series: ['', device].map((each) => ({ meter: 'm', unit: '', device: each, values: ends.map(() => value) })),
      left: 0,
    });
    expect(mergeHistories([null, null])).toBeNull();
    const whole = mergeHistories([history([1000, 2000, 3000], 1, 'vda'), null, history([3000, 4000], 2, 'vdb')]);
    expect(whole).toMatchObject({
      host: 'h2',
      endAt: [1000, 2000, 3000, 4000],
      hosts: ['h1', 'h1', 'h2', 'h2'],
      coverage: [1, 1, 1, 1],
    });
    expect(whole?.series.map(({ device, values }) => [device, values])).toEqual([
      ['', [1, 1, 2, 2]],
      ['vda', [1, 1, null, null]],
      ['vdb', [null, null, 2, 2]],
    ]);
  });
});
