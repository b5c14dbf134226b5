import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readExposition } from '../../../../pipeline/cli/top/exposition.ts';
import { type EndpointFigures, type Figures, figuresOf } from '../../../../pipeline/cli/top/figures.ts';
import type { Scrape } from '../../../../pipeline/cli/top/scrape.ts';
import { screenLines, type View } from '../../../../pipeline/cli/top/screen.ts';
import { ORDERS, sorted } from '../../../../pipeline/cli/top/sorting.ts';
import { afterKey } from '../../../../pipeline/cli/top/top.ts';
import { opsPort, ready, startProgram } from '../../../system/child.ts';
import { written } from '../../runtime/config/fleet.ts';
import { run } from '../test-parts.ts';

describe('a metrics page', () => {
  it('is read as Prometheus writes it', () => {
    const page = `# HELP a b\n# TYPE a counter\na 3\na_b{x="1",y="q\\"\\\\\\n,}"} 2.5e3 1700000000000\nc{z="1"} +Inf\nc{z="2"} NaN\nskip 1\nbroken{ 3\n`;
    const read = readExposition(page, (name) => name !== 'skip');
    expect([...read]).toEqual([
      ['a', [{ labels: {}, value: 3 }]],
      ['a_b', [{ labels: { x: '1', y: 'q"\\\n,}' }, value: 2500 }]],
      [
        'c',
        [
          { labels: { z: '1' }, value: Number.POSITIVE_INFINITY },
          { labels: { z: '2' }, value: Number.NaN },
        ],
      ],
    ]);
  });
});

const endpoint = (hypervisor: string, rest: Partial<EndpointFigures> = {}): EndpointFigures => ({
  process: 'c:1',
  hypervisor,
  kind: 'libvirt',
  state: 'up',
  age_seconds: 3,
  poll_seconds: 0.02,
  calls: 1,
  instances: 5,
  failures: 0,
  error: null,
  ...rest,
});

describe('sorting', () => {
  const some = [
    endpoint('a', { age_seconds: 9 }),
    endpoint('b', { state: 'failing', failures: 3, instances: null, age_seconds: null, error: 'no route' }),
    endpoint('c', { instances: 50, calls: 7, poll_seconds: 1 }),
  ];
  it.each([
    ['state', 'b a c'],
    ['name', 'a b c'],
    ['age', 'b a c'],
    ['time', 'c a b'],
    ['calls', 'c a b'],
    ['vms', 'c a b'],
    ['failures', 'b a c'],
  ] as const)('by %s: %s', (order, expected) => {
    const names = (isReversed: boolean) => sorted(some, order, isReversed).map(({ hypervisor }) => hypervisor);
    expect(names(false).join(' ')).toBe(expected);
    expect(names(true)).toEqual(names(false).reverse());
  });

  it('goes by keys; the same one again turns it round', () => {
    const view = { order: 'state', isReversed: false, offset: 3, width: 80, height: 20, isColored: false } as const;
    expect(afterKey(view, 'v', 9)).toMatchObject({ order: 'vms', isReversed: false, offset: 0 });
    expect(afterKey(afterKey(view, 'v', 9), 'v', 9)).toMatchObject({ order: 'vms', isReversed: true });
    expect(afterKey(view, 'down', 9).offset).toBe(4);
    expect(afterKey(view, 'page down', 9).offset).toBe(8);
    expect(afterKey(view, 'home', 9).offset).toBe(0);
    expect(afterKey(view, 'x', 9)).toEqual(view);
  });
});

describe('figures', () => {
  const page = (seconds: number): string => `
process_cpu_seconds_total ${seconds / 2}
hypermeter_polls_total{hypervisor="kvm1",kind="libvirt"} ${10 * seconds}
hypermeter_samples_published_total{sink="udp"} ${100 * seconds}
hypermeter_publish_duration_seconds_sum{sink="udp"} ${0.5 * seconds}
hypermeter_publish_duration_seconds_count{sink="udp"} ${10 * seconds}
hypermeter_kafka_consumer_lag_messages{partition="0"} 3
hypermeter_kafka_consumer_lag_messages{partition="1"} 4
hypermeter_readings_dropped_total{reason="late"} 2
`;
  const at = (seconds: number, process = 'p:1'): Scrape => ({
    process,
    at: seconds * 1e6,
    answer: {
      version: '1',
      ready: true,
      reasons: [],
      endpoints: [
        {
          hypervisor: 'kvm1',
          kind: 'libvirt',
          state: 'failing',
          since: '2026-01-01T00:00:00.000Z',
          lastPoll: '2026-01-01T00:00:00.000Z',
          lastPollSeconds: 0.5,
          instances: 4,
          failures: 2,
          lastError: { reason: 'timeout', message: 'did not answer' },
        },
      ],
      metrics: readExposition(page(seconds), () => true),
    },
  });
  const NOW = Date.parse('2026-01-01T00:00:07Z') * 1000;

  it('are rates of two readings, and absent of one', () => {
    const { processes, sinks, endpoints } = figuresOf([at(14)], [at(10)], NOW);
    expect(processes[0]).toMatchObject({ cpu: 0.5, polls_per_second: 10, lag_messages: 7, samples_per_second: null });
    expect(processes[0]?.readings_dropped).toEqual({ late: 2 });
    expect(sinks).toMatchObject([
      { sink: 'udp', published: 1400, published_per_second: 100, publish_seconds: 0.05, waiting: null },
    ]);
    expect(endpoints).toMatchObject([{ age_seconds: 7, error: 'did not answer' }]);
    const first = figuresOf([at(14)], [], NOW);
    expect(first.processes[0]).toMatchObject({ cpu: null, polls_per_second: null });
    expect(first.sinks[0]).toMatchObject({ published: 1400, published_per_second: null, publish_seconds: null });
  });

  it('are absent where a counter began anew, and where nobody answered', () => {
    expect(figuresOf([at(2)], [{ ...at(10), at: 0 }], NOW).processes[0]?.polls_per_second).toBeNull();
    const gone: Scrape = { process: 'p:1', at: 1, answer: { error: 'nobody listens there' } };
    expect(figuresOf([gone], [at(10)], NOW)).toMatchObject({
      processes: [{ error: 'nobody listens there' }],
      endpoints: [],
      sinks: [],
    });
    expect(figuresOf([at(10)], [gone], NOW).processes[0]?.cpu).toBeNull();
  });

  it.each([40, 60, 80, 120, 200])('fit %d columns and as many rows as there are', (width) => {
    const figures: Figures = {
      ...figuresOf([at(14), at(14, 'another-process.example:9464')], [at(10)], NOW),
      endpoints: Array.from({ length: 50 }, (_, index) => endpoint(`hypervisor-${index}.example`)),
    };
    const view: View = { order: 'name', isReversed: false, offset: 0, width, height: 24, isColored: false };
    const lines = screenLines(figures, view, 'q quit');
    expect(lines).toHaveLength(24);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(lines.at(-1)).toBe('q quit');
    expect(lines.join('\n')).toContain('hypervi');
    const shown = lines.flatMap((line) => /hyper\S+/.exec(line) ?? []);
    if (width >= 60) expect(new Set(shown).size).toBe(shown.length);
    const further = screenLines(figures, { ...view, offset: 999 }, null).join('\n');
    expect(further).toMatch(/, 0 below|… \d+ above/);
  });
});

