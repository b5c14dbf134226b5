import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Output } from '../../../pipeline/cli/terminal.ts';
import { available, pythonHome } from '../../services/service.ts';
import { logOf, publishedFrom } from '../audit/recorded.ts';
import { rulesOf, SECOND } from '../model/polls.ts';
import { collected } from '../runtime/collected.ts';
import { written } from '../runtime/config/fleet.ts';
import { keepLog } from './kept-log.ts';
import { run } from './test-parts.ts';

const directory = mkdtempSync(join(tmpdir(), 'hypermeter-replay-'));
afterAll(() => rmSync(directory, { recursive: true }));
const at = (name: string): string => join(directory, name);

/** A fleet that reboots, migrates and is away, told twice and late. */
const FAULTS = { reboot: 8, migrate: 8, hostAway: 6, wrap32: 0.5, skew: 0.5 };
const LOG = logOf({ instances: 3, hosts: 2, faults: FAULTS }, 20);
const CALM = logOf({ instances: 2, hosts: 1 }, 4);
const minute = written('pipeline: { windows: [{ size: 60s }], reorder: 30s }');
const others = written('pipeline: { windows: [{ size: 60s }, { size: 300s }, { size: 7s }], reorder: 30s }');
const odd = written('pipeline: { windows: [{ size: 45s }], reorder: 30s }');
const anchored = written('{ pipeline: { windows: [{ size: 45s }], reorder: 30s, mode: anchored }, meters: ["cpu*"] }');
const rules = rulesOf({ sizes: [60 * SECOND] }, { reorder: 30 * SECOND });

const words = (...more: readonly string[]) => ['replay', at('raw.avro'), '-c', minute, ...more];
const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

beforeAll(() => {
  keepLog(at('raw.avro'), LOG);
  keepLog(at('calm.avro'), CALM);
});

