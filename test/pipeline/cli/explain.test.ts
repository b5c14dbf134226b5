import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { EMPTY_IDENTITY, EMPTY_ROW, type Instance } from '../../../avro/snapshot.ts';
import type { Output } from '../../../pipeline/cli/terminal.ts';
import { pollOf } from '../model/polls.ts';
import { collected } from '../runtime/collected.ts';
import { written } from '../runtime/config/fleet.ts';
import { keepLog } from './kept-log.ts';
import { run } from './test-parts.ts';

const directory = mkdtempSync(join(tmpdir(), 'hypermeter-explain-'));
afterAll(() => rmSync(directory, { recursive: true }));
const raw = join(directory, 'raw.avro');
const START = 1_700_000_040;
const minute = written('{ pipeline: { windows: [{ size: 60s }] }, meters: ["cpu*", "memory", "power.state"] }');
const several = written('pipeline: { windows: [{ size: 60s }, { size: 300s }] }');

function vm(number: number, name: string, t: number, cpuTime: bigint | null, epoch = 'boot-1'): Instance {
  const uuid = Buffer.alloc(16);
  uuid.writeUInt32BE(number, 12);
  const row = { ...EMPTY_ROW, observedAt: t * 1e6 + 250_000, cpuTime, vcpus: 2n, memory: 2n ** 31n };
  return {
    uuid,
    epoch: cpuTime === null ? null : epoch,
    startedAt: null,
    deletedAt: null,
    state: cpuTime === null ? 'SHUTOFF' : 'RUNNING',
    disks: [],
    nics: [],
    rows: cpuTime === null ? [] : [row],
    identity: { ...EMPTY_IDENTITY, name, instanceName: `instance-${number}`, projectId: 'p' },
  };
}

/** Five minutes: web-1 reboots in the second, web-2 runs through, and nobody looks for a minute in the fourth. */
beforeAll(() => {
  const times = Array.from({ length: 31 }, (_, n) => 10 * n).filter((t) => t <= 180 || t >= 250);
  const cpu = (t: number) =>
    t < 80 ? 5n * 10n ** 12n + BigInt(t) * 10n ** 8n : t < 100 ? null : BigInt(t - 95) * 10n ** 9n;
  keepLog(
    raw,
    times.map((t, offset) => {
      const at = START + t;
      const epoch = t < 80 ? 'boot-1' : 'boot-2';
      const poll = pollOf(at, [vm(1, 'web-1', at, cpu(t), epoch), vm(2, 'web-2', at, BigInt(t) * 10n ** 8n)], {
        kind: 'libvirt',
        hypervisor: 'kvm1',
      });
      return {
        partition: 0,
        offset,
        timestampUs: at * 1e6 + 300_000,
        value: encodeSnapshot({ ...poll, poll: { ...poll.poll, sequence: offset } }),
      };
    }),
  );
});

const explain = (meter: string, resource: string, window: string, ...more: readonly string[]) =>
  run(['explain', meter, resource, window, '-c', minute, '--raw', raw, ...more]);

