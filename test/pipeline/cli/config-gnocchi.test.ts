import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  DISK_COUNTERS,
  DISK_GAUGES,
  EMPTY_IDENTITY,
  HOST_COUNTERS,
  HOST_GAUGES,
  INSTANCE_COUNTERS,
  INSTANCE_GAUGES,
  NIC_COUNTERS,
} from '../../../avro/snapshot.ts';
import { gnocchiResources, MappingError } from '../../../pipeline/cli/gnocchi-resources.ts';
import { derive } from '../../../pipeline/model/derive.ts';
import { METERS, RESOURCES, select } from '../../../pipeline/model/meters.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { exactJson } from '../../../pipeline/runtime/json.ts';
import { meterMessage } from '../../../pipeline/sinks/meter-message.ts';
import { available, ceilometerPython, gnocchiPython } from '../../services/service.ts';
import { pollOf, rulesOf, SECOND, take, vm } from '../model/polls.ts';
import { written } from '../runtime/config/fleet.ts';
import { run } from './test-parts.ts';

interface Mapping {
  readonly archive_policies: readonly { readonly name: string; readonly definition: readonly object[] }[];
  readonly resources: readonly {
    readonly resource_type: string;
    readonly metrics: Readonly<Record<string, { readonly archive_policy_name?: string } | null>>;
  }[];
}
const SIZES = [60 * SECOND];
const TYPES = {
  instance: 'instance',
  disk: 'instance_disk',
  nic: 'instance_network_interface',
  host: 'nova_compute',
  'host disk': 'host_disk',
  'host nic': 'host_network_interface',
} as const;
const read = (text: string): Mapping => parse(text);
const metricsOf = ({ resources }: Mapping, type: string) =>
  resources.find(({ resource_type }) => resource_type === type)?.metrics ?? {};

describe('the mapping', () => {
  it('has every meter under its resource, growth to be summed', () => {
    const mapping = read(gnocchiResources({ sizes: SIZES }));
    for (const { name, kind, derivation } of METERS) {
      const metrics = metricsOf(mapping, TYPES[RESOURCES[kind] ?? 'instance']);
      expect(Object.keys(metrics)).toContain(name);
      if (derivation === 'delta') expect(metrics[name]?.archive_policy_name).toBe('hypermeter-sum');
      if (derivation === 'rate') expect(metrics[name]?.archive_policy_name).toBe('hypermeter-mean');
    }
  });

  it('keeps each size of window, and an hour for a year', () => {
    const definition = (...seconds: readonly number[]) =>
      read(gnocchiResources({ sizes: seconds.map((size) => size * SECOND) })).archive_policies.find(
        ({ name }) => name === 'hypermeter-sum',
      )?.definition;
    const month = (granularity: string) => ({ granularity, timespan: '30 days' });
    const year = (granularity: string) => ({ granularity, timespan: '365 days' });
    expect(definition(60)).toEqual([month('60 seconds'), year('3600 seconds')]);
    expect(definition(300, 60, 90)).toEqual([month('60 seconds'), month('300 seconds'), year('3600 seconds')]);
    expect(definition(7)).toEqual([month('7 seconds')]);
    expect(definition(86_400)).toEqual([year('86400 seconds')]);
  });

  it('adds to a stock, whatever else that has, and is the same when it is added again', () => {
    const stock = `# ours
archive_policies: [{ name: low, back_window: 0 }]
resources:
  - resource_type: volume
    metrics: [volume.size]
  - resource_type: instance_disk # disks
    metrics: [disk.device.usage]
`;
    const text = gnocchiResources({ sizes: SIZES, stock });
    expect(text).toContain('# ours');
    expect(text).toContain('# disks');
    const mapping = read(text);
    expect(mapping.resources.map(({ resource_type }) => resource_type)).toEqual([
      'volume',
      'instance_disk',
      'instance',
      'instance_network_interface',
      'nova_compute',
      'host_disk',
      'host_network_interface',
    ]);
    expect(mapping.resources[0]?.metrics).toEqual(['volume.size']);
    expect(metricsOf(mapping, 'instance_disk')).toMatchObject({
      'disk.device.usage': null,
      'disk.device.read.bytes.delta': { archive_policy_name: 'hypermeter-sum' },
    });
    expect(read(gnocchiResources({ sizes: SIZES, stock: text }))).toEqual(mapping);
  });

  it.each([
    ['a: [', /no YAML/],
    ['a: 1', /no list of resources/],
    ['[]', /no list of resources/],
    ['resources: [{ resource_type: instance }]', /no metrics for instance/],
    ['{ resources: [], archive_policies: {} }', /no list/],
  ])('is not made of %s', (stock, message) => {
    expect(() => gnocchiResources({ sizes: SIZES, stock })).toThrow(message);
    expect(() => gnocchiResources({ sizes: SIZES, stock })).toThrow(MappingError);
  });
});

