import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { type Brokers, startBrokers } from './brokers.ts';
import { coordinationOf, createCollectorFleet } from './collectors-fleet.ts';
import { pollBook } from './poll-book.ts';

/** Of brokers of this file's own: the first of six. */
const PORT = 19792;
const INTERVAL_S = 3;
const ENDPOINTS = 24;
const SENT = 'hypermeter_slices_sent_total';
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const directory = mkdtempSync(join(tmpdir(), 'hypermeter-brokers-'));
let brokers: Brokers | undefined;

describe.skipIf(!(await available('kafka')))('three brokers, each topic on all, two needed [kafka]', () => {
  beforeAll(async () => {
    brokers = await startBrokers({ directory, count: 3, port: PORT });
  }, 120_000);
  afterAll(async () => {
    for (const server of brokers?.nodes.values() ?? []) await server.end();
    rmSync(directory, { recursive: true });
  });

  it.for([
    { whose: 'the collectors', groupOf: coordinationOf },
    { whose: 'the pipeline', groupOf: (name: string) => name },
  ])(
    'the one that coordinates $whose is killed and comes back: all is polled on, nothing is lost',
    {
      timeout: 240_000,
    },
    async ({ groupOf }, { annotate }) => {
      const cluster = brokers as Brokers;
      const name = unique('three');
      const fleet = createCollectorFleet({
        brokers: cluster.bootstrap,
        replication: 3,
        endpoints: ENDPOINTS,
        collectors: 2,
        intervalS: INTERVAL_S,
        name,
      });
      onTestFinished(() => fleet.clear());
      const { collectors, pipeline } = fleet;
      const figures = (metric: string): Promise<readonly number[]> =>
        Promise.all(collectors.map((actor) => fleet.figure(actor, metric)));
      const sent = async (): Promise<number> => sum(await figures(SENT));
      const least = async (): Promise<number> => Math.min(...(await figures(SENT)));
      pipeline.start();
      for (const actor of collectors) actor.start();
      await expect.poll(() => least().catch(() => 0), { timeout: 60_000, interval: 500 }).toBeGreaterThan(ENDPOINTS);
      const settled = systemClock.now();
      const coordination = coordinationOf(name);
      const before = await cluster.described(coordination);
      expect(before.every(({ inSync }) => inSync.length === 3)).toBe(true);
      const victim = await cluster.coordinatorOf(groupOf(name));
      await cluster.nodes.get(victim)?.end('SIGKILL');
      const atKill = await sent();
      // The others have taken over, and what was polled meanwhile is acknowledged.
      await expect.poll(sent, { timeout: 60_000, interval: 500 }).toBeGreaterThan(atKill + ENDPOINTS * 6 * 2);
      const between = await cluster.described(coordination);
      expect(between.every(({ leader, inSync }) => leader !== victim && !inSync.includes(victim))).toBe(true);
      await cluster.nodes.get(victim)?.again();
      const whole = async (): Promise<boolean> =>
        (await cluster.described(name)).every(({ inSync }) => inSync.length === 3);
      await expect.poll(whole, { timeout: 60_000, interval: 1000 }).toBe(true);

      const acknowledged = await sent();
      const until = systemClock.now();
      await systemClock.sleep(1000);
      for (const actor of collectors) await actor.stop();
      await systemClock.sleep(2000);
      const polls = await fleet.polls();
      const slices = new Set(
        polls.map((poll) =>
          [poll.hypervisor, poll.generation, poll.scheduledAt, poll.startedAt, poll.partition].join(),
        ),
      );
      expect(slices.size).toBeGreaterThanOrEqual(acknowledged);
      const since = polls.filter(({ scheduledAt }) => scheduledAt > settled);
      const book = pollBook(since, INTERVAL_S * 1e6, until);
      expect(book).toHaveLength(ENDPOINTS);
      // Beside whatever else a machine does, a poll may come too late; never two.
      for (const line of book) expect(line.mostInRow, line.endpoint).toBeLessThanOrEqual(1);
      expect(await fleet.audited()).toMatchObject({ code: 0, residual: 0, lost: 0, wrong: 0 });
      expect([...collectors, pipeline].flatMap(({ unasked }) => unasked())).toEqual([]);
      const missed = sum(book.map((line) => line.missed));
      await annotate(`${acknowledged} slices acknowledged, ${slices.size} in the topic, ${missed} polls missed`);
    },
  );
});
