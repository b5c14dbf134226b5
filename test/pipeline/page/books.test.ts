import { describe, expect, it } from 'vitest';
import { select } from '../../../pipeline/model/meters.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { createSource } from '../../../pipeline/model/progress.ts';
import { Books } from '../../../pipeline/page/books.ts';
import { FleetDiff } from '../../../pipeline/page/fleet.ts';
import type { FleetRow } from '../../../pipeline/page/model.ts';
import { plottedMeters } from '../../../pipeline/page/plotted.ts';
import { EndpointBook } from '../../../pipeline/runtime/endpoint-book.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { EVERY_EVENT } from '../runtime/every-event.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { plotted, sampleOf } from './samples.ts';
import { MINUTE_US, polled, RULES, refused, uuid } from './scene.ts';

function booksOf({ collects = true, meters = true, sinks = ['amqp'] as readonly string[] } = {}) {
  const endpoints = new EndpointBook();
  const clock = handClock();
  const owned = [0, 1].map((index) => ({ index, partition: createPartition(RULES) }));
  const seen = { version: '1', reasons: () => [], endpoints: () => endpoints.list(), spool: () => null, clock };
  const books = new Books(
    { role: 'run', service: 'dev', host: 'here', collects, meters, sizes: [MINUTE_US], plotted },
    seen,
    () => owned,
  );
  books.expect(sinks);
  const hear = (...events: readonly InternalEvent[]) => {
    for (const event of events) {
      endpoints.hear(event, clock.now());
      books.hear(event, clock.now());
    }
  };
  const problems = () => books.overview(books.rows()).problems.map(({ text }) => text);
  return { books, clock, owned, hear, problems, look: () => books.overview(books.rows()) };
}

const LAG = { event: 'lag', partition: 0, messages: 0 } as const;
const KAFKA = { event: 'kafka.trouble', client: 'consumer', error: new Error('all brokers are down') } as const;
const PUBLISHED = { event: 'published', sink: 'amqp', samples: 7, durationUs: 2000 } as const;
const FAILED = {
  event: 'publish.failed',
  sink: 'amqp',
  error: new Error('amqp: amqp://me:hunter2@h is gone'),
  retryMs: 1,
} as const;
const GONE = 'Sink amqp: amqp://me:***@h is gone';

describe('what is wrong', () => {
  it.each<[string, readonly InternalEvent[], readonly string[]]>([
    ['nothing', [LAG, PUBLISHED], []],
    ['Kafka', [LAG, KAFKA], ['Kafka: all brokers are down']],
    ['a sink', [PUBLISHED, FAILED], [GONE]],
    [
      'a sink, and samples wait',
      [FAILED, { event: 'sink.waiting', sink: 'amqp', samples: 1200 }],
      [`${GONE}; 1,200 samples wait`],
    ],
    [
      'samples that no sink got',
      [{ event: 'sample.dropped', sink: 'amqp', reason: 'outbox_full', count: 3 }],
      ['Sink amqp: 3 samples left out'],
    ],
    ['the state store', [EVERY_EVENT['state.away']], ['State store: amqp://u:***@h is gone']],
    ['the books', [{ event: 'residual', partition: 1, amount: -17n }], ['Conservation residual is -17: it must be 0']],
    ['a raw message', [EVERY_EVENT['message.dead']], ['1 raw message could not be read']],
  ])('%s', (_, events, expected) => {
    const { hear, problems, clock } = booksOf();
    for (const event of events) {
      hear(event);
      void clock.advance(1000);
    }
    expect(problems()).toEqual(expected);
  });

  it('is over when it works again', async () => {
    const { hear, problems, clock } = booksOf();
    hear(KAFKA, FAILED, EVERY_EVENT['state.away']);
    expect(problems()).toHaveLength(3);
    await clock.advance(1000);
    hear(LAG, PUBLISHED, EVERY_EVENT['state.back']);
    expect(problems()).toEqual([]);
  });

  it('is no trouble of Kafka that nobody has heard of for long', async () => {
    const { hear, problems, clock } = booksOf();
    hear(KAFKA);
    await clock.advance(121_000);
    expect(problems()).toEqual([]);
  });
});

