import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { available } from '../../services/service.ts';
import { expectAccessible, expectFlawless, type Look, launch, open, scrolled, undrawn } from './browser.ts';
import { plotted, sampleOf } from './samples.ts';
import {
  brokenOf,
  fleetOf,
  hostName,
  livesOf,
  MINUTE_US,
  partitionsOf,
  pipelineOf,
  polled,
  refused,
  type Scene,
  startScene,
  uuid,
} from './scene.ts';

describe.skipIf(!(await available('chromium')))('the status page in a browser [chromium]', () => {
  let browser: Browser;
  const scenes: Scene[] = [];
  const pages: Page[] = [];
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
    for (const scene of scenes.splice(0)) await scene.close();
  });

  async function sceneOf(...options: Parameters<typeof startScene>): Promise<Scene> {
    const scene = await startScene(...options);
    scenes.push(scene);
    return scene;
  }
  async function look(scene: Scene, hash = '', how: Look = {}): Promise<Page> {
    const page = await open(browser, scene.address + hash, how);
    pages.push(page);
    return page;
  }
  const names = (page: Page) => page.locator('.fleet .rows .c-name button').allTextContents();

  describe('the fleet', () => {
    it('of 1,000 hosts has those that are down first, is sorted and filtered, and draws what is in sight', async () => {
      const scene = await sceneOf();
      fleetOf(scene, 1000);
      const page = await look(scene, '#/fleet');
      await page.getByText('1,000 endpoints').waitFor();
      expect((await names(page)).slice(0, 4)).toEqual(['kvm-0017', 'kvm-0348', 'kvm-0679', 'kvm-0000']);
      expect((await names(page)).length).toBeLessThan(60);
      await expectFlawless(page);

      await page.getByRole('button', { name: 'VMs' }).click();
      await expect.poll(async () => (await names(page))[0]).toBe('kvm-0039');
      expect(await page.getByRole('columnheader', { name: 'VMs' }).getAttribute('aria-sort')).toBe('descending');
      await page.getByRole('button', { name: 'VMs' }).click();
      await expect.poll(async () => (await names(page))[0]).toBe('kvm-0000');

      await page.getByLabel('Filter').fill('econnrefused 034');
      await page.getByText('1 of 1,000 endpoints').waitFor();
      expect(await names(page)).toEqual(['kvm-0348']);
      await page.getByLabel('Filter').fill('');
      await page.getByLabel('State').selectOption('Not up');
      await page.getByText('3 of 1,000 endpoints').waitFor();
    });

    it('changes as it happens', async () => {
      const scene = await sceneOf();
      fleetOf(scene, 3);
      const page = await look(scene, '#/fleet');
      await page.getByText('3 endpoints').waitFor();
      scene.tell(refused(hostName(1)));
      const row = page.getByRole('row').filter({ hasText: hostName(1) });
      await row.getByText('backing off').waitFor();
      scene.tell(polled(hostName(1), scene.now()), polled('kvm-new', scene.now()));
      await row.getByText('up', { exact: true }).waitFor();
      await page.getByText('4 endpoints').waitFor();
      scene.tell({ event: 'endpoint.released', hypervisor: 'kvm-new', kind: 'libvirt' });
      await page.getByText('3 endpoints').waitFor();
    });

    it('is gone through with the keyboard alone', async () => {
      const scene = await sceneOf();
      fleetOf(scene, 1000);
      const page = await look(scene, '#/fleet');
      await page.getByText('1,000 endpoints').waitFor();
      const focused = () => page.evaluate('document.activeElement.textContent');
      await page.getByLabel('State').focus();
      // The table, its ten heads, and the first row.
      for (let tab = 0; tab < 12; tab++) await page.keyboard.press('Tab');
      expect(await focused()).toBe('kvm-0017');
      await page.keyboard.press('ArrowDown');
      expect(await focused()).toBe('kvm-0348');
      await page.keyboard.press('End');
      expect(await focused()).toBe('kvm-0999');
      await page.keyboard.press('Home');
      await page.keyboard.press('Enter');
      const details = page.getByRole('complementary', { name: 'The chosen endpoint' });
      await details.getByText('connect ECONNREFUSED 10.0.3.17:16514').waitFor();
      await expectFlawless(page);
      await page.keyboard.press('Escape');
      await details.waitFor({ state: 'hidden' });
    });

    it('shows names as they are, whatever is in them', async () => {
      const scene = await sceneOf();
      const evil = `<img src=x onerror="document.title='owned'"><script>alert(1)</script>`;
      scene.tell(polled(evil, scene.now()), refused(`${evil}2`));
      partitionsOf(scene, [evil]);
      livesOf(scene, 0, evil, 3);
      const page = await look(scene, '#/fleet');
      expect(await names(page)).toContain(evil);
      await page.getByRole('button', { name: `${evil}2` }).click();
      for (const hash of [`#/vms/${uuid(0)}`, '#/']) {
        await page.goto(scene.address + hash);
        await page
          .locator(hash === '#/' ? '.tile' : '.plot')
          .first()
          .waitFor();
        expect(await page.locator('main img, main script').count()).toBe(0);
      }
      expect(await page.title()).toBe('Overview · Hypermeter');
      await expectFlawless(page);
    });
  });

  describe('a VM', () => {
    it('has its meters as plots, with what was not observed, its reboot and its migration', async () => {
      const scene = await sceneOf();
      partitionsOf(scene, ['web-0', 'db-1']);
      livesOf(scene, 1, 'db-1');
      const page = await look(scene, '#/vms');
      await page.getByLabel('Find').fill('db');
      await page.getByText('1 found').waitFor();
      await page.getByRole('button', { name: 'db-1' }).click();
      const cpu = page.getByRole('img', { name: /^CPU, plot from .*cpu_util: latest .* %/ });
      await cpu.waitFor();
      await page.getByText('counters began anew (reset)').first().waitFor();
      await page.getByText('moved from kvm-0001 to kvm-0004').waitFor();
      await page.getByText('42 % of the window was observed').waitFor();
      expect(await page.locator('.plot').count()).toBe(6);
      // Shade, curve and marks are drawn: their colours are in the picture.
      expect(await undrawn(page, ['--s1', '--shade', '--reset', '--moved'])).toEqual([]);
      await page.getByText('Values as a table').click();
      await page.getByRole('table', { name: 'Values of the latest windows' }).waitFor();
      await expectFlawless(page);
    });

    it('has a title in words and values with units for every meter that is kept', async () => {
      const scene = await sceneOf();
      partitionsOf(scene, ['web-0']);
      const about = { uuid: uuid(0), end: 60 * MINUTE_US, size: MINUTE_US, disk: 'vda', nic: 'tap0' };
      const ofVms = [...plotted].filter((meter) => !meter.startsWith('compute.'));
      scene.page.take(ofVms.map((meter) => sampleOf(meter, 3, about)));
      const page = await look(scene, `#/vms/${uuid(0)}`);
      await page.locator('.plot').first().waitFor();
      expect(await page.locator('.plot h3').allTextContents()).toEqual([
        'CPU',
        'Memory',
        'Swap',
        'Disk throughput',
        'Disk requests',
        'Disk latency',
        'Network throughput',
        'Network packets',
        'Disk space',
        'Disk size',
        'vCPUs',
        'Power state',
      ]);
      const values = await page
        .locator('.plot')
        .filter({ hasNotText: 'Power state' })
        .locator('.legend-value')
        .allTextContents();
      expect(values.filter((value) => !/^[\d.,]+ \S+/.test(value))).toEqual([]);
      await expectFlawless(page);
    });

    it('goes on while it is looked at', async () => {
      const scene = await sceneOf({ sizes: [5e6] });
      partitionsOf(scene, ['web-0']);
      livesOf(scene, 0, 'web-0', 3, 5e6);
      const page = await look(scene, `#/vms/${uuid(0)}`);
      const plot = page.getByRole('img', { name: /^CPU, plot/ });
      await plot.waitFor();
      const before = await plot.getAttribute('aria-label');
      livesOf(scene, 0, 'web-0', 12, 5e6);
      await expect.poll(() => plot.getAttribute('aria-label'), { timeout: 25_000 }).not.toBe(before);
    });
  });

  it('tells what is broken: hosts, Kafka, the state store, a sink', async () => {
    const scene = await sceneOf({ sinks: ['ceilometer'] }, { reasons: ['pipeline is not started'] });
    brokenOf(scene);
    const page = await look(scene);
    for (const words of [
      'Not ready: pipeline is not started',
      'Kafka: 3/3 brokers are down; check kafka.brokers and the network',
      'State store: redis://redis:6379 does not answer: ECONNREFUSED',
      'Conservation residual is -17: it must be 0',
      'and 46 more that are late',
      'Sink ceilometer: amqp://meter:***@rabbit:5672 refuses: ECONNREFUSED; 90,123 samples wait',
    ])
      await page.getByRole('link', { name: words }).waitFor();
    await page.getByRole('heading', { name: '9 of 60 endpoints polled, none metered now; 51 late' }).waitFor();
    await expectFlawless(page);
    await page.getByRole('link', { name: /^Sink ceilometer: amqp/ }).click();
    await page.getByRole('heading', { name: 'ceilometer' }).waitFor();
    await expectFlawless(page);
  });

  it('says first whether the fleet is metered, and leads to who is late and why', async () => {
    const scene = await sceneOf();
    fleetOf(scene, 1000);
    const page = await look(scene);
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict.getByRole('heading', { name: '997 of 1,000 endpoints metered; 3 late' }).waitFor();
    await verdict.getByText(/kvm-0017, backing off, last read \d+ s ago: connect ECONNREFUSED/).waitFor();
    expect(await verdict.locator('time').first().getAttribute('title')).toMatch(/^\d{4}-\d\d-\d\d [\d:]{8} UTC$/);
    await verdict.getByRole('link', { name: 'kvm-0348' }).click();
    const details = page.getByRole('complementary', { name: 'The chosen endpoint' });
    await details.getByRole('heading', { name: 'kvm-0348' }).waitFor();
    await details.getByText(/connect ECONNREFUSED 10.0.3.17:16514$/).waitFor();
    const table = page.getByRole('region', { name: 'Fleet, scrolls' });
    expect(await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    await expectFlawless(page);
    // Whoever closes it with the keyboard is in the table again.
    await details.getByRole('button', { name: 'Close' }).press('Enter');
    await details.waitFor({ state: 'hidden' });
    expect(await page.evaluate('document.activeElement.className')).toBe('open');
  });

  describe('where there is nothing to see', () => {
    const go = (page: Page, part: string) =>
      page.getByRole('navigation').getByRole('link', { name: part, exact: true }).click();

    it('yet, it says why and what to do', async () => {
      const scene = await sceneOf({ sinks: ['ceilometer'] });
      const page = await look(scene);
      for (const [part, words] of [
        ['Overview', /^Name hosts under connectors/],
        ['Fleet', /^No endpoint is polled yet. Name hosts/],
        ['Sinks', /^The first samples come when the first window has closed/],
        ['VMs', /^No VM is known yet/],
      ] as const) {
        await go(page, part);
        await page.getByRole('main').getByText(words).waitFor();
        await expectFlawless(page);
      }
      fleetOf(scene, 3);
      await go(page, 'Fleet');
      await page.getByLabel('Filter').fill('no such host');
      await page.getByText('None is like this').waitFor();
    });

    it('in a collector, it says where it is', async () => {
      const scene = await sceneOf({ role: 'collect', service: 'west', meters: false });
      fleetOf(scene, 3);
      scene.tell({ event: 'roster.changed', polled: 3, listed: 1000 });
      const page = await look(scene);
      await page.getByText(/^This page is of one collector, west. .*the other 997 of 1,000 listed/).waitFor();
      for (const part of ['Pipeline', 'Sinks', 'VMs']) {
        await go(page, part);
        await page
          .getByRole('main')
          .getByText(/^This process only polls/)
          .waitFor();
        await expectFlawless(page);
      }
    });

    it('in a pipeline, it shows no column that is known to collectors alone', async () => {
      const scene = await sceneOf({ role: 'pipeline', collects: false });
      partitionsOf(scene, ['web-0']);
      const page = await look(scene);
      await page.getByText(/^This page is of one pipeline, dev, which reads 4 partitions/).waitFor();
      await go(page, 'Fleet');
      await page.getByText('1 source', { exact: true }).waitFor();
      const heads = page.locator('.head .cell').filter({ visible: true });
      expect(await heads.allTextContents()).toEqual(['Endpoint', 'Kind', 'State', 'Last reading']);
      await expectFlawless(page);
    });
  });

  it('cuts nothing off on a laptop, long names apart, which are told in full by their tooltips', async () => {
    const long = `web-1-${'with-a-very-long-name.'.repeat(6)}example`;
    const scene = await sceneOf({ sizes: [5e6, 3600e6] });
    fleetOf(scene, 20);
    partitionsOf(scene, [long]);
    pipelineOf(scene, []);
    const page = await look(scene, '#/pipeline', { width: 1280, height: 800 });
    await page.getByRole('cell', { name: '5 s', exact: true }).waitFor();
    const cut = await page
      .locator('.scroll')
      .evaluateAll((parts) =>
        parts.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map((part) => part.ariaLabel),
      );
    expect(cut).toEqual([]);
    await page.goto(`${scene.address}#/vms`);
    const name = page.locator('.vms .rows .c-place');
    await name.waitFor();
    expect(await name.getAttribute('title')).toContain(long);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(1280);
  });

  it.each([
    ['light', { width: 360, height: 740 }],
    ['light', { width: 390, height: 844 }],
    ['dark', { width: 1920, height: 1080 }],
  ] as const)('is without flaw in %s on a screen of %j', async (colorScheme, size) => {
    const scene = await sceneOf({ sinks: ['ceilometer'] });
    fleetOf(scene, 20);
    partitionsOf(scene, ['web-0']);
    pipelineOf(scene, ['ceilometer']);
    livesOf(scene, 0, 'web-0');
    const page = await look(scene, '', { colorScheme, ...size });
    for (const part of ['Overview', 'Fleet', 'Pipeline', 'Sinks', 'VMs', 'Config']) {
      await page.getByRole('navigation').getByRole('link', { name: part }).click();
      await page.getByRole('heading', { level: 1, name: part }).waitFor();
      if (part === 'VMs') await page.getByRole('button', { name: 'web-0' }).click();
      if (part === 'VMs') await page.getByText('moved from kvm-0001 to kvm-0004').waitFor();
      await expectFlawless(page);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(size.width);
    }
  });

  it('is dark where that is chosen, also after it is opened again', async () => {
    const scene = await sceneOf();
    const page = await look(scene);
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.getByLabel('Colours').selectOption('Dark');
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await ground()).toBe(dark);
  });

  it('says when the process is gone, and goes on when it is back', async () => {
    const scene = await sceneOf();
    const page = await look(scene);
    await scene.close();
    await page.getByText('connection lost').waitFor({ timeout: 20_000 });
    await page.getByText(/^The process does not answer. What is seen here is of [\d:]{8} UTC./).waitFor();
    await expectAccessible(page);
    await sceneOf({ service: 'the next' }, { port: scene.ops.port });
    await page.getByText('run, the next').waitFor({ timeout: 20_000 });
  });

  it('takes the pressure of 5,000 hosts', async () => {
    const scene = await sceneOf();
    fleetOf(scene, 5000);
    const page = await look(scene, '#/fleet');
    await page.getByText('5,000 endpoints').waitFor();
    // Generous: the machine is shared. Drawn as a whole, a frame takes a second or more.
    expect(await scrolled(page)).toBeLessThan(250);
  });
});
