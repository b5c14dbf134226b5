import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Snapshot } from '../../avro/snapshot.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { metricsOf, ready, startProgram } from './child.ts';
import { novaExchange } from './nova-exchange.ts';
import { recordedSlices } from './recorded-slices.ts';

const BROKER = '127.0.0.1:19092';

const here = (await available('kafka')) && (await available('rabbit'));

describe.skipIf(!here)('what nova announces to one collector [kafka] [rabbit]', () => {
  it('makes an early poll of the hypervisor that another one has', { timeout: 120_000 }, async () => {
    const nova = await novaExchange();
    onTestFinished(() => nova.close());
    const name = unique('announced');
    const start = async (id: string) => {
      const path = join(tmpdir(), `${name}.${id}.yaml`);
      const config = {
        service: { id },
        kafka: { brokers: [BROKER], topics: { raw: name, deadLetters: `${name}.dead` }, group: name, partitions: 3 },
        collector: { interval: '6s', linger: '20ms', group: { topic: `${name}.c`, name: `${name}.c`, partitions: 8 } },
        connectors: [
          { name: 'sim', type: 'simulator', hosts: 12, instances: 24, faults: 'none' },
          { name: 'cloud', type: 'nova', ...nova.entry },
        ],
        ops: { listen: '127.0.0.1:0' },
      };
      writeFileSync(path, JSON.stringify(config));
      onTestFinished(() => rmSync(path));
      const child = startProgram(['collect', '-c', path]);
      await ready(child);
      return child;
    };
    const children = { first: await start('first'), second: await start('second') };

    /** The newest poll of each endpoint says whose it is. */
    const newest = async (): Promise<readonly Snapshot[]> => [
      ...new Map((await recordedSlices(BROKER, name)).map((slice) => [slice.source.hypervisor, slice])).values(),
    ];
    const ownerOf = (slices: readonly Snapshot[], other: string): Snapshot | undefined =>
      slices.find(({ source, instances }) => source.kind === 'simulator' && source.collector === other && instances[0]);
    const uuidOf = ({ instances }: Snapshot): string => instances[0]?.uuid.toString('hex') ?? '';
    const dashed = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    // Nova's is of the one whose queue it reads: it says so when it is told of anything.
    await nova.tell('instance-update', {});
    const listener = async () => (await newest()).find(({ source }) => source.kind === 'nova')?.source.collector;
    await expect.poll(listener, { timeout: 40_000, interval: 500 }).toBeDefined();
    const hearing = (await listener()) as keyof typeof children;
    const other = hearing === 'first' ? 'second' : 'first';
    await expect.poll(async () => ownerOf(await newest(), other), { timeout: 40_000, interval: 500 }).toBeDefined();
    const target = ownerOf(await newest(), other) as Snapshot;

    const early = async (child: (typeof children)[typeof other]): Promise<number> =>
      [...(await metricsOf(child))]
        .filter(([key]) => key.startsWith('hypermeter_polls_early_total') && key.includes('announced'))
        .reduce((sum, [, count]) => sum + count, 0);
    expect([await early(children[other]), await early(children[hearing])]).toEqual([0, 0]);
    let times = 0;
    const told = async (): Promise<number> => {
      // A due poll that begins just then sees it as well, and none is made early.
      if (times++ % 25 === 0) await nova.tell('instance-power_off-start', { uuid: dashed(uuidOf(target)) });
      return early(children[other]);
    };
    await expect.poll(told, { timeout: 30_000, interval: 100 }).toBeGreaterThan(0);
    expect(await early(children[hearing])).toBe(0);
    for (const child of Object.values(children)) child.kill('SIGTERM');
    for (const child of Object.values(children)) expect(await child.exit).toEqual({ code: 0, signal: null });
  });
});
