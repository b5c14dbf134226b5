import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Overview } from '../../../../pipeline/page/model.ts';
import { available } from '../../../services/service.ts';
import { expectFlawless, type Look, launch, open } from '../browser.ts';
import {
  fleetOf,
  hostName,
  livesOf,
  partitionsOf,
  pipelineOf,
  polled,
  refused,
  type Scene,
  startScene,
  uuid,
} from '../scene.ts';
import { type Served, servePage, targetOf } from './serving.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function scene(...options: Parameters<typeof startScene>): Promise<Scene> {
  const started = await startScene(...options);
  ends.push(started.close);
  return started;
}

/** A collector of these hosts, which are some of 12. */
async function collector(service: string, from: number, to: number): Promise<Scene> {
  const at = await scene({ role: 'collect', service, meters: false });
  for (let n = from; n < to; n++) at.tell(polled(hostName(n), at.now(), 10 + n));
  at.tell({ event: 'roster.changed', polled: to - from, listed: 12 });
  return at;
}

/** A pipeline that reads these partitions, with a VM in each. */
async function pipeline(service: string, indexes: readonly number[]): Promise<Scene> {
  const at = await scene({ role: 'pipeline', service, collects: false, sinks: ['ceilometer'] });
  const names = Array.from({ length: 4 }, (_, n) => `web-${n}`);
  const owned = partitionsOf(at, names).filter(({ index }) => indexes.includes(index));
  at.page.watch(() => owned);
  pipelineOf(at, ['ceilometer']);
  for (const n of indexes) livesOf(at, n, `web-${n}`);
  return at;
}

/** Two collectors and two pipelines, and the page of them. */
async function fleet(): Promise<{ readonly all: readonly Scene[]; readonly page: Served }> {
  const all = [
    await collector('collector-0', 0, 7),
    await collector('collector-1', 7, 12),
    await pipeline('pipeline-0', [0, 1]),
    await pipeline('pipeline-1', [2, 3]),
  ];
  const page = await servePage(all.map(targetOf));
  ends.push(page.close);
  await expect.poll(async () => (await status(page)).verdict.text, GENEROUS).toBe('12 of 12 endpoints metered');
  return { all, page };
}

const GENEROUS = { timeout: 30_000, interval: 100 };

const status = async ({ address }: Served) => (await (await fetch(`${address}status.json`)).json()) as Overview;
const get = async ({ address }: Served, path: string) => (await fetch(`${address}${path}`)).text();

