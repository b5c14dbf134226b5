import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type VsphereConfig, vsphere, vsphereSchema } from '../../../connectors/vsphere/vsphere.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { readCapture } from '../../fakes/replay.ts';
import { available } from '../../services/service.ts';
import { capture, textsIn } from './captured.ts';
import { fakeHyperv } from './hyperv-place.ts';
import { fakePool, fakeVcenter, PASSWORD, type Place, USER, vcsim } from './places.ts';
import { replayed } from './replayed.ts';

const GOLDEN = fileURLToPath(new URL('golden', import.meta.url));
const QUICK = ['--polls', '2', '--interval', '1500ms'];

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0)) await each();
});

async function opened<P extends Place>(opening: Promise<P>): Promise<P> {
  const place = await opening;
  undo.push(() => place.close());
  return place;
}

const freshFolder = (): string => join(mkdtempSync(join(tmpdir(), 'hypermeter-captured-')), 'to');

/** None of these, in no file and no file's name, in any case. */
function expectNothingOf(originals: readonly string[], folder: string): void {
  const texts = textsIn(folder).map(({ text }) => text.toLowerCase());
  expect(texts.length).toBeGreaterThan(10);
  for (const original of [USER, PASSWORD, ...originals]) {
    const forms = [
      original,
      original.replaceAll('-', ''),
      original.replace(/["&<>]/g, (mark) => `&#${mark.charCodeAt(0)};`),
    ];
    for (const form of forms)
      expect(
        texts.filter((text) => text.includes(form.toLowerCase())),
        form,
      ).toEqual([]);
  }
}

describe.each([
  ['the fake vCenter', 'fake-vcenter', fakeVcenter],
  ['the fake pool', 'fake-pool', () => fakePool()],
  ['the fake Hyper-V host', 'fake-hyperv', fakeHyperv],
  [
    'the fake pool over XML-RPC, with statistics of old',
    null,
    () => fakePool({ jsonRpc: 'missing', dialect: 'unquoted' }),
  ],
  ['the fake pool, found through a member', null, () => fakePool({}, 1)],
  ['the fake pool with other addresses', null, () => fakePool({ addressing: 'port' })],
] as const)('a capture of %s', (_, golden, open) => {
  it('holds nothing of it, and is read again as it was', async () => {
    const place = await opened(open());
    const folder = freshFolder();
    const { code, stderr } = await capture(place, folder, QUICK);
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Look at it before you give it away'),
    });
    expect(stderr).toContain(`  cp -r ${folder} test/connectors/captured/golden/\n`);
    expect(stderr).toContain(`${folder}/observations.json ${folder}/exchanges/*\n`);
    expect(stderr).not.toMatch(/\$|addresss/);
    expectNothingOf(place.originals, folder);
    if (golden !== null) expectNothingOf(place.originals, join(GOLDEN, golden));
    const recorded = readCapture(folder);
    expect(recorded.manifest).toMatchObject({ format: 1, withheld: 0, failure: null, polls: [{}, {}] });
    const { observations, unexpected } = await replayed(recorded);
    expect(observations).toBe(recorded.observations);
    expect(unexpected).toEqual([]);
    expect(observations.match(/"observedAt":\d{16},/g)?.length).toBeGreaterThan(10);
  });
});

it('keeps the names that people see, and nothing else, if asked', async () => {
  const place = await opened(fakePool());
  const folder = freshFolder();
  await capture(place, folder, [...QUICK, '--keep-names']);
  const { manifest, observations } = readCapture(folder);
  expect(manifest.names).toBe('kept');
  expect(observations).toContain('"name":"payroll db"');
  expectNothingOf(['gold tier', 'cloud project', 'finance', 'Jane', '0a:00:00'], folder);
  expect((await replayed(readCapture(folder))).observations).toBe(observations);
});

it('writes what there was when the server refuses', async () => {
  const place = await opened(fakeVcenter());
  const folder = freshFolder();
  const { code, stderr } = await capture(
    { ...place, entry: { ...place.entry, password: 'wrong-password-1' } },
    folder,
    QUICK,
  );
  expect(code).toBe(69);
  expect(stderr).toContain('check username and password');
  expect(readCapture(folder)).toMatchObject({
    manifest: { failure: 'refused', polls: [], exchanges: 2 },
    observations: '[\n]\n',
  });
  expectNothingOfRefusal(folder);
});

function expectNothingOfRefusal(folder: string): void {
  for (const { text } of textsIn(folder)) expect(text).not.toMatch(/wrong-password|meter@/);
}

describe.skipIf(!(await available('govc')))('a capture of vcsim [govc]', () => {
  it('holds no uuid, address or name of it, and is read again as it was', async () => {
    const place = await opened(vcsim().then((found) => found ?? Promise.reject(new Error('vcsim is not built'))));
    const originals = await textsOf(place);
    expect(originals.length).toBeGreaterThan(10);
    const folder = freshFolder();
    const { code } = await capture(place, folder, QUICK);
    expect(code).toBe(0);
    expectNothingOf([...place.originals, ...originals], folder);
    const recorded = readCapture(folder);
    expect((await replayed(recorded)).observations).toBe(recorded.observations);
  });

  it('nor is there any in what is kept', () => {
    for (const { text, file } of textsIn(join(GOLDEN, 'vcsim')))
      expect(text, file).not.toMatch(/DC0|LocalDS|VM Network|govcsim|meter-reader/i);
    expect(existsSync(join(GOLDEN, 'vcsim', 'manifest.json'))).toBe(true);
    expect(readdirSync(GOLDEN).sort()).toEqual(['fake-hyperv', 'fake-pool', 'fake-vcenter', 'vcsim']);
  });
});

/** Uuids, MACs and sessions in what the server answers when nothing is rewritten. */
async function textsOf({ entry }: Place): Promise<readonly string[]> {
  const seen: string[] = [];
  const config: VsphereConfig = vsphereSchema.parse({ name: 'raw', password: PASSWORD, ...entry });
  const endpoint = vsphere.create(config, {
    clock: systemClock,
    report: () => undefined,
    record: () => ({
      head: (_, headers) => void seen.push(String(headers['set-cookie'] ?? '')),
      bytes: (piece) => void seen.push(Buffer.from(piece).toString()),
      end: () => undefined,
    }),
  });
  if (!('connect' in endpoint)) throw new Error('vsphere is polled');
  const session = await endpoint.connect(AbortSignal.timeout(20_000));
  await session.poll(AbortSignal.timeout(20_000));
  await session.close();
  const found =
    seen.join('').match(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}|DC0_\w+/gi) ?? [];
  return [...new Set(found)];
}