describe('a replay', () => {
  it('gives byte for byte what was published of the same log, in its order', async () => {
    const ran = await run(words('--dry-run', '--no-final', '-o', 'json'));
    expect(ran.code).toBe(0);
    expect(linesOf(ran.stdout)).toEqual(publishedFrom(LOG, rules));
    expect(ran.stderr).toMatch(/^\d+ raw messages, \d+ samples\nreadings that entered no total: .*\d+ duplicate/);
  });

  it('closes at the end of files what is open then', async () => {
    const closed = linesOf((await run(words('--dry-run', '-o', 'json'))).stdout);
    const all = publishedFrom(LOG, rules);
    expect(closed.slice(0, all.length)).toEqual(all);
    expect(closed.length).toBeGreaterThan(all.length);
  });

  it('is the same of two files that have a part each', async () => {
    keepLog(at('first.avro'), LOG.slice(0, 100));
    keepLog(at('second.avro'), LOG.slice(100));
    const both = await run(['replay', at('second.avro'), at('first.avro'), '-c', minute, '--dry-run', '-o', 'json']);
    expect(both.stdout).toBe((await run(words('--dry-run', '-o', 'json'))).stdout);
  });

  it('of a file that was cut off is refused, or with --torn is of what is whole', async () => {
    keepLog(at('part.avro'), LOG.slice(0, 100));
    const whole = readFileSync(at('part.avro'));
    writeFileSync(at('cut.avro'), Buffer.concat([whole, Buffer.of(2, 200)]));
    const cut = ['replay', at('cut.avro'), '-c', minute, '--dry-run', '-o', 'json'];
    const refused = await run(cut);
    expect(refused.stderr).toBe(
      `cannot read ${at('cut.avro')}: it is cut off: after 1 whole block come 2 bytes of one that is not; --torn reads what is whole\n`,
    );
    expect(refused.code).toBe(66);
    const read = await run([...cut, '--torn']);
    expect(read.stderr).toContain(`missing in ${at('cut.avro')}: it is cut off: after 1 whole block`);
    const part = await run(['replay', at('part.avro'), '-c', minute, '--dry-run', '-o', 'json']);
    expect([read.code, read.stdout]).toEqual([0, part.stdout]);
  });

  const calm = ['replay', at('calm.avro'), '-c', minute, '--dry-run', '--meter', 'cpu*,memory.usage'];
  it('is a table', async () => {
    const { stdout } = await run([...calm, '--limit', '12']);
    await expect(stdout).toMatchFileSnapshot('replay/table.txt');
  });

  it.each([64, 100])('fits a terminal of %i columns', async (columns) => {
    const stdout: Output & { text?: string } = Object.assign(collected(), { columns, isTTY: true });
    await run([...calm, '--limit', '12'], { stdout });
    for (const line of linesOf(stdout.text ?? '')) expect(line.length).toBeLessThanOrEqual(columns);
    await expect(stdout.text).toMatchFileSnapshot(`replay/table-${columns}.txt`);
  });

  it('is comma-separated values', async () => {
    const { stdout } = await run([...calm, '-o', 'csv', '--limit', '4']);
    await expect(stdout).toMatchFileSnapshot('replay/windows.csv');
  });

  it('takes meters, resources, projects and times', async () => {
    const all = linesOf((await run([...calm, '-o', 'json'])).stdout).map((line) => JSON.parse(line));
    const [{ project_id: project, resource_metadata: metadata }] = all;
    const name = metadata.display_name;
    const taken = async (...more: readonly string[]) =>
      linesOf((await run([...calm, '-o', 'json', ...more])).stdout).map((line) => JSON.parse(line));
    expect(await taken('--project', project)).toEqual(all.filter((each) => each.project_id === project));
    expect(await taken('--resource', `${name.slice(0, 3)}*`)).toEqual(
      all.filter((each) => each.resource_metadata.display_name.startsWith(name.slice(0, 3))),
    );
    expect(await taken('--until', '2026-03-01T00:02Z')).toEqual(
      all.filter((each) => each.window_end <= '2026-03-01T00:02:00+00:00'),
    );
    expect(new Set((await taken('--meter', '!cpu')).map((each) => each.counter_name))).not.toContain('cpu');
  });

  it.each([
    ['nothing to do', ['replay', at('raw.avro'), '-c', minute], 64, 'a replay publishes nothing: say --dry-run'],
    ['no raw data', ['replay', '-c', minute, '--dry-run'], 64, 'give Avro files of Snapshots, or with --since'],
    [
      'the topic of an embedded broker',
      ['replay', '-c', minute, '--since', '1h', '--dry-run'],
      64,
      'an embedded broker',
    ],
    ['a file that is not there', ['replay', at('none.avro'), '-c', minute, '--dry-run'], 66, 'cannot read '],
    ['a file that is none', ['replay', minute, '-c', minute, '--dry-run'], 66, 'not an Avro file of Snapshots'],
    [
      'no such meter',
      words('--dry-run', '--meter', 'cpu_utl'),
      64,
      'no meter is called "cpu_utl"; did you mean "cpu_util"?',
    ],
    [
      'no time',
      words('--dry-run', '--since', 'noon'),
      64,
      'expected a time such as 2026-11-24T00:00Z, or how long ago: 10m.',
    ],
    ['csv of a comparison', words('--against', minute, '-o', 'csv'), 64, '--against prints a table or json'],
  ])('tells of %s', async (_, told, code, why) => {
    const ran = await run(told);
    expect(ran.stderr).toContain(why);
    expect(ran.code).toBe(code);
  });

  it('says what a file says that it lacks', async () => {
    keepLog(at('part.avro'), CALM, { 'hypermeter.missing': 'every endpoint but h1' });
    const { stderr } = await run(['replay', at('part.avro'), '-c', minute, '--dry-run']);
    expect(stderr).toContain(`missing in ${at('part.avro')}: every endpoint but h1\n`);
  });
});