describe('the verdict', () => {
  const roster = (n: number, listed = n): InternalEvent => ({ event: 'roster.changed', polled: n, listed });
  const again = { event: 'endpoint.connecting', hypervisor: 'b', kind: 'libvirt' } as const;

  it.each<[string, readonly InternalEvent[], string, string]>([
    ['nobody', [], 'odd', 'No endpoint is polled yet'],
    ['nobody here, but elsewhere', [roster(0, 30)], 'odd', 'None of the 30 listed endpoints is polled here'],
    ['one', [polled('a', 0)], 'good', '1 of 1 endpoint metered'],
    ['all', [roster(2), polled('a', 0), polled('b', 0)], 'good', '2 of 2 endpoints metered'],
    ['those to come', [roster(9), polled('a', 0)], 'odd', '1 of 9 endpoints metered; 8 not connected yet'],
    ['one that is away', [polled('a', 0), refused('b')], 'bad', '1 of 2 endpoints metered; 1 late'],
    ['one that is tried again', [polled('a', 0), refused('b'), again], 'bad', '1 of 2 endpoints metered; 1 late'],
    ['one that is back', [refused('b'), again, polled('b', 0)], 'good', '1 of 1 endpoint metered'],
    ['no Kafka', [polled('a', 0), KAFKA], 'good', '1 of 1 endpoint polled, none metered now'],
  ])('of %s', (_, events, tone, text) => {
    const { hear, look } = booksOf();
    hear(...events);
    expect(look().verdict).toMatchObject({ tone, text });
  });

  it('names those not read for longest, with why', () => {
    const { hear, look, clock } = booksOf();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    names.forEach((name, i) => {
      if (name !== 'd') hear(polled(name, clock.now() - i * 1e6));
      hear(refused(name));
    });
    const { late, more } = look().verdict;
    expect(late.map(({ name }) => name)).toEqual(['d', 'g', 'f', 'e', 'c']);
    expect(late[0]).toMatchObject({ id: 'libvirt/d', readAt: null, error: 'connect ECONNREFUSED 10.0.3.17:16514' });
    expect(more).toBe(2);
  });

  it('of a collector is of polls, and of a pipeline of what it hears', () => {
    const collector = booksOf({ meters: false });
    collector.hear(polled('a', 0));
    expect(collector.look().verdict.text).toBe('1 of 1 endpoint polled');
    const { owned, clock, look } = booksOf({ collects: false });
    expect(look().verdict.text).toBe('No source is heard yet');
    const source = createSource('libvirt/a');
    owned[0]?.partition.progress.sources.set(source.id, source);
    Object.assign(source, { pollAt: clock.now(), heardAt: clock.now(), interval: 10e6 });
    expect(look()).toMatchObject({ verdict: { text: '1 of 1 source metered' }, fleet: { kind: 'heard', late: 0 } });
    Object.assign(source, { heardAt: clock.now() - 31e6 });
    expect(look().verdict).toMatchObject({ text: '0 of 1 source metered; 1 late', late: [{ state: 'silent' }] });
  });

  it('is that it is metered late where a watermark is further behind than its sources explain', () => {
    const { owned, clock, hear, look, problems } = booksOf();
    hear(polled('a', 0));
    const source = createSource('libvirt/a');
    source.interval = 10e6;
    const { progress } = owned[1]?.partition ?? createPartition(RULES);
    progress.sources.set(source.id, source);
    progress.watermark = clock.now() - 99e6;
    expect([look().verdict.text, problems()]).toEqual(['1 of 1 endpoint metered', []]);
    progress.watermark = clock.now() - 101e6;
    expect(look().verdict.text).toBe('1 of 1 endpoint polled, metered late');
    expect(problems()).toEqual(['The watermark of 1 of 2 partitions is behind: windows close late']);
  });
});

