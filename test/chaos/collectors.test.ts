import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { createCollectorFleet } from './collectors-fleet.ts';
import { percentile, pollBook } from './poll-book.ts';

const ENDPOINTS = 30;
const INTERVAL_S = 10;

describe.skipIf(!(await available('kafka')))('three collectors that share a fleet [kafka]', () => {
  it('one is killed, one stops, one comes: at most one poll missed, none counted twice', { timeout: 150_000 }, async ({
    annotate,
  }) => {
    const fleet = createCollectorFleet({
      brokers: '127.0.0.1:19092',
      endpoints: ENDPOINTS,
      collectors: 4,
      intervalS: INTERVAL_S,
      name: unique('collectors'),
    });
    onTestFinished(() => fleet.clear());
    const [first, second, third, fourth] = fleet.collectors;
    fleet.pipeline.start();
    for (const actor of [first, second, third]) actor?.start();
    await systemClock.sleep(22_000);
    second?.kill();
    await systemClock.sleep(15_000);
    await third?.stop();
    await systemClock.sleep(4000);
    fourth?.start();
    await systemClock.sleep(20_000);
    const until = systemClock.now();
    await systemClock.sleep(1000);
    for (const actor of [first, fourth]) await actor?.stop();
    await systemClock.sleep(2000);

    const book = pollBook(await fleet.polls(), INTERVAL_S * 1e6, until);
    const sum = (of: (line: (typeof book)[number]) => number): number =>
      book.reduce((total, line) => total + of(line), 0);
    const jitters = book.flatMap(({ jitters }) => jitters);
    await annotate(
      `${sum(({ scheduled }) => scheduled)} scheduled, ${sum(({ missed }) => missed)} missed, ` +
        `${sum(({ late }) => late)} late, ${sum(({ doubled }) => doubled)} doubled; ` +
        `jitter p50 ${percentile(jitters, 50)} us, p99 ${percentile(jitters, 99)} us`,
    );
    expect(book).toHaveLength(ENDPOINTS);
    for (const line of book)
      expect(line, line.endpoint).toMatchObject({ missed: line.missed > 1 ? '≤ 1' : line.missed });
    expect(book.filter(({ collectors }) => collectors > 1).length).toBeGreaterThan(ENDPOINTS / 3);
    const audit = await fleet.audited();
    expect(audit).toMatchObject({ code: 0, residual: 0, lost: 0, wrong: 0, duplicates: 0 });
    expect(fleet.collectors.flatMap(({ unasked }) => unasked())).toEqual([]);
  });
});