describe('top of a real process', { timeout: 60_000 }, () => {
  const CONFIG = `
connectors: [{ name: sim, type: simulator, hosts: 2, instances: 6, faults: { hostAway: 0 } }]
collector: { interval: 1s }
pipeline: { windows: [{ size: 2s }], reorder: 100ms }
sinks: [{ type: file, path: FILE }]
ops: { listen: "127.0.0.1:0" }`;

  it('shows endpoints, pipeline and sinks: once, as JSON, on a terminal with keys', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hypermeter-top-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const child = startProgram(['run', '-c', written(CONFIG.replace('FILE', join(folder, 'meters.jsonl')))]);
    await ready(child);
    const address = `127.0.0.1:${opsPort(child)}`;
    const top = (...words: string[]) => run(['top', address, '--interval', '1s', ...words]);
    await expect
      .poll(async () => JSON.parse((await top('--once', '-o', 'json')).stdout).sinks?.[0]?.published ?? 0, {
        timeout: 40_000,
      })
      .toBeGreaterThan(0);
    const { code, stdout } = await top('--once', '-o', 'json');
    expect(code).toBe(0);
    const { processes, endpoints } = JSON.parse(stdout);
    expect(processes).toMatchObject([{ process: address, error: null, ready: true, endpoints: 2, endpoints_up: 2 }]);
    expect(processes[0].polls_per_second).toBeGreaterThan(0);
    expect(processes[0].conservation_residual ?? 0).toBe(0);
    expect(endpoints).toMatchObject([
      { kind: 'simulator', state: 'up' },
      { kind: 'simulator', state: 'up' },
    ]);
    expect((await top('--once')).stdout).toMatch(/^PROCESS .*\n127\.0\.0\.1:\d+ .* yes .*\n/);

    const keys = new EventEmitter();
    const raw: boolean[] = [];
    let drawn = '';
    const stdout2 = {
      isTTY: true,
      columns: 80,
      rows: 20,
      write: (text: string) => {
        drawn += text;
        return true;
      },
    };
    const stdin = Object.assign(keys, {
      isTTY: true,
      setRawMode: (is: boolean) => raw.push(is),
      resume: () => 0,
      pause: () => 0,
    });
    const ended = run(['top', address, '--interval', '1h'], { stdout: stdout2 as never, stdin: stdin as never });
    await expect.poll(() => drawn).toContain('q quit');
    keys.emit('data', Buffer.from('v\u001b[B'));
    keys.emit('data', Buffer.from('q'));
    expect((await ended).code).toBe(0);
    expect(raw).toEqual([true, false]);
    expect(drawn.startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
    expect(drawn.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    expect(drawn.split('\u001b[H')).toHaveLength(4);
  });
});

describe('top of nothing', () => {
  it('is 69 with what to do', async () => {
    const { code, stdout, stderr } = await run(['top', '127.0.0.1:2', '--once']);
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
    expect(stderr).toBe(
      '127.0.0.1:2: nobody listens there\nis it running, and is this its ops.listen? hypermeter top HOST:PORT names another\n',
    );
  });

  it('knows a stranger', async () => {
    const server = createServer((_, response) => response.end('{"hello":1}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { code, stderr } = await run(['top', `127.0.0.1:${(server.address() as AddressInfo).port}`, '--once']);
    expect(code).toBe(69);
    expect(stderr).toContain('its /status.json is not Hypermeter’s');
    expect((await run(['top', 'not an address'])).code).toBe(64);
  });
});

it('every order has a key in the help', async () => {
  const { stdout } = await run(['top', '--help']);
  for (const order of ORDERS) expect(stdout).toContain(order === 'vms' ? 'VMs' : order);
});
