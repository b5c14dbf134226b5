import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Consolidation } from './archive.ts';
import { Rrd, type Source, type SourceType } from './rrd.ts';
import { rrdNumber } from './rrd-number.ts';
import { dumpXml, updatesJson, updatesXml } from './rrd-text.ts';
import { rrdUpdates } from './rrd-updates.ts';

const golden = new URL('golden/', import.meta.url);
const lives = readdirSync(golden).flatMap((name) => (name.endsWith('.txt') ? [name.slice(0, -4)] : []));

/** Plays a script of golden/README.md and gives what it prints. */
function play(script: string): string[] {
  let rrd: Rrd | undefined;
  const printed: string[] = [];
  for (const line of script.split('\n')) {
    const [word, ...rest] = line.split(' ');
    if (word === 'create') rrd = new Rrd(rest.slice(2).map(source), rest[1] === 'true', Number(rest[0]));
    else if (word === 'transfer') rrd?.forgetLast();
    else if (word === 'add') rrd?.add(source(rest[1] as string), Number(rest[0]));
    else if (word === 'update') {
      const values = new Map(rest.slice(2).map((each) => each.split('=') as [string, string]));
      rrd?.update(
        Number(rest[0]),
        Float64Array.from(rrd.sources, ({ name }) => raw(values.get(name))),
        rest[1] === 'true',
      );
    } else if (word === 'export') printed.push(exported(rrd as Rrd, rest));
    else if (word === 'dump') printed.push(dumpXml(rrd as Rrd, 15));
  }
  return printed.map((text) => text.replaceAll('\n', ''));
}

function source(text: string): Source {
  const [name = '', type, min, max] = text.split(':');
  const bounds = { min: Number(min), max: max === 'inf' ? Number.POSITIVE_INFINITY : Number(max) };
  return { name, type: type as SourceType, ...bounds, float: name.startsWith('cpu') };
}

const raw = (text = 'U'): number => (text === 'U' ? Number.NaN : Number(text.replace('i', '')));

function exported(rrd: Rrd, [start, interval, cf, format]: readonly string[]): string {
  const request = { start: Number(start), interval: Number(interval), cf: cf === '-' ? null : (cf as Consolidation) };
  const updates = rrdUpdates([{ prefix: 'vm:u:', rrd }], request);
  return format === 'xml' ? updatesXml(updates, 15) : updatesJson(updates, { dialect: 'strings', digits: 15 });
}

describe("the RRD, compared with xapi's own", () => {
  it.each(lives)('%s', (life) => {
    const script = readFileSync(new URL(`${life}.txt`, golden), 'utf8');
    const lines = readFileSync(new URL(`${life}.out`, golden), 'utf8')
      .replaceAll('?>\n<', '?><')
      .trimEnd()
      .split('\n');
    expect(play(script)).toEqual(lines);
  });
});

describe('a number', () => {
  it.each([
    [0, '0.0', '0.0'],
    [Number.NaN, 'NaN', 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity', 'Infinity'],
    [0.1, '0.1', '0.1'],
    [Math.fround(0.1), '0.100000001490116', '0.1'],
    [1_073_741_824, '1073741824', '1.0737e+09'],
    [-0.00002, '-2e-05', '-2e-05'],
    [0.00012, '0.00012', '0.00012'],
    [1e15, '1e+15', '1e+15'],
    [123_456, '123456', '1.2346e+05'],
    [100_000, '100000', '1e+05'],
    [4095.000244140625, '4095.00024414062', '4095'],
    [4095.000732421875, '4095.00073242188', '4095'],
    [999_999.5, '999999.5', '1e+06'],
    [12_345.67, '12345.67', '12346'],
    [100.04, '100.04', '100.04'],
    [10_000.4, '10000.4', '10000'],
  ])('%d is written as by %%0.15g and %%0.5g', (value, long, short) => {
    expect([rrdNumber(value, 15), rrdNumber(value, 5)]).toEqual([long, short]);
  });
});

describe('the dialects', () => {
  const rrd = new Rrd([{ name: 'memory', type: 'GAUGE', min: 0, max: Number.POSITIVE_INFINITY }], false, 1_773_000_003);
  rrd.update(1_773_000_008, Float64Array.of(2 ** 30));
  const updates = rrdUpdates([{ prefix: 'vm:u:', rrd }], { start: -8, interval: 5, cf: 'AVERAGE' });

  it.each([
    [
      'strings',
      15,
      '{"meta":{"start":"1773000005","step":"5","end":"1773000005","rows":"2","columns":"1","legend":["AVERAGE:vm:u:memory"]},"data":[{"t":"1773000005","values":["1073741824"]},{"t":"1773000000","values":["NaN"]}]}',
    ],
    [
      'nested',
      5,
      '{"meta":{"start":"1773000005","step":"5","end":"1773000005","rows":"2","columns":"1","legend":["AVERAGE:vm:u:memory"],"data":[{"t":"1773000005","values":["1.0737e+09"]},{"t":"1773000000","values":["NaN"]}]}}',
    ],
    [
      'bare',
      15,
      '{"meta":{"start":1773000005,"step":5,"end":1773000005,"rows":2,"columns":1,"legend":["AVERAGE:vm:u:memory"]},"data":[{"t":1773000005,"values":[1073741824]},{"t":1773000000,"values":[NaN]}]}',
    ],
    [
      'unquoted',
      5,
      '{meta:{start:1773000005,step:5,end:1773000005,rows:2,columns:1,legend:["AVERAGE:vm:u:memory"]},data:[{t:1773000005,values:[1.0737e+09]},{t:1773000000,values:[NaN]}]}',
    ],
  ] as const)('%s', (dialect, digits, text) => {
    expect(updatesJson(updates, { dialect, digits })).toBe(text);
  });
});
