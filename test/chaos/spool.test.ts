import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeSnapshots } from '../../avro/codec.ts';
import { openRawTopic } from '../../pipeline/cli/raw-topic.ts';
import { openCluster } from '../../pipeline/kafka/cluster.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import { configured, listening } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { type Child, metricsOf, startProgram } from '../system/child.ts';
import { expectBalanced } from './ledger.ts';
import { createRig, type Rig } from './rig.ts';
import { type Server, startBroker } from './servers.ts';

/** A broker of this file's own: its first port. */
const PORT = 19692;
const OUTAGE_MS = 20_000;
const directory = mkdtempSync(join(tmpdir(), 'hypermeter-away-'));
let broker: Server | undefined;

/** The figure of a collector's metric, summed over its labels. */
async function figure(child: Child, name: string): Promise<number> {
  const found = [...(await metricsOf(child))].filter(([key]) => key.split('{', 1)[0] === `hypermeter_${name}`);
  return found.reduce((sum, [, value]) => sum + value, 0);
}

/** The sequences that the raw topic has of each hypervisor, collector's process and partition, in the order of the log. */
async function sequences(rig: Rig): Promise<ReadonlyMap<string, readonly number[]>> {
  const { raw } = JSON.parse(readFileSync(rig.config, 'utf8')).kafka.topics;
  const words = { brokers: [`127.0.0.1:${PORT}`], topics: { raw }, group: raw };
  const cluster = await openCluster(configured(words), listening().context);
  const topic = await openRawTopic(cluster);
  const found = new Map<string, number[]>();
  await topic.open();
  for await (const messages of topic.messages())
    for (const { value, partition } of messages)
      for (const { source, poll } of decodeSnapshots(value)) {
        const key = `${source.hypervisor} ${source.generation} ${partition}`;
        found.set(key, [...(found.get(key) ?? []), poll.sequence]);
      }
  await topic.close();
  await cluster.close();
  return found;
}

async function audited(rig: Rig): Promise<unknown> {
  const child = startProgram(['audit', '-c', rig.config, '--published', rig.path, '-o', 'json']);
  await child.exit;
  expect(child.stdout(), child.stderr()).not.toBe('');
  return JSON.parse(child.stdout());
}

const spooling = () => ({
  collector: {
    interval: '1s',
    linger: '20ms',
    spool: { directory: join(mkdtempSync(join(directory, 's-')), 'spool'), after: '1s' },
  },
});

/** Everything that was polled came once and in order, up to where the process ended. */
function expectWhole(found: ReadonlyMap<string, readonly number[]>, polls: number): void {
  expect(found.size).toBeGreaterThan(0);
  const last = new Map<string, number>();
  for (const [key, all] of found) {
    // What was on its way when a process was killed comes once more.
    const once = [...new Set(all)];
    expect(once, key).toEqual(once.map((_, index) => index));
    const source = key.split(' ').slice(0, 2).join(' ');
    expect(last.get(source) ?? once.length, key).toBe(once.length);
    last.set(source, once.length);
  }
  const sent = [...last.values()].reduce((sum, count) => sum + count, 0);
  expect(sent).toBeGreaterThanOrEqual(polls);
}

describe.skipIf(!(await available('kafka')))('brokers that are away for longer than the memory holds [kafka]', () => {
  beforeAll(() => {
    broker = startBroker(join(directory, 'broker'), PORT);
  });
  afterAll(async () => {
    await broker?.end('SIGKILL');
    rmSync(directory, { recursive: true });
  });

  it('cost no poll, and a collector that is killed meanwhile nothing that it had spooled', {
    timeout: 240_000,
  }, async ({ annotate }) => {
    const server = broker as Server;
    const more = spooling();
    const rig = createRig(`127.0.0.1:${PORT}`, more);
    const collector = await rig.start('collect');
    const pipeline = await rig.start('pipeline');
    await rig.windowsMore(1);

    await server.end('SIGKILL');
    await systemClock.sleep(OUTAGE_MS);
    expect(await figure(collector, 'spool_slices')).toBeGreaterThan(OUTAGE_MS / 1000);
    expect(await figure(collector, 'spool_oldest_age_seconds')).toBeGreaterThan(OUTAGE_MS / 2000);
    expect(await figure(collector, 'polls_skipped_total')).toBe(0);
    // What the last second brought may still be in memory.
    const polls = (await figure(collector, 'polls_total')) - 2;
    collector.kill('SIGKILL');
    await collector.exit;
    const files = readdirSync(more.collector.spool.directory);
    expect(files.filter((name) => name.endsWith('.spool'))).not.toEqual([]);

    await server.again();
    const next = await rig.start('collect');
    await rig.windowsMore(4);
    await vi.waitFor(async () => expect(await figure(next, 'spool_slices')).toBe(0), { timeout: 30_000 });
    // Nobody polled from the kill on until the broker was there and the next collector.
    const duplicates = expectBalanced(rig.lines(), rig.fleet, 30);
    for (const child of [next, pipeline]) {
      child.kill('SIGTERM');
      expect(await child.exit, child.stderr()).toEqual({ code: 0, signal: null });
    }
    expect(await audited(rig)).toMatchObject({ residual: 0, lost: 0, wrong: 0, unexpected: 0, unequal_duplicates: 0 });
    const found = await sequences(rig);
    const first = Math.min(...[...found.keys()].map((key) => Number(key.split(' ')[1])));
    expectWhole(new Map([...found].filter(([key]) => key.split(' ')[1] === String(first))), polls);
    await annotate(`${polls} polls before the kill, all in the topic; ${duplicates} lines twice`);
  });

  it('cost a collector that lives through it nothing', { timeout: 240_000 }, async () => {
    const server = broker as Server;
    const rig = createRig(`127.0.0.1:${PORT}`, spooling());
    const collector = await rig.start('collect');
    const pipeline = await rig.start('pipeline');
    await rig.windowsMore(1);
    await server.end('SIGKILL');
    await systemClock.sleep(OUTAGE_MS);
    await server.again();
    await rig.windowsMore(4);
    const polls = (await figure(collector, 'polls_total')) - 2;
    expect(await figure(collector, 'polls_skipped_total')).toBe(0);
    // A broker that starts takes the processors from the polls for a while.
    expectBalanced(rig.lines(), rig.fleet, 5);
    for (const child of [collector, pipeline]) {
      child.kill('SIGTERM');
      expect(await child.exit, child.stderr()).toEqual({ code: 0, signal: null });
    }
    expect(await audited(rig)).toMatchObject({ residual: 0, lost: 0, wrong: 0, unexpected: 0, unequal_duplicates: 0 });
    expectWhole(await sequences(rig), polls);
  });
});