describe('explain', () => {
  it.each([
    ['growth', 'cpu.delta', 'web-2', '2023-11-14T22:15Z'],
    ['the-first', 'cpu', 'web-2', '2023-11-14T22:14Z'],
    ['a-reboot', 'cpu.delta', 'web-1', '2023-11-14T22:15:30Z'],
    ['a-gap', 'cpu_util', '00000000-0000-0000-0000-000000000001', '2023-11-14T22:17Z/2023-11-14T22:18Z'],
    ['a-gauge', 'memory', 'web-1', '2023-11-14T22:14'],
    ['a-state', 'power.state', 'web-1', '2023-11-14T22:15Z'],
  ])('tells of %s', async (name, meter, resource, window) => {
    const { code, stdout, stderr } = await explain(meter, resource, window);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot(`explain/${name}.txt`);
  });

  it.each([72, 100])('fits a terminal of %i columns', async (columns) => {
    const stdout: Output & { text?: string } = Object.assign(collected(), { columns, isTTY: true });
    await run(['explain', 'cpu.delta', 'web-1', '2023-11-14T22:15Z', '-c', minute, '--raw', raw], { stdout });
    const tables = (stdout.text ?? '').split('\n').filter((line) => /^ ?\d? +[#\d:A-Z]/.test(line));
    expect(tables.length).toBeGreaterThan(9);
    for (const line of tables) expect(line.length).toBeLessThanOrEqual(columns);
  });

  it('says why in full, however narrow the terminal', async () => {
    const stdout: Output & { text?: string } = Object.assign(collected(), { columns: 80, isTTY: true });
    await run(['explain', 'cpu', 'web-2', '2023-11-14T22:14Z', '-c', minute, '--raw', raw], { stdout });
    expect(stdout.text).toContain("#1 is the first: what was counted before is nobody's\n");
  });

  it('is one object for programs, with exact digits', async () => {
    const { code, stdout } = await explain('cpu.delta', 'web-1', '2023-11-14T22:15Z', '-o', 'json');
    expect(code).toBe(0);
    expect(stdout.split('\n')).toHaveLength(2);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ counter_name: 'cpu.delta', conclusion: 'equal', selected: true, carried: 0 });
    expect(told.sum).toBe(told.model.delta);
    expect(told.sample.counter_volume).toBe(told.sum);
    expect(told.steps.map(({ how }: { how: string }) => how)).toContain('new epoch');
    const { readings, steps } = told;
    for (const { reading, before, counted, how } of steps)
      if (how === 'growth') expect(readings[reading].value - readings[before].value).toBe(counted);
    expect(stdout).toMatch(/"value":5\d{12},/);
  });

  it('takes the last finished window', async () => {
    expect((await explain('cpu.delta', 'web-2', 'last')).stdout).toContain(
      'window 2023-11-14T22:19:00Z/2023-11-14T22:20:00Z',
    );
  });

  it('finds by name what was recorded without one for a while', async () => {
    const file = join(directory, 'late-name.avro');
    const log = Array.from({ length: 19 }, (_, n) => {
      const at = START + 10 * n;
      const { identity, ...rest } = vm(3, 'web-3', at, BigInt(n) * 10n ** 8n);
      const instance = { ...rest, identity: n < 8 ? null : identity };
      const value = encodeSnapshot(pollOf(at, [instance], { kind: 'libvirt', hypervisor: 'kvm1' }));
      return { partition: 0, offset: n, timestampUs: at * 1e6 + 300_000, value };
    });
    keepLog(file, log);
    for (const name of ['web-3', 'instance-3'])
      expect((await run(['explain', 'cpu.delta', name, 'last', '-c', minute, '--raw', file])).code, name).toBe(0);
  });

  it('says that a meter is not published', async () => {
    const { stdout } = await explain('vcpus', 'web-2', 'last');
    expect(stdout).toContain("the configuration's meters leave vcpus out, so it is not published");
  });

  const W = '2023-11-14T22:15Z';
  it.each([
    [['cpu.dleta', 'web-2', W], 64, 'error: no meter is called "cpu.dleta"; did you mean "cpu.delta"?'],
    [['cpu', 'web-3', W], 65, 'error: no resource of cpu is called "web-3"; the nearest: web-1, web-2, '],
    [
      ['cpu', 'web-2', 'now'],
      64,
      'error: a window is its begin such as 2026-11-24T00:00Z, its begin/end, or "last"; not "now"',
    ],
    [['cpu', 'web-2', `${W}/2023-11-14T22:20Z`], 64, 'error: no windows of 300s are made, but of 60s'],
    [
      ['cpu', 'web-2', '2023-11-14T22:15:10Z/2023-11-14T22:16:10Z'],
      64,
      'error: windows of 60s begin at multiples of their size in UTC: 2023-11-14T22:15:00Z/2023-11-14T22:16:00Z',
    ],
    [
      ['cpu', 'web-2', '2024-01-01T00:00Z'],
      65,
      'error: the raw data reaches to 2023-11-14T22:19:00.300000Z only, before the window',
    ],
    [
      ['cpu', 'web-2', '2023-11-14T21:00Z'],
      65,
      'error: web-2 has nothing of cpu in the window 2023-11-14T21:00:00Z/2023-11-14T21:01:00Z; it has windows from 2023-11-14T22:14:00Z to 2023-11-14T22:20:00Z',
    ],
    [
      ['network.incoming.bytes', 'web-2', W],
      65,
      'error: nothing has windows of network.incoming.bytes in the part of the log that was read',
    ],
  ])('%j is %i', async ([meter, resource, window], code, told) => {
    const ran = await explain(meter ?? '', resource ?? '', window ?? '');
    expect(ran.stderr).toContain(told);
    expect(ran).toMatchObject({ code, stdout: '' });
  });

  it('asks which of several sizes is meant', async () => {
    const ran = await run(['explain', 'cpu', 'web-2', '2023-11-14T22:15Z', '-c', several, '--raw', raw]);
    expect(ran.stderr).toBe(
      'error: windows of several sizes are made: say which one, 2023-11-14T22:15:00Z/2023-11-14T22:16:00Z, 2023-11-14T22:15:00Z/2023-11-14T22:20:00Z\n',
    );
    expect(ran.code).toBe(64);
  });
});
