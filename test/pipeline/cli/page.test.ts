import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { type Cluster, openCluster } from '../../../pipeline/kafka/cluster.ts';
import type { Overview } from '../../../pipeline/page/model.ts';
import { available } from '../../services/service.ts';
import { type Child, opsPort, ready, startProgram } from '../../system/child.ts';
import { configured, listening } from '../kafka/fixtures.ts';
import { expectFlawless, launch, open } from '../page/browser.ts';
import { run } from './test-parts.ts';

const GENEROUS = { timeout: 60_000, interval: 200 };

const addressOf = (child: Child): string => `127.0.0.1:${opsPort(child)}`;
const status = async (page: Child): Promise<Overview> =>
  (await fetch(`http://${addressOf(page)}/status.json`)).json() as Promise<Overview>;

const hasBrowser = await available('chromium');

describe('hypermeter page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hypermeter-fleet-page-'));
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster(configured({}), listening().context);
    for (const name of ['hypermeter.raw', 'hypermeter.dead'])
      await ensureTopic(cluster, { name, partitions: 4, replication: 1 });
  });
  afterAll(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true });
  });

  /** Starts a role of a fleet of eight simulated hosts, on the test's own broker. */
  async function started(
    role: 'collect' | 'pipeline',
    id: string,
    rest: object,
    listen = '127.0.0.1:0',
  ): Promise<Child> {
    const path = join(folder, `${id}.yaml`);
    const config = {
      service: { id },
      kafka: { brokers: [cluster.brokers] },
      connectors: [{ name: 'sim', type: 'simulator', hosts: 8, instances: 40, faults: 'none' }],
      pipeline: { windows: [{ size: '5s' }], reorder: '1s' },
      sinks: [{ type: 'file', name: 'meters', path: join(folder, `${id}.jsonl`) }],
      ops: { listen },
      ...rest,
    };
    writeFileSync(path, JSON.stringify(config));
    const child = startProgram([role, '-c', path]);
    await ready(child);
    return child;
  }
  const collector = (k: number, listen?: string) =>
    started('collect', `collector-${k}`, { collector: { interval: '1s', shard: `${k} of 2` } }, listen);

  it.skipIf(!hasBrowser)(
    'shows real processes as one: one that is killed while it is looked at, and is back [chromium]',
    async () => {
      const children = [await collector(1), await collector(2), await started('pipeline', 'pipeline-1', {})];
      const page = startProgram(['page', ...children.map(addressOf), '--listen', '127.0.0.1:0']);
      await ready(page);
      await expect
        .poll(async () => (await status(page)).verdict, GENEROUS)
        .toMatchObject({ tone: 'good', text: '8 of 8 endpoints metered' });
      const browser = await launch();
      onTestFinished(() => browser.close());
      const looked = await open(browser, `http://${addressOf(page)}/`);
      const verdict = looked.getByRole('region', { name: 'Verdict' });
      await verdict.getByText('Nothing is wrong that these processes know of.').waitFor({ timeout: 60_000 });

      const [, killed] = children;
      if (!killed) throw new Error('it was not started');
      const address = addressOf(killed);
      killed.kill('SIGKILL');
      await verdict.getByRole('heading', { name: /; 1 of 3 processes does not answer$/ }).waitFor({ timeout: 60_000 });
      await verdict.getByText(`collector-2 (${address}) has not answered since`).waitFor({ timeout: 60_000 });
      // The pipeline hears its hosts for some intervals more; then they are late, and it is said whose they were.
      await verdict.getByText('collector-2, which polled it, does not answer: nobody listens there').first().waitFor({
        timeout: 60_000,
      });
      await expectFlawless(looked);

      await collector(2, address);
      await verdict
        .getByRole('heading', { name: '8 of 8 endpoints metered', exact: true })
        .waitFor({ timeout: 60_000 });
      await verdict.getByText('Nothing is wrong that these processes know of.').waitFor({ timeout: 60_000 });
      await expectFlawless(looked);

      page.kill('SIGTERM');
      expect(await page.exit).toEqual({ code: 0, signal: null });
    },
  );

  it('needs no process, no Kafka and no configuration to begin, and is healthy while nobody answers', async () => {
    const page = startProgram(['page', '127.0.0.1:2', 'dns:localhost:2', '--listen', '127.0.0.1:0']);
    await ready(page);
    const at = `http://${addressOf(page)}/`;
    for (const path of ['healthz', 'readyz', 'metrics']) expect((await fetch(at + path)).status).toBe(200);
    await expect
      .poll(async () => (await status(page)).verdict, GENEROUS)
      .toMatchObject({ tone: 'bad', text: 'The process does not answer' });
    page.kill('SIGINT');
    expect(await page.exit).toEqual({ code: 0, signal: null });
  });

  it('says where it cannot listen', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await run(['page', '127.0.0.1:2', '--listen', `127.0.0.1:${port}`]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `cannot listen on 127.0.0.1:${port}: another program listens there; choose another --listen`,
    );
  });

  it.each([
    [['page', 'not an address'], 'expected host:port, or an http address.'],
    [['page', 'dns:pods'], 'expected dns:NAME:PORT, such as dns:hypermeter-collector:9464.'],
    [['page', 'dns:pods:0'], 'expected dns:NAME:PORT'],
    [['page', 'dns:pods:65536'], 'expected dns:NAME:PORT'],
    [['page', '--listen', 'off'], 'expected host:port, such as 127.0.0.1:9465.'],
    [['page', '--listen', '9465'], 'expected host:port, such as 127.0.0.1:9465.'],
  ])('%j is refused', async (words, told) => {
    const { code, stderr } = await run(words);
    expect(code).toBe(64);
    expect(stderr).toContain(told);
  });
});
