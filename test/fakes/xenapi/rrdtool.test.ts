import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { available } from '../../services/service.ts';
import { FakePool } from './fake-pool.ts';
import { Rrd, type Source } from './rrd.ts';
import { rrdUpdates } from './rrd-updates.ts';
import { sampleWorld } from './sample-world.ts';

const START_US = 1_772_964_000_000_000;
const START_S = START_US / 1_000_000;

/** Rows by time, columns by name; rrdtool prints what it likes to call `-nan`. */
function fetchRows(file: string, step: number, from: number, until: number): Map<number, Record<string, number>> {
  const range = ['-r', `${step}`, '-s', `${from}`, '-e', `${until}`];
  const [head = '', ...lines] = execFileSync('rrdtool', ['fetch', file, 'AVERAGE', ...range])
    .toString()
    .trim()
    .split('\n');
  const names = head.trim().split(/\s+/);
  return new Map(
    lines.flatMap((line) => {
      const [t = '', ...cells] = line.trim().split(/:?\s+/);
      return t === '' ? [] : [[Number(t), Object.fromEntries(cells.map((cell, i) => [names[i], Number(cell)]))]];
    }),
  );
}

describe.skipIf(!(await available('rrdtool')))('rrdtool, as judge of the fake [rrdtool]', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hypermeter-rrd.'));
  afterAll(() => rmSync(directory, { recursive: true }));

  /** Its names have at most 19 characters; xapi's have more. */
  const short = (name: string): string =>
    name.replace('internal', 'int').replace('latency', 'lat').replace('iops', 'io');

  it('takes a dump and reads in it what /rrd_updates says of the same times', async () => {
    const now = START_US + 65 * 60_000_000;
    const world = sampleWorld({ startedAt: START_US, hosts: 1 });
    const pool = await FakePool.start({ world, clock: { now: () => now, sleep: () => Promise.resolve() } });
    const vm = world.vms.find(({ name }) => name === 'guest-0')?.uuid as string;
    const session = pool.sessions.login('test');
    const get = async (path: string) => (await fetch(`${pool.url()}${path}&session_id=${session}`)).text();
    const dump = join(directory, 'dump.xml');
    writeFileSync(
      dump,
      (await get(`/vm_rrd?uuid=${vm}`)).replace(/<name>(.*?)<\/name>/g, (_, name) => `<name>${short(name)}</name>`),
    );
    const file = join(directory, 'restored.rrd');
    execFileSync('rrdtool', ['restore', dump, file]);
    for (const step of [5, 60, 3600]) {
      const text = await get(`/rrd_updates?start=${-10 * step}&interval=${step}&cf=AVERAGE&vm_uuid=${vm}&json=true`);
      const { meta, data } = JSON.parse(text) as {
        meta: { legend: string[] };
        data: { t: string; values: string[] }[];
      };
      const rows = fetchRows(file, step, Number(data.at(-1)?.t) - step, Number(data[0]?.t) - step);
      expect(data.length).toBeGreaterThan(8);
      for (const { t, values } of data) {
        const theirs = rows.get(Number(t)) ?? {};
        for (const [i, legend] of meta.legend.entries()) {
          const [name, value] = [legend.slice(`AVERAGE:vm:${vm}:`.length), Number(values[i])];
          const other = theirs[short(name)] as number;
          if (Number.isNaN(value)) expect(other, `${name} at ${t}`).toBeNaN();
          else expect(Math.abs(other - value), `${name} at ${t}`).toBeLessThanOrEqual(1e-10 * Math.abs(value));
        }
      }
    }
    await pool.close();
  });

  const PLUS = { min: 0, max: Number.POSITIVE_INFINITY };
  const SOURCES: readonly Source[] = [
    { name: 'cpu0', type: 'DERIVE', min: 0, max: 1, float: true },
    { name: 'vif_0_rx', type: 'DERIVE', ...PLUS },
    { name: 'memory', type: 'GAUGE', ...PLUS },
    { name: 'requests', type: 'ABSOLUTE', ...PLUS },
  ];
  // Of floats, rrdtool takes the difference by another name.
  const THEIRS = [
    'DS:cpu0:DDERIVE:300:0:1',
    'DS:vif_0_rx:DERIVE:300:0:U',
    'DS:memory:GAUGE:300:0:U',
    'DS:requests:ABSOLUTE:300:0:U',
  ];

  /** The same samples to both, every 5 s and `phase` s after the grid. */
  function both(name: string, phase: number, varying: boolean) {
    const [file, first] = [join(directory, `${name}.rrd`), START_S + phase];
    const archives = [1, 12].map((points) => `RRA:AVERAGE:0.5:${points}:400`);
    execFileSync('rrdtool', ['create', file, '--start', `${START_S - 60}`, '--step', '5', ...THEIRS, ...archives]);
    const rrd = new Rrd(SOURCES, false, first - 5);
    let [cpu, bytes] = [0, 0];
    const lines: string[] = [];
    for (let k = 0; k < 300; k++) {
      cpu += 4.9 * Math.abs(Math.sin(k / 7));
      bytes += 100_000 + ((k * 7919) % 12_345_678);
      const [memory, requests] = varying ? [2 ** 30 + k * 4096, (k * 31) % 400] : [2 ** 31, 55];
      const at = (first + 5 * k).toFixed(3);
      lines.push(`${at}:${cpu}:${bytes}:${memory}:${requests}`);
      rrd.update(Number(at), Float64Array.of(cpu, bytes, memory, requests));
    }
    execFileSync('rrdtool', ['update', file, ...lines]);
    return (names: readonly string[]): number => {
      const { rows } = rrdUpdates([{ prefix: '', rrd }], { start: START_S + 120, interval: 60, cf: 'AVERAGE' });
      const theirs = fetchRows(file, 60, START_S, START_S + 1500);
      const off = rows.flatMap(({ t, values }) =>
        names.map((each) => {
          const [mine, other] = [
            values[SOURCES.findIndex((source) => source.name === each)] as number,
            theirs.get(t)?.[each] as number,
          ];
          return Math.abs(mine - other) / Math.abs(other);
        }),
      );
      expect(rows.length).toBe(23);
      return Math.max(...off);
    };
  }

  /** Half a unit in the last place of the 32-bit floats that xapi keeps, relative; rrdtool keeps 64 bits. */
  const FLOAT32 = 2 ** -24;
  /** rrdtool's own, where times have fractions: seconds since 1970 as a float. */
  const TIME = 2 ** -25;

  it('makes the same rows of the same samples on the grid, whatever their type', () => {
    const off = both('grid', 0, true);
    expect(off(['cpu0', 'vif_0_rx', 'memory', 'requests'])).toBeLessThanOrEqual(FLOAT32 * 1.01);
  });

  it('makes the same rates of counters that are sampled beside the grid', () => {
    const off = both('beside', 2.3, true);
    expect(off(['cpu0', 'vif_0_rx'])).toBeLessThanOrEqual(FLOAT32 + TIME);
    // Gauges and absolutes it shares out between the rows; xapi takes the latest as it is, up to 5 s late.
    expect(off(['memory', 'requests'])).toBeGreaterThan(1e-4);
  });

  it('makes the same of steady gauges and requests beside the grid', () => {
    const off = both('steady', 3.7, false);
    expect(off(['memory', 'requests'])).toBeLessThanOrEqual(FLOAT32 * 1.01);
  });
});
