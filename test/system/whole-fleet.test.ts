import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { fakePool, PASSWORD, USER, vcsim } from '../connectors/captured/places.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { type Child, ready, startProgram } from './child.ts';
import { hypervHost, type LivingPlace, proxmoxCluster } from './fleet-places.ts';
import { LIBVIRT, startBurner, virsh } from './guest.ts';
import { type NovaExchange, novaExchange } from './nova-exchange.ts';

const EXAMPLE = fileURLToPath(new URL('../../docs/examples/whole-fleet.yaml', import.meta.url));
const BROKER = '127.0.0.1:19092';
const GUEST = '6d1b1ff7-54a5-4a0c-8d63-0d2c4f0fe002';
/** It is made and deleted while the fleet is metered, and nova says so. */
const BORN = '6d1b1ff7-54a5-4a0c-8d63-0d2c4f0fe003';
/** A short form for every run of the tests; `HYPERMETER_FLEET_MINUTES=10` is the one to believe in. */
const MINUTES = Number(process.env.HYPERMETER_FLEET_MINUTES ?? 1.5);
const TURN_MS = 7000;
const INTERVAL_MS = 5000;
const GRACE_S = 30;
/** What is not over by then is a fault of its own. */
const ENDING_MS = 120_000;

const services = ['kafka', 'libvirt', 'govc', 'rabbit'] as const;
const missing: string[] = [];
for (const service of services) if (!(await available(service))) missing.push(service);

interface Sample {
  readonly counter_name: string;
  readonly counter_volume: number;
  readonly resource_id: string;
  readonly window_end: string;
  readonly project_id: string | null;
  readonly resource_metadata: Readonly<Record<string, unknown>>;
}

describe.skipIf(missing.length > 0)(`every kind of hypervisor in one process [${services.join('] [')}]`, () => {
  it(`is metered for ${MINUTES} minutes, and the audit finds nothing`, {
    timeout: MINUTES * 60_000 + ENDING_MS + 60_000,
  }, async ({ annotate }) => {
    const guest = startBurner('svc-fleet', GUEST);
    onTestFinished(() => guest.remove());
    const simulator = await vcsim();
    if (simulator === undefined) throw new Error('vcsim is not built');
    const nova = await novaExchange();
    onTestFinished(() => nova.close());
    const places = { vc1: simulator, pool1: await fakePool(), hv1: await hypervHost(), pve1: await proxmoxCluster() };
    for (const place of Object.values(places)) onTestFinished(() => place.close());
    const { config, meters } = configure(places, nova);

    const child = startProgram(['run', '-c', config]);
    await ready(child, 60_000);
    const lag = await live(Object.values(places), nova, child, meters);
    // By silence alone the last window of a deleted guest would have to wait for the grace.
    expect(lag, 'from the end of its last window until that is there, ms').toBeLessThan(GRACE_S * 1000 - 5000);
    child.kill('SIGTERM');
    expect(await child.exit, child.stderr().slice(-4000)).toEqual({ code: 0, signal: null });

    const samples = lines(meters);
    expect(kindsOf(samples)).toEqual(['hyperv', 'libvirt', 'proxmox', 'vsphere', 'xenapi']);
    expectNovasWord(samples);
    expectBirthAndDeath(samples);
    const audit = startProgram(['audit', '-c', config, '--published', meters, '-o', 'json']);
    const { code } = await audit.exit;
    const report = JSON.parse(audit.stdout());
    expect(report).toMatchObject({ residual: 0, lost: 0, wrong: 0, unequal_duplicates: 0, broken_lines: 0 });
    expect(code).toBe(0);
    await annotate(
      `${samples.length} samples, ${report.expected} windows, ${nova.heard()} notifications heard by others`,
    );
    expect(nova.heard()).toBe(nova.told());
  });
});

