import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createMetrics } from '../../pipeline/runtime/metrics.ts';
import { available } from '../services/service.ts';
import { CHART, example, rendered, valuesFile } from './helm.ts';

const rules = parse(readFileSync(`${CHART}/rules/alerts.yaml`, 'utf8'));
const alerts: readonly { readonly alert: string; readonly expr: string }[] = rules.groups.flatMap(
  (group: { rules: object[] }) => group.rules,
);
const dashboard = JSON.parse(readFileSync(`${CHART}/dashboards/hypermeter.json`, 'utf8'));
const queries: readonly string[] = dashboard.panels.flatMap(({ targets = [] }: { targets?: { expr: string }[] }) =>
  targets.map(({ expr }) => expr),
);

const hasHelm = await available('helm');

/** Every series that a process has, with the suffixes of histograms. */
async function seriesNames(): Promise<ReadonlySet<string>> {
  const { registry } = createMetrics({ version: '0', node: '0', librdkafka: '0' });
  const metrics = await registry.getMetricsAsJSON();
  return new Set(
    metrics.flatMap(({ name, type }) =>
      String(type) === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

const namesIn = (expression: string): readonly string[] =>
  expression.match(/\b(?:hypermeter|process|nodejs)_\w+/g) ?? [];

describe('alerts and dashboards', () => {
  it('ask for metrics that there are', async () => {
    const known = await seriesNames();
    const asked = [...alerts.map(({ expr }) => expr), ...queries].flatMap(namesIn);
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });

  it('of alerts each is explained in docs/kubernetes.md', () => {
    const docs = readFileSync(new URL('../../docs/kubernetes.md', import.meta.url), 'utf8');
    expect(alerts.map(({ alert }) => alert).filter((name) => !docs.includes(`### ${name}\n`))).toEqual([]);
  });
});

describe.skipIf(!(await available('promtool')))('alerts [promtool]', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hypermeter-rules-'));

  it('are valid', () => {
    execFileSync('promtool', ['check', 'rules', `${CHART}/rules/alerts.yaml`]);
  });

  it('and so are the queries of dashboards', () => {
    const asRules = queries.map((expr, index) => ({
      record: `q${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$namespace', 'n'),
    }));
    const file = join(directory, 'queries.yaml');
    writeFileSync(file, stringify({ groups: [{ name: 'queries', rules: asRules }] }));
    execFileSync('promtool', ['check', 'rules', file]);
  });

  /** What is said at a minute of a series of values, one a minute. */
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, string, readonly string[]])[] = [
    [
      'a hypervisor is away',
      { 'hypermeter_hypervisor_up{hypervisor="kvm1",kind="libvirt"}': '1x5 0x30' },
      '20m',
      ['HypermeterHypervisorUnreachable'],
    ],
    [
      'one is away for a moment',
      { 'hypermeter_hypervisor_up{hypervisor="kvm1",kind="libvirt"}': '1x5 0x3 1x30' },
      '20m',
      [],
    ],
    [
      'the lag grows',
      { 'hypermeter_kafka_consumer_lag_messages{partition="0"}': '0+500x60' },
      '40m',
      ['HypermeterLagGrowing'],
    ],
    ['the lag is worked off', { 'hypermeter_kafka_consumer_lag_messages{partition="0"}': '50000-500x60' }, '40m', []],
    [
      'a sink is down',
      {
        'hypermeter_publish_failures_total{sink="udp"}': '0+3x60',
        'hypermeter_samples_published_total{sink="udp"}': '7x60',
      },
      '30m',
      ['HypermeterSinkDown'],
    ],
    [
      'a sink stumbles',
      {
        'hypermeter_publish_failures_total{sink="udp"}': '0+3x60',
        'hypermeter_samples_published_total{sink="udp"}': '0+70x60',
      },
      '30m',
      [],
    ],
    ['Redis is away', { hypermeter_state_store_up: '1x10 0x20' }, '20m', ['HypermeterStateStoreDown']],
    [
      'a sink leaves out samples in one go',
      { 'hypermeter_samples_dropped_total{sink="udp",reason="refused"}': '_x10 12x60' },
      '20m',
      ['HypermeterSamplesDropped'],
    ],
    [
      'that was an hour ago',
      { 'hypermeter_samples_dropped_total{sink="udp",reason="refused"}': '_x10 12x90' },
      '80m',
      [],
    ],
    [
      'a start finds no state',
      { 'hypermeter_state_lost_total{reason="missing"}': '_x10 12x60' },
      '20m',
      ['HypermeterStateLost'],
    ],
    [
      'dead letters come in one go',
      { 'hypermeter_dead_letters_total{reason="malformed"}': '_x10 500x60' },
      '20m',
      ['HypermeterDeadLetters'],
    ],
    [
      'pipelines stand still',
      { hypermeter_messages_sent_total: '0+60x90', hypermeter_samples_emitted_total: '5x90' },
      '80m',
      ['HypermeterNothingMetered'],
    ],
    [
      'the residual is not 0',
      { 'hypermeter_conservation_residual{partition="3"}': '0x5 4x20' },
      '20m',
      ['HypermeterResidual'],
    ],
  ];

  it.each(cases)('when %s', (_, series, at, fired) => {
    expect(() => check(series, at, fired)).not.toThrow();
  });

  describe.skipIf(!hasHelm)('of a chart with windows of an hour [helm]', () => {
    const rules = async (): Promise<string> => {
      const config = { collector: { interval: '20m' }, pipeline: { windows: [{ size: '1d' }, { size: '1h' }] } };
      const values = { config, monitoring: { prometheusRule: { enabled: true } } };
      const objects = await rendered([example('minimal'), valuesFile(values)]);
      const file = join(directory, 'hourly.yaml');
      writeFileSync(file, stringify(objects.find(({ kind }) => kind === 'PrometheusRule').spec));
      return file;
    };
    const sent = { hypermeter_messages_sent_total: '0+60x1000' };
    const up = 'hypermeter_hypervisor_up{hypervisor="kvm1",kind="libvirt"}';
    const hourly = Array.from({ length: 12 }, (_, hour) => `${hour * 9 + 9}x59`).join(' ');

    it.each<readonly [string, Readonly<Record<string, string>>, string, readonly string[]]>([
      ['windows come every hour', { ...sent, hypermeter_samples_emitted_total: `_x65 ${hourly}` }, '722m', []],
      ['the first has not come', { ...sent }, '80m', []],
      ['none comes', { ...sent, hypermeter_samples_emitted_total: '9x700' }, '300m', ['HypermeterNothingMetered']],
      ['a session was lost between two polls', { [up]: '1x5 0x20 1x30' }, '24m', []],
      ['a hypervisor is away', { [up]: '1x5 0x60' }, '50m', ['HypermeterHypervisorUnreachable']],
    ])('when %s', async (_, series, at, fired) => {
      const file = await rules();
      expect(() => check(series, at, fired, file)).not.toThrow();
    });
  });

  /** Throws what promtool says if other alerts than these fire at that time. */
  function check(
    series: Readonly<Record<string, string>>,
    at: string,
    fired: readonly string[],
    ruleFile = `${CHART}/rules/alerts.yaml`,
  ): void {
    const test = {
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [
        {
          expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
          eval_time: at,
          exp_samples: fired.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
        },
      ],
    };
    const file = join(directory, 'test.yaml');
    writeFileSync(file, stringify({ rule_files: [ruleFile], evaluation_interval: '1m', tests: [test] }));
    execFileSync('promtool', ['test', 'rules', file], { stdio: 'pipe' });
  }
});
