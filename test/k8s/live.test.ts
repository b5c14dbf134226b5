import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { freePorts } from '../services/api-server.ts';
import { available } from '../services/service.ts';
import { CHART, example, type Manifest, rendered, valuesFile } from './helm.ts';

const dist = new URL('../../dist/pipeline/cli/main.js', import.meta.url).pathname;
const there = (await available('helm')) && (await available('promtool'));

/** What is only there once something has gone wrong. */
const TROUBLE =
  /failures|skipped|partial|losses|errors|dropped|dead_letters|fenced|state_lost|clock_skew|counter_events/;

/** What a simulator, state in memory and less than a minute do not have. */
const NOT_HERE = /endpoint_calls|outbox_checkpoints|conservation_residual|state_store_up/;

describe.skipIf(!there)('the trial’s own configuration, run and scraped [promtool]', () => {
  const work = mkdtempSync(join(tmpdir(), 'hypermeter-live-'));
  const children: ChildProcess[] = [];
  let query: (expression: string) => Promise<readonly unknown[]>;

  beforeAll(async () => {
    const [ops = 0, web = 0] = await freePorts(2);
    const fast = {
      collector: { interval: '1s' },
      pipeline: { windows: [{ size: '2s' }], reorder: '1s' },
      ops: { listen: `0.0.0.0:${ops}` },
    };
    const objects = await rendered([example('trial'), valuesFile({ config: fast })]);
    const text: string = objects.find(({ kind }) => kind === 'ConfigMap').data['run.yaml'];
    writeFileSync(join(work, 'run.yaml'), text.replace('0.0.0.0', '127.0.0.1'));
    children.push(spawn(process.execPath, [dist, 'run', '--config', join(work, 'run.yaml')], { stdio: 'ignore' }));

    const target = { targets: [`127.0.0.1:${ops}`], labels: { namespace: 'metering', pod: 'trial-0' } };
    const scraping = {
      global: { scrape_interval: '1s' },
      scrape_configs: [{ job_name: 'trial', static_configs: [target] }],
    };
    writeFileSync(join(work, 'prometheus.yaml'), stringify(scraping));
    const words = [
      `--config.file=${work}/prometheus.yaml`,
      `--storage.tsdb.path=${work}/data`,
      `--web.listen-address=127.0.0.1:${web}`,
    ];
    children.push(spawn('prometheus', words, { stdio: 'ignore' }));
    query = async (expression) => {
      const answer = await fetch(`http://127.0.0.1:${web}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const { status, error, data } = (await answer.json()) as { status: string; error?: string; data?: Manifest };
      if (status !== 'success') throw new Error(`${expression}: ${error}`);
      return data.result;
    };
    // The lag is told now and then only.
    const publishing =
      'sum(rate(hypermeter_samples_published_total[10s])) > 0 and sum(hypermeter_kafka_consumer_lag_messages) >= 0';
    await vi.waitUntil(
      () =>
        query(publishing)
          .then(({ length }) => length > 0)
          .catch(() => false),
      { timeout: 60_000, interval: 500 },
    );
  }, 90_000);

  afterAll(async () => {
    for (const child of children) {
      const gone = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGTERM')) await gone;
    }
    rmSync(work, { recursive: true, force: true });
  });

  it('answers every query of the dashboard', async () => {
    const { panels } = JSON.parse(readFileSync(`${CHART}/dashboards/hypermeter.json`, 'utf8'));
    const queries: readonly string[] = panels.flatMap(({ targets = [] }: Manifest) =>
      targets.map(({ expr }: Manifest) => expr),
    );
    const silent: string[] = [];
    for (const expr of queries) {
      const result = await query(expr.replaceAll('$__rate_interval', '10s').replaceAll('$namespace', 'metering'));
      if (result.length === 0 && ![TROUBLE, NOT_HERE].some((words) => words.test(expr))) silent.push(expr);
    }
    expect(silent).toEqual([]);
  });

  it('is able to answer every alert', async () => {
    const { groups } = parse(readFileSync(`${CHART}/rules/alerts.yaml`, 'utf8'));
    for (const { expr } of groups.flatMap(({ rules }: Manifest) => rules)) await query(expr);
  });
});