describe('an overview', () => {
  it('has no secret of any event, and is JSON', () => {
    const { hear, look } = booksOf();
    hear(...Object.values(EVERY_EVENT));
    expect(JSON.stringify(look())).not.toContain('hunter2');
  });

  it('sums up what was read, dropped, closed and published', () => {
    const { books, hear, look } = booksOf();
    hear(
      { event: 'message.read', partition: 0, slices: 1, readings: 40, bytes: 1 },
      { event: 'reading.dropped', reason: 'late', count: 2 },
      { event: 'reading.dropped', reason: 'duplicate', count: 3 },
      { event: 'reading.dropped', reason: 'late', count: 5 },
      { event: 'windows.emitted', size: MINUTE_US, windows: 4, samples: 9 },
      { event: 'residual', partition: 0, amount: 2n },
      { event: 'residual', partition: 1, amount: -(2n ** 70n) },
      PUBLISHED,
    );
    const about = { uuid: uuid(1), end: 10 * MINUTE_US, size: MINUTE_US };
    books.take([
      sampleOf('cpu_util', 1, { ...about, coverage: 0.5 }),
      sampleOf('cpu', 1, about),
      sampleOf('memory', 1, { ...about, coverage: null }),
    ]);
    expect(look()).toMatchObject({
      pipeline: {
        readings: 40,
        drops: [
          { name: 'late', count: 7 },
          { name: 'duplicate', count: 3 },
        ],
        windows: [
          {
            sizeMs: 60_000,
            closed: 4,
            samples: 9,
            lastEndAt: 600_000,
            latest: [{ samples: 2, coverage: 0.75, measured: 1, interpolated: 1 }],
          },
        ],
        residual: String(-(2n ** 70n)),
        partitions: [
          { index: 0, residual: '2' },
          { index: 1, lag: null },
        ],
      },
      sinks: [{ name: 'amqp', state: 'ok', published: 7, batchMs: 2 }],
    });
  });

  it('forgets a partition that is not owned any more', () => {
    const { hear, look } = booksOf();
    hear({ event: 'residual', partition: 7, amount: 5n }, { event: 'lag', partition: 7, messages: 5 });
    expect(look().problems).toEqual([]);
  });

  it('of a collector has no pipeline, and of a pipeline the sources that it hears', () => {
    expect(booksOf({ meters: false }).look()).toMatchObject({ pipeline: null });
    expect(booksOf({ collects: false }).look()).toMatchObject({ fleet: { endpoints: 0 } });
  });

  it('has a trend of what a second brought, with no rate over a clock that was set', async () => {
    const { books, clock, hear, look } = booksOf();
    books.step();
    hear({ event: 'message.read', partition: 0, slices: 1, readings: 50, bytes: 1 });
    await clock.advance(5000);
    books.step();
    books.step();
    expect(look().trend).toMatchObject({ readings: [10], lag: [null], inFlight: [0] });
  });
});

describe('the fleet', () => {
  const row = (id: string, instances: number) => ({ id, instances }) as unknown as FleetRow;

  it('is told as it changes', () => {
    const diff = new FleetDiff();
    const [a, b] = [row('libvirt/a', 1), row('libvirt/b', 2)];
    expect(diff.change([a, b])).toEqual({ changed: [a, b], gone: [] });
    expect(diff.change([a, b])).toEqual({ changed: [], gone: [] });
    const more = row('libvirt/b', 3);
    expect(diff.change([more])).toEqual({ changed: [more], gone: ['libvirt/a'] });
  });
});

describe('the meters worth a plot', () => {
  it.each([
    [
      ['*'],
      ['cpu_util', 'memory', 'network.incoming.bytes.rate', 'disk.device.read.latency.delta'],
      ['cpu', 'cpu.delta', 'network.incoming.bytes'],
    ],
    [['cpu'], ['cpu'], ['cpu_util']],
    [['cpu', 'cpu.delta'], ['cpu.delta'], ['cpu']],
  ])('of %j are one for each statistic', (patterns, has, hasNot) => {
    const meters = plottedMeters(select(patterns));
    expect(has.filter((name) => !meters.has(name))).toEqual([]);
    expect(hasNot.filter((name) => meters.has(name))).toEqual([]);
  });
});
