import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { written } from '../pipeline/runtime/config/fleet.ts';
import { available } from '../services/service.ts';
import { ready, startProgram } from './child.ts';

const BROKER = '127.0.0.1:19092';

async function ran(...words: readonly string[]) {
  const child = startProgram(words);
  const { code } = await child.exit;
  return { code, stdout: child.stdout(), stderr: child.stderr() };
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'hypermeter-tap-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
const windowEnd = (line: string): string => JSON.parse(line).window_end;

describe.skipIf(!(await available('kafka')))('what a fleet was metered by [kafka]', () => {
  it('is tapped, kept, replayed to the byte, audited and explained', { timeout: 150_000 }, async () => {
    const directory = folder();
    const [meters, raw] = [join(directory, 'meters.jsonl'), join(directory, 'raw.avro')];
    const config = written(
      JSON.stringify({
        kafka: {
          brokers: [BROKER],
          topics: { raw: unique('tap'), deadLetters: unique('dead') },
          group: unique('group'),
          partitions: 3,
        },
        collector: { interval: '1s', linger: '50ms' },
        connectors: [{ name: 'sim', type: 'simulator', hosts: 2, instances: 6, faults: { reboot: 1, migrate: 1 } }],
        pipeline: { windows: [{ size: '5s', grace: '5s' }], reorder: '1s' },
        sinks: [{ type: 'file', path: meters }],
        ops: { listen: 'off' },
      }),
    );
    expect(await ran('tap', 'raw', '-c', config)).toMatchObject({
      code: 69,
      stderr: expect.stringMatching(/^there is no topic test\.tap\S* at 127.0.0.1:19092: a collector makes it/m),
    });
    const rawFollower = startProgram(['tap', 'raw', '-c', config, '--follow', '--limit', '20', '-o', 'json']);
    await expect.poll(rawFollower.stderr, { timeout: 20_000 }).toContain('waiting for a collector to make it');
    const program = startProgram(['run', '-c', config]);
    await ready(program);

    const follower = startProgram([
      'tap',
      'meters',
      '-c',
      config,
      '--follow',
      '--meter',
      'cpu.delta',
      '--limit',
      '12',
      '-o',
      'json',
    ]);
    expect(await follower.exit, follower.stderr()).toEqual({ code: 0, signal: null });
    expect(await rawFollower.exit).toEqual({ code: 0, signal: null });
    expect(linesOf(rawFollower.stdout())).toHaveLength(20);
    expect(JSON.parse(linesOf(rawFollower.stdout())[0] ?? '')).toMatchObject({
      source: { kind: 'simulator' },
      poll: { slices: 3 },
    });
    expect(follower.stderr()).toContain('metered here from ');
    const tapped = linesOf(follower.stdout());
    expect(tapped).toHaveLength(12);

    await expect
      .poll(() => new Set(linesOf(readFileSync(meters, 'utf8')).map(windowEnd)).size, {
        timeout: 60_000,
        interval: 500,
      })
      .toBeGreaterThan(5);
    program.kill('SIGTERM');
    expect(await program.exit, program.stderr()).toEqual({ code: 0, signal: null });
    const live = linesOf(readFileSync(meters, 'utf8'));
    for (const line of tapped) expect(live).toContain(line);

    const save = await ran('tap', 'raw', '-c', config, '--since', '10m', '--save', raw);
    expect(save).toMatchObject({ code: 0, stdout: '' });
    expect(save.stderr).toMatch(/\d+ raw messages, \d+ snapshots\nkept in .*raw\.avro, /);
    expect(await ran('tap', 'raw', '-c', config, '--save', raw)).toMatchObject({ code: 64 });

    const replay = await ran('replay', raw, '-c', config, '--dry-run', '-o', 'json', '--no-final');
    expect(replay.code, replay.stderr).toBe(0);
    const replayed = linesOf(replay.stdout);
    // What was published is what the file gives, line by line; the last windows the pipeline may not have come to.
    const replayedLines = new Set(replayed);
    expect(live.filter((line) => !replayedLines.has(line))).toEqual([]);
    const last = live.map(windowEnd).sort().at(-1) ?? '';
    const published = new Set(live);
    expect(replayed.filter((line) => !published.has(line) && windowEnd(line) < last)).toEqual([]);
    for (const id of new Set(live.map((line) => JSON.parse(line).resource_id)))
      expect(replayed.filter((line) => published.has(line) && line.includes(`"resource_id":"${id}"`))).toEqual(
        live.filter((line) => line.includes(`"resource_id":"${id}"`)),
      );

    const topic = await ran('replay', '-c', config, '--since', '10m', '--dry-run', '-o', 'json', '--no-final');
    expect(linesOf(topic.stdout).filter((line) => replayedLines.has(line)).length).toBeGreaterThanOrEqual(live.length);

    const audit = await ran('audit', '-c', config, '--raw', raw, '--published', meters, '-o', 'json');
    expect(JSON.parse(audit.stdout)).toMatchObject({ residual: 0, lost: 0, wrong: 0 });

    const sample = JSON.parse(live.find((line) => line.includes('"cpu.delta"') && windowEnd(line) < last) ?? '');
    for (const more of [[], ['--raw', raw]]) {
      const told = await ran(
        'explain',
        'cpu.delta',
        sample.resource_id,
        sample.window_start,
        '-c',
        config,
        '-o',
        'json',
        ...more,
      );
      expect(told.code, told.stderr).toBe(0);
      expect(JSON.parse(told.stdout)).toMatchObject({
        conclusion: 'equal',
        sample: { message_id: sample.message_id, counter_volume: sample.counter_volume },
      });
    }
    const uuid = sample.resource_metadata.instance_id;
    const one = await ran(
      'tap',
      'raw',
      '-c',
      config,
      '--since',
      '10m',
      '--instance',
      uuid,
      '--save',
      join(directory, 'one.avro'),
    );
    expect(one.stderr).toMatch(
      new RegExp(`missing in it: every instance but ${uuid.replaceAll('-', '')}, and every partition`),
    );
    const alone = await ran(
      'explain',
      'cpu.delta',
      uuid,
      sample.window_start,
      '-c',
      config,
      '--raw',
      join(directory, 'one.avro'),
      '-o',
      'json',
    );
    expect(JSON.parse(alone.stdout)).toMatchObject({ conclusion: 'equal', sample: { message_id: sample.message_id } });
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const notYet = await ran('explain', 'cpu.delta', uuid, later, '-c', config);
    expect(notYet).toMatchObject({ code: 65, stdout: '' });
  });
});

describe('the broker of a demo that runs', () => {
  it('is tapped and replayed', { timeout: 90_000 }, async () => {
    const demo = startProgram(['demo', '--instances', '8']);
    await expect.poll(() => demo.stderr(), { timeout: 20_000 }).toMatch(/broker [\d.:]+/);
    const broker = ['--set', `kafka.brokers=[${/broker ([\d.:]+)/.exec(demo.stderr())?.[1]}]`];
    await expect.poll(() => demo.stdout(), { timeout: 30_000 }).toMatch(/Window/);
    const table = await ran('tap', 'raw', ...broker, '--since', '1m', '--limit', '4');
    expect(table.stdout).toMatch(/^OBSERVED +HYPERVISOR +UUID /);
    const raw = join(folder(), 'raw.avro');
    const save = startProgram(['tap', 'raw', ...broker, '--since', '1m', '--follow', '--save', raw]);
    await expect.poll(() => (existsSync(raw) ? statSync(raw).size : 0), { timeout: 20_000 }).toBeGreaterThan(20_000);
    save.kill('SIGINT');
    expect(await save.exit).toEqual({ code: 0, signal: null });
    const five = written('pipeline: { windows: [{ size: 5s }], reorder: 1s }');
    const replay = await ran('replay', raw, '-c', five, '--dry-run', '--meter', 'cpu_util', '-o', 'csv');
    expect(replay.code, replay.stderr).toBe(0);
    expect(linesOf(replay.stdout).length).toBeGreaterThan(8);
    const meters = await ran(
      'tap',
      'meters',
      '-c',
      five,
      ...broker,
      '--meter',
      'cpu_util',
      '--limit',
      '3',
      '--follow',
      '-o',
      'json',
    );
    expect(linesOf(meters.stdout)).toHaveLength(3);
    demo.kill('SIGINT');
    await demo.exit;
  });
});