describe('config gnocchi', () => {
  it('prints the mapping at the windows of the configuration', async () => {
    const file = written('pipeline: { windows: [{ size: 5m }] }');
    const { code, stdout, stderr } = await run(['config', 'gnocchi', '-c', file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^# Ceilometer's mapping to Gnocchi/);
    expect(`${stdout.trimEnd()}\n`).toBe(gnocchiResources({ sizes: [300 * SECOND] }));
  });

  it('warns where several windows would fall together', async () => {
    const file = written('pipeline: { windows: [{ size: 1h }, { size: 60s }] }');
    const { code, stderr } = await run(['config', 'gnocchi', '-c', file]);
    expect(code).toBe(0);
    expect(stderr).toContain('windows: [60s]');
  });

  it('is 65 for a stock that is none, 64 for one that cannot be read', async () => {
    const broken = await run(['config', 'gnocchi', '--stock', written('a: 1')]);
    expect([broken.code, broken.stderr]).toEqual([65, 'error: the file of --stock has no list of resources\n']);
    const missing = await run(['config', 'gnocchi', '--stock', '/nowhere.yaml']);
    expect([missing.code, missing.stderr]).toEqual([64, expect.stringContaining('cannot be read: ENOENT')]);
  });
});

const HOURS = 2;
const zeroed = <Name extends string>(names: readonly Name[], value: (name: Name, index: number) => bigint) =>
  Object.fromEntries(names.map((name, index) => [name, value(name, index)])) as Record<Name, bigint>;

/** Every meter of one instance and one host over two hours, windows of a minute, as they come out of the pipeline one after the other. */
function metered(): readonly Sample[][] {
  const rules = rulesOf();
  const partition = createPartition(rules);
  const deriveRules = { selection: select(['*']), gauges: 'last' as const };
  const flavor = { id: 'f', name: 'm1', vcpus: 2, memory: 2048, disk: 20, ephemeral: 5, swap: 0, extraSpecs: {} };
  const identity = {
    ...EMPTY_IDENTITY,
    name: 'web',
    instanceName: 'instance-2a',
    projectId: 'p',
    host: 'kvm1',
    flavor,
  };
  const batches: Sample[][] = [];
  for (let t = 0; t <= HOURS * 3600; t += 20) {
    const grown = (index: number): bigint => BigInt(t * (index + 1) * 1000 + Math.round(500 * (1 - Math.cos(t / 300))));
    const row = {
      ...zeroed(INSTANCE_COUNTERS, (_, index) => grown(index) << 20n),
      ...zeroed(INSTANCE_GAUGES, (name) => (name === 'vcpus' ? 2n : 1n << 30n)),
      disks: [{ ...zeroed(DISK_COUNTERS, (_, index) => grown(index)), ...zeroed(DISK_GAUGES, () => 1n << 34n) }],
      nics: [zeroed(NIC_COUNTERS, (_, index) => grown(index))],
    };
    const devices = { disks: [{ id: 'vda', epoch: null }], nics: [{ id: 'fa:16:3e:00:00:01', epoch: null }] };
    const extras = [
      ...HOST_COUNTERS.map((name, n) => ({ name, device: null, counter: true, value: grown(n) << 20n })),
      ...HOST_GAUGES.map((name) => ({ name, device: null, counter: false, value: 3n << 20n })),
    ];
    const of = { ...row, extras };
    const host = vm(t, of, { ...devices, uuid: Buffer.alloc(16, 8), identity: { ...EMPTY_IDENTITY, host: 'kvm1' } });
    const poll = pollOf(t, [vm(t, row, { ...devices, identity })], { interval: 20 });
    const { closed } = take(partition, rules, { ...poll, hosts: [host] });
    const samples = derive(closed, deriveRules);
    if (samples.length > 0) batches.push(samples);
  }
  return batches;
}

interface Sent {
  readonly policies: readonly object[];
  readonly batches: readonly Readonly<Record<string, Readonly<Record<string, Measured>>>>[];
  readonly types: readonly string[];
  readonly resources: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly unhandled: readonly string[];
  readonly faults: readonly string[];
}
interface Measured {
  readonly archive_policy_name: string;
  readonly measures: readonly { readonly timestamp: string; readonly value: number }[];
}

const OPTIONS = { source: 'openstack', publisherId: null, timestamps: 'zoned', annotate: false, secret: 's' } as const;
const script = (path: string): string => fileURLToPath(new URL(`../../services/${path}`, import.meta.url));

/** Its last line: the log goes to standard output as well. */
function ask<Answer>(python: string, words: readonly string[], input: string): Answer {
  const options = { input, timeout: 120_000, maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'ignore'] as never };
  return JSON.parse(execFileSync(python, words, options).toString().trim().split('\n').at(-1) as string);
}

/** What Ceilometer's publisher sends to Gnocchi of the batches, by a mapping. */
function published(batches: readonly (readonly Sample[])[], mapping: string): Sent {
  const file = join(mkdtempSync(join(tmpdir(), 'hypermeter-gnocchi-')), 'gnocchi_resources.yaml');
  writeFileSync(file, mapping);
  const messages = batches.map((batch) => batch.map((sample) => meterMessage(sample, OPTIONS)));
  return ask(ceilometerPython, [script('ceilometer/gnocchi_publish.py'), file], exactJson(messages));
}

const there = (await available('ceilometer')) && (await available('gnocchi'));

describe.skipIf(!there)('Ceilometer’s publisher and Gnocchi [ceilometer] [gnocchi]', () => {
  const batches = metered();
  const stock = execFileSync(ceilometerPython, [
    '-c',
    'import os, ceilometer.publisher as p; print(open(os.path.join(os.path.dirname(p.__file__), "data", "gnocchi_resources.yaml")).read())',
  ]).toString();
  const some = batches.slice(0, 2);

  it('drop with the stock mapping what is derived or of hosts, and nothing with ours', () => {
    const unknown =
      /\.(delta|rate)$|^cpu_util$|^compute\.node\.(?!cpu\.(?:(?:user|kernel|idle|iowait)\.(?:time|percent)|percent)$)/;
    const dropped = METERS.map(({ name }) => name).filter((name) => unknown.test(name));
    expect(published(some, stock).unhandled).toEqual([...dropped].sort());
    for (const mapping of [gnocchiResources({ sizes: SIZES }), gnocchiResources({ sizes: SIZES, stock })]) {
      const { unhandled, faults, batches: sent, types } = published(some, mapping);
      expect({ unhandled, faults }).toEqual({ unhandled: [], faults: [] });
      expect(types).toEqual(read(mapping).resources.map(({ resource_type }) => resource_type));
      const metrics = sent.flatMap((resources) => Object.values(resources).flatMap((of) => Object.keys(of)));
      expect(new Set(metrics)).toEqual(new Set(METERS.map(({ name }) => name)));
    }
  });

  it('keep of ours without a stock all that the stock has for instances, disks, nics and hosts', () => {
    const [theirs, ours] = [read(stock), read(gnocchiResources({ sizes: SIZES }))];
    for (const type of [TYPES.instance, TYPES.disk, TYPES.nic, TYPES.host]) {
      const [stocked, own] = [theirs, ours].map(({ resources }) =>
        resources.find(({ resource_type }) => resource_type === type),
      );
      expect({ ...own, metrics: null }).toEqual({ ...stocked, metrics: null });
      expect(own?.metrics).toMatchObject(stocked?.metrics ?? {});
    }
    expect(ours.archive_policies).toEqual(expect.arrayContaining(theirs.archive_policies.slice(0, 2)));
  });

  it('keep what the totals are, also when a batch comes twice', () => {
    const twice = batches.flatMap((batch, index) => (index % 7 === 3 ? [batch, batch] : [batch]));
    const { policies, batches: sent } = published(twice, gnocchiResources({ sizes: SIZES }));
    const names = METERS.filter(({ derivation }) => derivation === 'delta' || derivation === 'rate');
    const series = names.map(({ name }) => {
      const measured = sent.flatMap((resources) => Object.values(resources).flatMap((of) => of[name] ?? []));
      const each = measured.map(({ measures }) => measures.map(({ timestamp, value }) => [timestamp, value]));
      return { policy: measured[0]?.archive_policy_name, batches: each };
    });
    const kept: readonly Readonly<Record<string, readonly (readonly [number, number])[]>>[] = ask(
      gnocchiPython,
      [script('gnocchi/store.py')],
      JSON.stringify({ policies, series }),
    );
    names.forEach(({ name, derivation }, index) => {
      const samples = batches.flat().filter((sample) => sample.name === name);
      const windows = samples.map(({ timestamp, volume }) => [timestamp / SECOND, Number(volume)]);
      expect(windows).toHaveLength(HOURS * 60);
      const stored = kept[index] ?? {};
      const whole = (buckets: readonly (readonly [number, number])[] = []) =>
        buckets.reduce((sum, [, v]) => sum + v, 0);
      if (derivation === 'delta') {
        expect(stored['sum 60']).toEqual(windows);
        const total = windows.reduce((sum, [, volume]) => sum + (volume as number), 0);
        expect(whole(stored['sum 3600'])).toBe(total);
        // The window that ends on the hour is of the next one.
        expect(stored['sum 3600']?.map(([begin]) => begin)).toEqual([0, 3600, 7200]);
      } else {
        expect(stored['mean 60']).toEqual(windows);
        const growth = batches.flat().filter((sample) => sample.name === name.replace(/rate$/, 'delta'));
        const total = growth.reduce((sum, { volume }) => sum + Number(volume), 0);
        expect(whole(stored['mean 60']) * 60).toBeCloseTo(total, 3);
      }
    });
  });
});