describe('two configurations', () => {
  it('that are the same give the same', async () => {
    const ran = await run(words('--against', minute));
    expect(ran.stdout).toContain(
      'no window of a size that both have differs; the totals of every series are the same\n',
    );
    expect(ran.stdout).not.toContain('Windows that differ');
    expect(ran.code).toBe(0);
  });

  it('of other sizes have the same totals, through restarts, migrations and duplicates', async () => {
    const ran = await run(words('--against', others, '-o', 'json'));
    const { summary } = JSON.parse(linesOf(ran.stdout).at(-1) ?? '');
    expect(ran.code).toBe(0);
    expect(summary.series).toEqual([]);
    const cpu = summary.totals.filter((each: { counter_name: string }) => each.counter_name === 'cpu.delta');
    expect(cpu.map((each: { window_there: string }) => each.window_there)).toEqual(['60s', '300s', '7s']);
    for (const { here, there, difference } of cpu)
      expect({ there, difference }).toEqual({ there: here, difference: 0 });
    expect(summary.windows.every((each: { different: number }) => each.different === 0)).toBe(true);
  });

  it('tell beforehand when a change of sizes takes effect', async () => {
    const ninety = written('pipeline: { windows: [{ size: 90s }], reorder: 30s }');
    const ran = await run(words('--against', ninety, '--meter', 'cpu.delta'));
    expect(ran.stdout).toContain('windows of 60s and of 90s take turns where all of them end, every 180s\n');
    const { stdout } = await run(words('--against', ninety, '--meter', 'cpu.delta', '-o', 'json'));
    expect(JSON.parse(linesOf(stdout).at(-1) ?? '').summary.change_every).toBe('180s');
  });

  it('are told apart window by window, and by what only one publishes', async () => {
    const calm = ['replay', at('calm.avro'), '-c', odd, '--against', anchored];
    const ran = await run([...calm, '--meter', 'cpu*,memory.usage']);
    expect(ran.code).toBe(0);
    await expect(ran.stdout).toMatchFileSnapshot('replay/against.txt');
    const lines = linesOf((await run([...calm, '-o', 'json', '--meter', 'cpu.delta'])).stdout);
    const [first, summary] = [JSON.parse(lines[0] ?? ''), JSON.parse(lines.at(-1) ?? '').summary];
    expect(first).toMatchObject({ window: { counter_name: 'cpu.delta' }, fields: ['volume', 'quality', 'coverage'] });
    expect(lines).toHaveLength(1 + summary.windows[0].different);
  });

  it('whose totals differ end with another code, and the series are named', async () => {
    // The last poll was, by its own clock, more than a minute after it was recorded.
    const early = CALM.slice(-2).map((message) => ({ ...message, timestampUs: (CALM[29]?.timestampUs ?? 0) + 1e6 }));
    keepLog(at('skewed.avro'), [...CALM.slice(0, 30), ...early]);
    const tolerant = written('pipeline: { windows: [{ size: 60s }], reorder: 30s, maxSkew: 1h }');
    const ran = await run(['replay', at('skewed.avro'), '-c', minute, '--against', tolerant, '--meter', 'cpu.delta']);
    expect(ran.stdout).toMatch(/Series whose totals differ: [12]\n/);
    expect(ran.stdout).toMatch(/totals of [12] series differ\n$/);
    expect(ran.code).toBe(65);
  });
});

const script = `
import json, sys, fastavro
schema = fastavro.parse_schema(json.load(open(sys.argv[2])))
instance = lambda t, v: dict(uuid=bytes(15) + b'\\x07', epoch='boot', startedAt=None, deletedAt=None, state='RUNNING', disks=[],
  nics=[dict(id='fa:16:3e:00:00:01', epoch=None)], identity=None, rows=[dict(observedAt=t, interval=None, monotonic=None,
    **{k: None for k in ('cpuReady','memorySwapIn','memorySwapOut','memory','memoryAvailable','memoryUsage','memoryResident')},
    cpuTime=v, vcpus=1, disks=[], extras=[],
    nics=[dict(**{k: None for k in ('rxPackets','rxDrops','rxErrors','txBytes','txPackets','txDrops','txErrors')}, rxBytes=v)])])
def poll(n, v):
  t = 1700000040000000 + n * 10000000
  return dict(source=dict(kind='libvirt', hypervisor='kvm1', collector='foreign', generation=1, bootedAt=None),
    poll=dict(sequence=n, scheduledAt=t, startedAt=t, endedAt=t + 5000, interval=10000000, instances=1, slice=0, slices=1, partial=None),
    hosts=[], instances=[instance(t, v)])
with open(sys.argv[1], 'wb') as out:
  fastavro.writer(out, schema, [poll(n, 2**62 + 1000 * n) for n in range(31)], codec='deflate')
`;

describe.skipIf(!(await available('python')))('a file that somebody else’s tool has written [python]', () => {
  it('is replayed, exactly', async () => {
    const schema = fileURLToPath(new URL('../../../avro/snapshot.avsc', import.meta.url));
    execFileSync(`${pythonHome}/bin/python`, ['-c', script, at('foreign.avro'), schema]);
    const plain = written('pipeline: { windows: [{ size: 60s }] }');
    const ran = await run([
      'replay',
      at('foreign.avro'),
      '-c',
      plain,
      '--dry-run',
      '-o',
      'json',
      '--meter',
      'cpu,*.delta',
    ]);
    const samples = linesOf(ran.stdout).map((line) =>
      JSON.parse(line.replace(/"counter_volume":(\d+)/, '"counter_volume":"$1"')),
    );
    const volumes = (name: string) =>
      samples.filter((each) => each.counter_name === name).map((each) => each.counter_volume);
    expect(volumes('network.incoming.bytes.delta')).toEqual(['6000', '6000', '6000', '6000', '6000']);
    expect(volumes('cpu')).toEqual([1, 2, 3, 4, 5].map((n) => String(2n ** 62n + 6000n * BigInt(n))));
    expect(ran.code).toBe(0);
  });
});