/** The example, but for addresses, passwords, topics and how long one has to wait. */
function configure(places: Readonly<Record<string, Pick<LivingPlace, 'entry'>>>, nova: NovaExchange) {
  const folder = mkdtempSync(join(tmpdir(), 'hypermeter-fleet-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const example = parse(readFileSync(EXAMPLE, 'utf8'));
  const entries: Readonly<Record<string, object>> = {
    kvm1: { type: 'libvirt', uri: LIBVIRT },
    ...Object.fromEntries(Object.entries(places).map(([name, { entry }]) => [name, credentials(entry)])),
    nova: { type: 'nova', ...nova.entry },
  };
  const name = unique('fleet');
  const meters = join(folder, 'meters.jsonl');
  const config = join(folder, 'hypermeter.yaml');
  const settings = {
    ...example,
    kafka: { brokers: [BROKER], topics: { raw: name, deadLetters: `${name}.dead` }, group: name, partitions: 3 },
    collector: { interval: `${INTERVAL_MS / 1000}s` },
    connectors: example.connectors.map((entry: { readonly name: string }) => ({
      name: entry.name,
      ...entries[entry.name],
    })),
    pipeline: { windows: [{ size: '20s', grace: `${GRACE_S}s` }], reorder: '5s' },
    sinks: [{ type: 'file', path: meters }],
    ops: { listen: '127.0.0.1:0' },
  };
  writeFileSync(config, JSON.stringify(settings));
  return { config, meters };
}

const credentials = (entry: Readonly<Record<string, unknown>>): object =>
  entry.type === 'vsphere' || entry.type === 'xenapi' ? { username: USER, password: PASSWORD, ...entry } : entry;

/** Machines stop, start and move, one is made and deleted, and nova tells of two, until the time is over. */
async function live(
  places: readonly Pick<LivingPlace, 'happen'>[],
  nova: NovaExchange,
  child: Child,
  meters: string,
): Promise<number> {
  let lag = Promise.resolve(Number.POSITIVE_INFINITY);
  const until = Date.now() + MINUTES * 60_000;
  const identity = (uuid: string, name: string) => ({ uuid, display_name: name, tenant_id: 'p1' });
  await nova.tell('instance-create-end', { ...identity(GUEST, 'named by nova'), created_at: at(-3600) });
  // Later than the first poll: what was there before that is not counted.
  await sleep(TURN_MS);
  const birth = { ...identity(BORN, 'born'), created_at: at(0) };
  await nova.tell('instance-create-start', { ...birth, state: 'building' });
  // As in nova, where image and network are made ready between the two: a birth is told before the first reading.
  await sleep(2000);
  const born = startBurner('svc-born', BORN);
  let isThere = true;
  const bury = (): void => {
    if (isThere) born.remove();
    isThere = false;
  };
  onTestFinished(bury);
  await nova.tell('instance-create-end', birth);
  for (let turn = 0; Date.now() < until; turn++) {
    const ended = await Promise.race([child.exit, sleep(Math.min(TURN_MS, Math.max(0, until - Date.now())))]);
    if (ended) throw new Error(`the program ended:\n${child.stderr().slice(-4000)}`);
    if (turn % 4 === 2) virsh('destroy', 'svc-fleet');
    if (turn % 4 === 3) virsh('start', 'svc-fleet');
    if (turn === 3) {
      await nova.tell('instance-delete-start', birth);
      bury();
      await nova.tell('instance-delete-end', { ...birth, state: 'deleted', deleted_at: at(0), terminated_at: at(0) });
      lag = lagOfLastWindow(Date.now(), meters, until);
    }
    places[turn % places.length]?.happen();
    await nova.tell('instance-update', { ...identity(GUEST, `named by nova, ${turn}`), created_at: at(-3600) });
  }
  return await lag;
}

/**
 * How long after its end the deleted guest's last window was written: the one that holds `time`, or that before it if no
 * poll came between its end and `time`. Infinite if none was by the deadline.
 */
async function lagOfLastWindow(time: number, meters: string, deadline: number): Promise<number> {
  let last = { end: 0, lag: Number.POSITIVE_INFINITY };
  for (; last.end < time && Date.now() < deadline; await sleep(250)) {
    const ends = lines(meters).flatMap(({ resource_id, counter_name, window_end }) =>
      resource_id === BORN && counter_name === 'cpu.delta' ? [Date.parse(window_end)] : [],
    );
    const end = Math.max(0, ...ends);
    if (end > last.end) last = { end, lag: Date.now() - end };
  }
  return last.end < time - INTERVAL_MS ? Number.POSITIVE_INFINITY : last.lag;
}

/** So many seconds from now, as versioned notifications have it. */
const at = (seconds: number): string => `${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)}Z`;

const lines = (path: string): readonly Sample[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** Whose machines they are, told by what only one kind has. */
const FORMS: Readonly<Record<string, (sample: Sample) => boolean>> = {
  hyperv: ({ resource_metadata }) => resource_metadata.instance_host === 'HV1',
  libvirt: ({ resource_id }) => resource_id === GUEST,
  proxmox: ({ resource_metadata }) => /^pve\d$/.test(String(resource_metadata.instance_host)),
  vsphere: ({ resource_metadata }) => /^DC0_/.test(String(resource_metadata.display_name)),
  xenapi: ({ resource_metadata }) => /^guest-/.test(String(resource_metadata.display_name)),
};

function kindsOf(samples: readonly Sample[]): readonly string[] {
  const cpu = samples.filter(({ counter_name }) => counter_name === 'cpu');
  return Object.keys(FORMS).filter((kind) => cpu.some((sample) => FORMS[kind]?.(sample)));
}

/** What nova calls the guest, and whose it is, are with its samples. */
function expectNovasWord(samples: readonly Sample[]): void {
  const last = samples.findLast(({ resource_id, counter_name }) => resource_id === GUEST && counter_name === 'cpu');
  expect(last?.project_id).toBe('p1');
  expect(last?.resource_metadata.display_name).toMatch(/^named by nova/);
}

/** What came into being under our eyes is counted from zero, and what was deleted is metered to its end. */
function expectBirthAndDeath(samples: readonly Sample[]): void {
  const of = (meter: string) =>
    samples.filter(({ resource_id, counter_name }) => resource_id === BORN && counter_name === meter);
  const totals = of('cpu');
  const deltas = of('cpu.delta');
  expect(deltas.length).toBeGreaterThan(1);
  expect(totals[0]?.counter_volume).toBe(deltas[0]?.counter_volume);
  expect(totals.at(-1)?.counter_volume).toBe(deltas.reduce((sum, { counter_volume }) => sum + counter_volume, 0));
}
