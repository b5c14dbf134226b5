import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { fakePool, fakeVcenter, PASSWORD, type Place, USER, vcsim } from '../connectors/captured/places.ts';
import { available } from '../services/service.ts';
import { ready, startProgram } from './child.ts';
import { LIBVIRT, startBurner } from './guest.ts';

const EXAMPLE = fileURLToPath(new URL('../../docs/examples/mixed-fleet.yaml', import.meta.url));
const GUEST = '6d1b1ff7-54a5-4a0c-8d63-0d2c4f0fe001';

interface Sample {
  readonly counter_name: string;
  readonly counter_volume: number;
  readonly resource_id: string;
  readonly window_end: string;
  readonly resource_metadata: Readonly<Record<string, unknown>>;
}

/** The example, but for addresses, passwords, and how long one has to wait. */
function configure(places: readonly Place[], withLibvirt: boolean, path: string): object {
  const example = parse(readFileSync(EXAMPLE, 'utf8'));
  const [, vc1, pool1] = example.connectors;
  const entries = [vc1, pool1].map(({ name }: { name: string }, n) => ({
    name,
    username: USER,
    password: PASSWORD,
    ...places[n]?.entry,
  }));
  return {
    ...example,
    collector: { interval: '2s' },
    connectors: [...(withLibvirt ? [{ name: 'kvm1', type: 'libvirt', uri: LIBVIRT }] : []), ...entries],
    pipeline: { windows: [{ size: '20s', grace: '30s' }], reorder: '2s' },
    sinks: [{ type: 'file', path }],
    ops: { listen: '127.0.0.1:0' },
  };
}

const opened = (place: Place): Place => {
  onTestFinished(() => place.close());
  return place;
};

/** Runs the program on a fleet until the file has a `cpu` of each of the hypervisors. */
async function meter(places: readonly Place[], withLibvirt: boolean): Promise<readonly Sample[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hypermeter-mixed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'meters.jsonl');
  const config = join(folder, 'hypermeter.yaml');
  writeFileSync(config, JSON.stringify(configure(places, withLibvirt, path)));
  const child = startProgram(['run', '-c', config]);
  await ready(child);
  const samples = (): readonly Sample[] =>
    existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line))
      : [];
  const kinds = ['libvirt', 'vsphere', 'xenapi'].slice(withLibvirt ? 0 : 1);
  await expect
    .poll(() => kindsOf(samples()), { timeout: 110_000, interval: 500, message: child.stderr() })
    .toEqual(kinds);
  child.kill('SIGTERM');
  expect(await child.exit).toEqual({ code: 0, signal: null });
  return samples();
}

/** Whose VMs they are, told by their names: every kind calls them otherwise. */
const NAMES = { libvirt: /^svc-/, vsphere: /^(?:DC0_|payroll db|web\/1)/, xenapi: /^guest-/ } as const;

const kindsOf = (samples: readonly Sample[]): readonly string[] => {
  const names = samples
    .filter(({ counter_name }) => counter_name === 'cpu')
    .map(({ resource_metadata }) => String(resource_metadata.display_name));
  return Object.entries(NAMES).flatMap(([kind, form]) => (names.some((name) => form.test(name)) ? [kind] : []));
};

const hasLibvirt = await available('libvirt');
const hasVcsim = await available('govc');

describe('one process meters a mixed fleet', () => {
  it('of vSphere and XenAPI, both fakes', async () => {
    const places = [opened(await fakeVcenter()), opened(await fakePool())];
    expectWhole(await meter(places, false));
  });
});

describe.skipIf(!hasLibvirt || !hasVcsim)('one process meters a mixed fleet of real servers [libvirt] [govc]', () => {
  it('of libvirt, vcsim and the fake pool, each with its cpu', async () => {
    const guest = startBurner('svc-mixed', GUEST);
    onTestFinished(() => guest.remove());
    const simulator = await vcsim();
    if (simulator === undefined) throw new Error('vcsim is not built');
    expectWhole(await meter([opened(simulator), opened(await fakePool())], true));
  });
});

/** Every sample has a value and a resource, and each meter of a resource comes once a window. */
function expectWhole(samples: readonly Sample[]): void {
  for (const { counter_volume, resource_id } of samples) {
    expect(typeof counter_volume).toBe('number');
    expect(resource_id).not.toBe('');
  }
  const windows = samples.map((sample) => [sample.counter_name, sample.resource_id, sample.window_end].join(' '));
  expect(new Set(windows).size).toBe(windows.length);
}