describe('the page of several processes', () => {
  it('lists VMs of all, in the order that was asked for, and who did not tell theirs', async () => {
    const { all, page } = await fleet();
    const list = async (words = '') => JSON.parse(await get(page, `page/vms?${words}`));
    expect(await list()).toMatchObject({ known: 4, matching: 4, unheard: [] });
    expect((await list('order=name')).rows.map(({ name }: { name: string }) => name)).toEqual([
      'web-0',
      'web-1',
      'web-2',
      'web-3',
    ]);
    expect(await list('find=web-3')).toMatchObject({ matching: 1, rows: [{ id: uuid(3) }] });
    await all[3]?.close();
    expect(await list()).toMatchObject({ known: 2, unheard: ['pipeline-1'] });
  });

  it('has the windows of a VM from whoever meters it', async () => {
    const { page } = await fleet();
    for (const n of [0, 3]) {
      const history = JSON.parse(await get(page, `page/vm?id=${uuid(n)}&sizeMs=60000`));
      expect(history).toMatchObject({ name: `web-${n}`, endAt: { length: 30 } });
    }
    expect(await get(page, `page/vm?id=${uuid(99)}`)).toBe('null');
    expect((await fetch(`${page.address}page/vm?id=../../etc`)).status).toBe(400);
  });

  it('has every configuration under whose it is', async () => {
    const { all, page } = await fleet();
    const printed = await get(page, 'page/config');
    expect(printed.match(/^# .*$/gm)).toEqual(
      all.map(({ address }, i) => {
        const [name, role] =
          [
            ['collector-0', 'collect'],
            ['collector-1', 'collect'],
            ['pipeline-0', 'pipeline'],
            ['pipeline-1', 'pipeline'],
          ][i] ?? [];
        return `# ${name}, ${new URL(address).host}, ${role}`;
      }),
    );
    expect(printed.split('---\n')).toHaveLength(4);
    await all[1]?.close();
    expect(await get(page, 'page/config')).toMatch(/^# collector-1, .*\n# it does not answer/m);
  });

  it('says in /status.json that one is away, and which, and when it is back that all is well', async () => {
    const { all, page } = await fleet();
    const gone = all[1] as Scene;
    const { port } = gone.ops;
    await gone.close();
    await expect
      .poll(async () => (await status(page)).verdict.text, GENEROUS)
      .toContain('1 of 4 processes does not answer');
    const { verdict, problems, processes } = await status(page);
    expect(verdict).toMatchObject({ tone: 'bad' });
    expect(problems[0]).toMatchObject({
      severity: 'error',
      text: expect.stringMatching(`^collector-1 \\(127.0.0.1:${port}\\) has not answered since [\\d:]{8} UTC: `),
      view: 'processes',
    });
    expect(processes?.[1]).toMatchObject({ name: 'collector-1', state: 'away' });
    const back = await scene({ role: 'collect', service: 'collector-1', meters: false }, { port });
    for (let n = 7; n < 12; n++) back.tell(polled(hostName(n), back.now()));
    back.tell({ event: 'roster.changed', polled: 5, listed: 12 });
    await expect
      .poll(async () => (await status(page)).verdict, GENEROUS)
      .toMatchObject({ tone: 'good', text: '12 of 12 endpoints metered' });
    expect((await status(page)).problems).toEqual([]);
  });

  it('on loopback answers to loopback alone', async () => {
    const page = await servePage([new URL('http://127.0.0.1:2/')]);
    ends.push(page.close);
    const asked = (path: string, host: string) =>
      new Promise<{ readonly status: number | undefined; readonly policy: unknown }>((resolve, reject) => {
        request(new URL(path, page.address), { headers: { host }, agent: false }, async (response) => {
          await text(response);
          resolve({ status: response.statusCode, policy: response.headers['content-security-policy'] });
        })
          .once('error', reject)
          .end();
      });
    for (const path of ['', 'page/vms', 'page/vm', 'page/config', 'status.json', 'page/events'])
      expect((await asked(path, 'page.example')).status).toBe(421);
    const { status: code, policy } = await asked('', 'localhost');
    expect(code).toBe(200);
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'/);
  });
});

describe.skipIf(!(await available('chromium')))('the page of several processes in a browser [chromium]', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  async function look({ address }: Served, hash = '', how: Look = {}): Promise<Page> {
    const page = await open(browser, address + hash, how);
    ends.push(() => page.close());
    return page;
  }
  const go = (page: Page, part: string) => page.getByRole('navigation').getByRole('link', { name: part }).click();

  it('says first whether the whole fleet is metered, who is late, why, and who polls it', async () => {
    const { all, page: served } = await fleet();
    all[0]?.tell(refused(hostName(3)));
    const page = await look(served);
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict.getByRole('heading', { name: '11 of 12 endpoints metered; 1 late' }).waitFor();
    await verdict.getByText(/kvm-0003, backing off, last read .* ago, polled by collector-0: connect ECONN/).waitFor();
    await page.getByText(/^This page is of 4 processes: 2 poll, 2 meter\./).waitFor();
    await verdict.getByRole('link', { name: 'kvm-0003' }).click();
    const details = page.getByRole('complementary', { name: 'The chosen endpoint' });
    await details.getByText('collector-0').waitFor();
    await expectFlawless(page);
    await details.getByRole('button', { name: 'Close' }).click();
    // Sorted by who polls.
    await page.getByRole('button', { name: 'Process' }).click();
    const names = () => page.locator('.fleet .rows .c-process').allTextContents();
    await expect.poll(async () => [...new Set(await names())]).toEqual(['collector-0', 'collector-1']);
    await page.getByLabel('Filter').fill('collector-1');
    await page.getByText('5 of 12 endpoints').waitFor();
  });

  it('says that a process is away while it is looked at, and leads to it', async () => {
    const { all, page: served } = await fleet();
    const page = await look(served);
    await page.getByText('Nothing is wrong that these processes know of.').waitFor();
    await all[1]?.close();
    const heading = page.getByRole('heading', { name: /1 of 4 processes does not answer/ });
    await heading.waitFor({ timeout: 30_000 });
    await page.getByRole('link', { name: /^collector-1 \(127\.0\.0\.1:\d+\) has not answered since/ }).click();
    const table = page.getByRole('table', { name: 'Processes of this page' });
    await table.getByRole('row', { name: /^collector-1 away for/ }).waitFor();
    await page
      .locator('.error')
      .getByText(/^collector-1 .*since [\d:]{8} UTC: /)
      .waitFor();
    const link = table.getByRole('link', { name: /the page of collector-0 alone$/ });
    expect(await link.getAttribute('href')).toBe(all[0]?.address);
    await expectFlawless(page);
    await go(page, 'Fleet');
    await page.getByText('12 endpoints', { exact: true }).waitFor();
    await expect.poll(() => page.locator('.fleet .rows [data-tone=odd]').count(), GENEROUS).toBeGreaterThan(0);
    await expectFlawless(page);
  });

  it('of collectors alone says where the rest is', async () => {
    const one = await collector('collector-0', 0, 7);
    const served = await servePage([targetOf(one)]);
    ends.push(served.close);
    const page = await look(served);
    const words = '7 of 7 endpoints polled; 5 of 12 listed endpoints polled by none of these processes';
    await page.getByRole('heading', { name: words }).waitFor();
    await page.getByText(/^This page is of 1 process: 1 polls, none meters\./).waitFor();
    for (const part of ['Pipeline', 'Sinks', 'VMs']) {
      await go(page, part);
      await page
        .getByRole('main')
        .getByText(/^None of the processes that answer meters\./)
        .waitFor();
      await expectFlawless(page);
    }
  });

  it.each([
    ['light', { width: 360, height: 740 }],
    ['light', { width: 1280, height: 800 }],
    ['dark', { width: 1920, height: 1080 }],
  ] as const)('is without flaw in %s on a screen of %j', async (colorScheme, size) => {
    const { all, page: served } = await fleet();
    all[0]?.tell(refused(hostName(3)));
    const page = await look(served, '', { colorScheme, ...size });
    for (const part of ['Overview', 'Fleet', 'Pipeline', 'Sinks', 'VMs', 'Processes', 'Config']) {
      await go(page, part);
      await page.getByRole('heading', { level: 1, name: part }).waitFor();
      if (part === 'Pipeline') await page.getByRole('cell', { name: 'pipeline-1' }).first().waitFor();
      if (part === 'VMs') await page.getByRole('button', { name: 'web-3' }).click();
      if (part === 'VMs') await page.getByText('moved from kvm-0001 to kvm-0004').waitFor();
      if (part === 'Config') await page.getByText(/^# collector-0, 127/).waitFor();
      await expectFlawless(page);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(size.width);
    }
  });

  it('takes the pressure of 5,000 hosts of five collectors', async () => {
    const all = await Promise.all(
      Array.from({ length: 5 }, (_, n) => scene({ role: 'collect', service: `c${n}`, meters: false })),
    );
    all.forEach((each, i) => {
      for (let n = 0; n < 1000; n++) each.tell(polled(hostName(i * 1000 + n), each.now()));
    });
    fleetOf(all[0] as Scene, 10);
    const served = await servePage(all.map(targetOf));
    ends.push(served.close);
    const page = await look(served, '#/fleet');
    await page.getByText('5,000 endpoints').waitFor({ timeout: 30_000 });
  });
});
