import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fleet, machineSpec } from '../../fakes/hyperv/fleet.ts';
import {
  PROCESSORS,
  type ProcessorRow,
  processorsOf,
  pywinrm,
  rowsOf,
  wslenum,
} from '../../fakes/hyperv/foreign-clients.ts';
import { FakeHyperv } from '../../fakes/hyperv/hyperv.ts';
import { World } from '../../fakes/hyperv/world.ts';
import { available } from '../../services/service.ts';
import { HOUR, NOON } from './a-host.ts';

const run = promisify(execFile);
const HYPERMETER = fileURLToPath(new URL('../../../dist/pipeline/cli/main.js', import.meta.url));

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hyperv-cli-'));
});
afterAll(() => rmSync(dir, { recursive: true }));
let fake: FakeHyperv;
afterEach(() => fake.close());

/** Three machines with dynamic memory, at a moment that stays. */
async function host(): Promise<World> {
  const machines = [1, 2, 3].map((n) => machineSpec(n, 'HV1', NOON - HOUR, { dynamicMemory: true }));
  const world = new World({ ...fleet(0, 1, NOON - HOUR), machines, now: () => NOON });
  fake = await FakeHyperv.start({ world, basic: true, allowUnencrypted: true });
  return world;
}
const address = (password: string): string =>
  `hyperv://EXAMPLE%5Cmeter:${password}@${new URL(fake.url).host}?plain=true`;
const hypermeter = (...words: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
  run(process.execPath, [HYPERMETER, ...words]);

interface Line {
  readonly scope: string;
  readonly name: string;
  readonly cpuTime: number;
  readonly nics: readonly { readonly rxBytes: number; readonly txBytes: number }[];
  readonly disks: readonly { readonly readBytes: number; readonly writeBytes: number }[];
}

describe('hypermeter poll', () => {
  it('over sealed NTLM prints cumulative ns and bytes, in four calls', async () => {
    const world = await host();
    const { stdout, stderr } = await hypermeter('poll', address('secret'), '-o', 'json');
    expect(stderr).toBe('');
    const expected = [...world.machines.values()].map(({ spec: { guid, name } }) => {
      const shown = (counter: Parameters<World['shown']>[1]): number => Number(world.shown(guid, counter, ''));
      return {
        name,
        cpuTime: shown('totalRunTime') * 100,
        nics: [{ rxBytes: shown('rxBytes'), txBytes: shown('txBytes') }],
        disks: [{ readBytes: shown('readBytes'), writeBytes: shown('writeBytes') }],
      };
    });
    expect(linesOf(stdout)).toMatchObject(expected);
    // At connect come five for the inventory and two for the host itself.
    const [inventory, ofHost, ofPoll] = [fake.calls.slice(0, 5), fake.calls.slice(5, 7), fake.calls.slice(7)];
    expect(inventory.every((call) => call.startsWith('Enumerate Msvm_'))).toBe(true);
    expect(ofHost.map((call) => call.split('_').at(-1))).toEqual([
      'HyperVHypervisorLogicalProcessor',
      'OperatingSystem',
    ]);
    expect(ofPoll).toHaveLength(4);
    expect([fake.sealed, fake.connected, fake.offences]).toEqual([11, 1, []]);
    const table = await hypermeter('poll', address('secret'));
    expect(table.stdout).toMatch(/instance-00000001/);
    expect(table.stdout + table.stderr).toMatch(/4 calls/);
  });

  it('does not print the password of one that is not taken', async () => {
    await host();
    const refused = await hypermeter('poll', address('hush')).then(
      () => ({ code: 0, stderr: '' }),
      (error) => error,
    );
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/check username and password/);
    expect(refused.stderr).not.toContain('hush');
  });
});

/** All numbers here are below 2^53. */
const linesOf = (stdout: string): readonly Line[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
    .filter(({ scope }) => scope === 'instance');

describe.skipIf(!(await available('wslenum')) || !(await available('python')))(
  'three clients [wslenum] [python]',
  () => {
    it('print the same of one host', async () => {
      const world = await host();
      const ours = await hypermeter('poll', address('secret'), '-o', 'json');
      const cpuTimes = linesOf(ours.stdout).map(({ name, cpuTime }) => [name, cpuTime]);
      const dells = rowsOf(await wslenum(fake, dir, `select Name,PercentTotalRunTime from ${PROCESSORS}`, 500));
      const { rows } = await pywinrm(fake.url, PROCESSORS);
      const pythons = rows.map(({ Name, PercentTotalRunTime }) => ({ Name, PercentTotalRunTime }));
      expect(dells).toEqual(processorsOf(world));
      expect(pythons).toEqual(dells);
      expect(cpuTimes).toEqual([...nanoseconds(dells)]);
    });
  },
);

/** What both virtual processors of each machine ran. */
function nanoseconds(rows: readonly ProcessorRow[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { Name, PercentTotalRunTime } of rows) {
    const [, vm] = /^(.*):Hv VP \d+$/.exec(Name) ?? [];
    if (vm !== undefined) sums.set(vm, (sums.get(vm) ?? 0) + Number(PercentTotalRunTime) * 100);
  }
  return sums;
}
