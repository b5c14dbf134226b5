// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables, as the configuration writes them
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CONNECTOR_KINDS } from '../../connectors/registry.ts';
import { checkConfig } from '../../pipeline/cli/check-config.ts';
import { schema } from '../../pipeline/cli/composition.ts';
import { ConfigError, type Fault, formatFault } from '../../pipeline/runtime/config/fault.ts';
import { loadConfig } from '../../pipeline/runtime/config/load.ts';
import { SINK_KINDS } from '../../pipeline/sinks/registry.ts';
import { available } from '../services/service.ts';
import { CHART, example, faultsIn, HELMS, run, template, valuesFile } from './helm.ts';

const hasHelm = await available('helm');
const minimal = parse(readFileSync(example('minimal'), 'utf8'));

/** What `hypermeter check` says of a configuration, by path, without where it stands and what to write instead. */
function saidByCheck(config: object): readonly string[] {
  const said = (faults: readonly Fault[]) =>
    faults.map(({ path, message }) => `config.${formatFault({ place: '', path, message })}`);
  const written = { ...minimal.config, ops: { listen: '0.0.0.0:9464' }, ...config };
  // The secret's file is not here, which is not what is asked.
  written.sinks = written.sinks.map(({ secretFile: _, ...sink }: Record<string, unknown>) => sink);
  try {
    return said(loadConfig({ schema, file: valuesFile(written), env: {}, check: checkConfig('check') }).warnings);
  } catch (error) {
    if (error instanceof ConfigError) return said(error.faults);
    throw error;
  }
}

const refusal = async (values: object, program?: string, more?: readonly string[]) => {
  const { code, stderr } = await template([example('minimal'), valuesFile(values)], program, more);
  return { refused: code !== 0, faults: faultsIn(stderr), stderr };
};

const SINKS = SINK_KINDS.map((kind) => `"${kind}"`).join(' or ');
const CONNECTORS = CONNECTOR_KINDS.map(({ kind }) => kind).join(' | ');

/** Wrong configurations, and what both say first. */
const WINDOWS: readonly (readonly [object, string])[] = [
  [{ pipeline: { window: [{ size: '60s' }] } }, 'config.pipeline.window: unknown key; did you mean "windows"?'],
  [{ pipeline: { windwos: [{ size: '60s' }] } }, 'config.pipeline.windwos: unknown key; did you mean "windows"?'],
  [{ pipelines: { windows: [{ size: '60s' }] } }, 'config.pipelines: unknown key; did you mean "pipeline"?'],
  [{ pipeline: { windows: [{ sise: '60s' }] } }, 'config.pipeline.windows[0].sise: unknown key; did you mean "size"?'],
  [
    { pipeline: { windows: [{ size: '60s', grase: '30s' }] } },
    'config.pipeline.windows[0].grase: unknown key; did you mean "grace"?',
  ],
  [
    { pipeline: { windows: [{ size: '60s', slide: '30s' }] } },
    'config.pipeline.windows[0].slide: unknown key; known here: size, grace',
  ],
  [
    { pipeline: { windows: [{ size: '60s', allowance: '30s' }] } },
    'config.pipeline.windows[0].allowance: unknown key; known here: size, grace',
  ],
  [
    { pipeline: { windows: [{ size: 60 }] } },
    'config.pipeline.windows[0].size: expected a duration such as 60s, got 60',
  ],
  [
    { pipeline: { windows: [{ size: '60' }] } },
    'config.pipeline.windows[0].size: expected a duration such as 60s, got "60"',
  ],
  [
    { pipeline: { windows: [{ size: '60 s' }] } },
    'config.pipeline.windows[0].size: expected a duration such as 60s, got "60 s"',
  ],
  [
    { pipeline: { windows: [{ size: '1 minute' }] } },
    'config.pipeline.windows[0].size: expected a duration such as 60s, got "1 minute"',
  ],
  [
    { pipeline: { windows: [{ size: '-60s' }] } },
    'config.pipeline.windows[0].size: expected a duration such as 60s, got "-60s"',
  ],
  [
    { pipeline: { windows: [{ size: '0s' }] } },
    'config.pipeline.windows[0].size: expected a duration, at least 1s and at most 1d, got "0s"',
  ],
  [
    { pipeline: { windows: [{ size: '500ms' }] } },
    'config.pipeline.windows[0].size: expected a duration, at least 1s and at most 1d, got "500ms"',
  ],
  [
    { pipeline: { windows: [{ size: '2d' }] } },
    'config.pipeline.windows[0].size: expected a duration, at least 1s and at most 1d, got "2d"',
  ],
  [
    { pipeline: { windows: [{ size: true }] } },
    'config.pipeline.windows[0].size: expected a duration such as 60s, got true',
  ],
  [
    { pipeline: { windows: [{ size: ['60s'] }] } },
    'config.pipeline.windows[0].size: expected a duration such as 60s, got a list',
  ],
  [
    { pipeline: { windows: [{ size: '60s', grace: 'soon' }] } },
    'config.pipeline.windows[0].grace: expected "auto" or a duration such as 30s, got "soon"',
  ],
  [
    { pipeline: { windows: [{ size: '60s', grace: 30 }] } },
    'config.pipeline.windows[0].grace: expected "auto" or a duration such as 30s, got 30',
  ],
  [{ pipeline: { windows: '60s' } }, 'config.pipeline.windows: expected a list of maps, got "60s"'],
  [{ pipeline: { windows: { size: '60s' } } }, 'config.pipeline.windows: expected a list of maps, got a map'],
  [{ pipeline: { windows: [] } }, 'config.pipeline.windows: is empty; give it one entry at least'],
  [{ pipeline: { windows: ['60s'] } }, 'config.pipeline.windows[0]: expected a map, got "60s"'],
  [{ pipeline: [] }, 'config.pipeline: expected a map, got a list'],
  [
    { pipeline: { windows: [{ size: '60s' }, { size: '1m' }] } },
    'config.pipeline.windows[1].size: several windows of one size; give each its own, got "1m"',
  ],
  [{ pipeline: { reorder: '2h' } }, 'config.pipeline.reorder: expected a duration, at most 1h, got "2h"'],
  [{ pipeline: { reorder: 'often' } }, 'config.pipeline.reorder: expected a duration such as 30s, got "often"'],
  [
    { pipeline: { gaps: 'spred' } },
    'config.pipeline.gaps: expected one of "spread", "edge", got "spred"; did you mean "spread"?',
  ],
  [{ pipeline: { late: 'drop' } }, 'config.pipeline.late: expected one of "carry", "revise", got "drop"'],
  [{ pipeline: { fillMax: 0 } }, 'config.pipeline.fillMax: expected a whole number from 1 to 1000000, got 0'],
  [{ pipeline: { fillMax: 3e6 } }, 'config.pipeline.fillMax: expected a whole number from 1 to 1000000, got 3000000'],
  [{ pipeline: { fillMax: 1.5 } }, 'config.pipeline.fillMax: expected a whole number from 1 to 1000000, got 1.5'],
  [{ collector: { interval: '10sec' } }, 'config.collector.interval: expected a duration such as 30s, got "10sec"'],
  [
    { pipeline: { windows: [{ size: '15s' }] } },
    'config.pipeline.windows[0].size: is shorter than two polls, 20 s at this collector.interval: most windows would rest on one reading or none',
  ],
  [
    {
      pipeline: { windows: [{ size: '60s' }] },
      connectors: [
        { name: 'kvm1', type: 'libvirt', uri: 'qemu+tcp://k/system' },
        { name: 'vc1', type: 'libvirt', uri: 'qemu+tcp://l/system', interval: '1m' },
      ],
    },
    'config.pipeline.windows[0].size: is shorter than two polls, 120 s at the interval of vc1: most windows would rest on one reading or none',
  ],
  [
    { pipeline: { windows: [{ size: '60s', grace: '2m' }] } },
    'config.pipeline.windows[0].grace: is longer than its window of 60 s, which would come out more than a window late. auto chooses it',
  ],
  [
    { sinks: [{ type: 'stdout', windows: ['5m'] }] },
    'config.sinks[0].windows[0]: is no size of pipeline.windows, which has 60s; add it there',
  ],
];

const OTHERS: readonly (readonly [object, string])[] = [
  [{ sinks: [{ type: 'upd', host: 'h' }] }, `config.sinks[0].type: expected ${SINKS}, got "upd"; did you mean "udp"?`],
  [{ sinks: [{ host: 'h' }] }, `config.sinks[0].type: is missing; expected ${SINKS}`],
  [
    { connectors: [{ name: 'a', type: 'vsphere', url: 'https://vc', username: 'u', passwrd: 'p' }] },
    'config.connectors[0].passwrd: unknown key; did you mean "password"?',
  ],
  [
    { connectors: [{ type: 'libvirt', uri: 'qemu+tcp://k/system' }] },
    'config.connectors[0].name: is missing; expected text',
  ],
  [{ connectors: 'kvm1' }, `config.connectors: expected a list of a map with type: ${CONNECTORS}, got "kvm1"`],
  [
    { kafka: { brokers: ['k:9092'], partitions: 0 } },
    'config.kafka.partitions: expected a whole number from 1 to 10000, got 0',
  ],
  [
    { kafka: { brokers: ['k:9092'], compresion: 'zstd' } },
    'config.kafka.compresion: unknown key; did you mean "compression"?',
  ],
  [{ kafka: { brokers: ['k:9092'], tls: 'yes' } }, 'config.kafka.tls: expected true or false or a map, got "yes"'],
  [{ meters: 'cpu' }, 'config.meters: expected a list of text, got "cpu"'],
  [
    { service: { logLevel: 'loud' } },
    'config.service.logLevel: expected one of "trace", "debug", "info", "warn", "error", "fatal", "silent", got "loud"',
  ],
];

describe.skipIf(!hasHelm)('helm refuses what hypermeter check refuses, in its words [helm]', () => {
  it.each([...WINDOWS, ...OTHERS])('%j', async (config, words) => {
    const { refused, faults } = await refusal({ config });
    expect(refused).toBe(true);
    expect(faults).toContain(words);
    // Warnings of check that are none of the chart's remain check's own.
    expect(saidByCheck(config).filter((line) => !line.includes('is shorter than the'))).toEqual([...faults].sort());
  });

  it.each(WINDOWS.slice(0, 12))('so does helm install: %j', async (config, words) => {
    const values = ['--values', example('minimal'), '--values', valuesFile({ config })];
    const { code, stderr } = await run(HELMS['helm 4'], ['install', 'r', CHART, '--dry-run=client', ...values]);
    expect(code).not.toBe(0);
    expect(faultsIn(stderr)).toContain(words);
  });

  it.each(Object.entries(HELMS))('all faults at once, under %s', async (_, program) => {
    const { faults } = await refusal({ config: { pipeline: { window: [], reorder: 5, gaps: 'x' } } }, program);
    expect(faults).toHaveLength(3);
  });

  it('values.schema.json refuses the same by itself, in words of helm', async () => {
    // What compares two values no schema can say.
    const comparing = /several|two polls|longer than|no size of|at (?:least|most)/;
    for (const [config, words] of [...WINDOWS, ...OTHERS].filter(([, text]) => !comparing.test(text))) {
      for (const program of Object.values(HELMS)) {
        const { refused, stderr } = await refusal({ config, configCheck: 'schema' }, program);
        expect({ words, refused, by: /specifications of the schema|schema\(s\)/.test(stderr) }).toEqual({
          words,
          refused: true,
          by: true,
        });
      }
    }
  });
});

const PRODUCTION = { kafka: { brokers: ['k:9092'] }, state: { type: 'redis', url: 'redis://r:6379' } };
const scaler = { enabled: true };

describe.skipIf(!hasHelm)('guards refuse [helm]', () => {
  it.each<readonly [string, object, RegExp]>([
    [
      'more pipelines than partitions',
      { pipeline: { replicas: 13 } },
      /^pipeline\.replicas: 13 pipelines share 12 partitions/,
    ],
    [
      'a HorizontalPodAutoscaler that may exceed them',
      { config: PRODUCTION, pipeline: { autoscaling: { ...scaler, maxReplicas: 20 } } },
      /^pipeline\.autoscaling\.maxReplicas: 20 pipelines share 12/,
    ],
    [
      'KEDA that may exceed them',
      {
        config: { ...PRODUCTION, kafka: { brokers: ['k:9092'], partitions: 3 } },
        pipeline: { keda: { ...scaler, maxReplicas: 4 } },
      },
      /^pipeline\.keda\.maxReplicas: 4 pipelines share 3/,
    ],
    [
      'two autoscalers',
      { config: PRODUCTION, pipeline: { autoscaling: scaler, keda: scaler } },
      /^pipeline\.keda\.enabled: pipeline\.autoscaling is enabled too/,
    ],
    [
      'static members with an autoscaler',
      { config: PRODUCTION, pipeline: { autoscaling: scaler, staticMembership: true } },
      /^pipeline\.staticMembership: /,
    ],
    ['an autoscaler with state in memory', { pipeline: { keda: scaler } }, /^config\.state\.type: is memory/],
    [
      'fewest above most',
      { config: PRODUCTION, pipeline: { keda: { ...scaler, minReplicas: 7 } } },
      /^pipeline\.keda\.minReplicas: /,
    ],
    [
      'scaling from nothing by what pods tell Prometheus',
      { config: PRODUCTION, pipeline: { keda: { ...scaler, minReplicas: 0, prometheus: 'http://prometheus:9090' } } },
      /^pipeline\.keda\.minReplicas: where no pipeline runs/,
    ],
    [
      'a sink without a secret',
      { config: { sinks: [{ type: 'udp', host: 'c' }] } },
      /^config\.sinks\[0\]: has no secret/,
    ],
    [
      'a secret in plain text',
      { config: { sinks: [{ type: 'udp', host: 'c', secret: 'hush' }] } },
      /^config\.sinks\[0\]\.secret: is a secret in plain text/,
    ],
    [
      'a default of a variable as a secret',
      { config: { sinks: [{ type: 'udp', host: 'c', secret: '${S:-hush}' }] } },
      /^config\.sinks\[0\]\.secret: is a secret in plain text/,
    ],
    [
      'a password in an address',
      {
        config: {
          sinks: [{ type: 'amqp', url: 'amqp://u:hush@r:5672', secretFile: '/etc/hypermeter/secrets/telemetry/s' }],
        },
      },
      /^config: amqp:\/\/u:\*\*\*@…: a password in an address/,
    ],
    [
      'a token in a header',
      { config: { sinks: [{ type: 'http', url: 'http://r', headers: { Authorization: 'Bearer hush' } }] } },
      /^config\.sinks\[0\]\.headers\.Authorization: is a secret in plain text/,
    ],
    [
      'a secret that is not brought',
      { secrets: [] },
      /^config: \/etc\/hypermeter\/secrets\/telemetry\/: no entry of secrets brings telemetry to the pipeline/,
    ],
    [
      'one that is brought to the wrong role',
      { secrets: [{ existingSecret: 'telemetry', roles: ['collector'] }] },
      /no entry of secrets brings telemetry to the pipeline/,
    ],
    [
      'a variable that is not set',
      { config: { service: { id: '${WHERE}' } } },
      /^config: the environment variable WHERE is not set; bring it to the collector/,
    ],
    [
      'a file on the root file system',
      { config: { sinks: [{ type: 'file', path: '/var/meters.jsonl' }] } },
      /^config\.sinks\[0\]\.path: is on the root file system/,
    ],
    [
      'two connectors of one name',
      {
        config: {
          connectors: [
            { name: 'a', type: 'simulator' },
            { name: 'a', type: 'simulator' },
          ],
        },
      },
      /^config\.connectors\[1\]\.name: several connectors of one name; give each its own/,
    ],
    [
      'no brokers',
      { config: { kafka: { brokers: null } } },
      /^config\.kafka\.brokers: is embedded, which lives in one process only/,
    ],
    [
      'probes that reach nothing',
      { config: { ops: { listen: '127.0.0.1:9464' } } },
      /^config\.ops\.listen: is inside the pod only/,
    ],
    ['no probes', { config: { ops: { listen: 'off' } } }, /^config\.ops\.listen: probes need/],
    ['a trial with brokers', { profile: 'trial' }, /^config\.kafka\.brokers: a trial has its Kafka in its one pod/],
    [
      'a trial with Redis',
      { profile: 'trial', config: { kafka: null, state: PRODUCTION.state } },
      /^config\.state\.type: a trial keeps its state/,
    ],
    [
      'a trial that is scaled',
      { profile: 'trial', config: { kafka: null }, pipeline: { keda: scaler } },
      /^profile: a trial is one pod/,
    ],
    [
      'more collectors than parts of the fleet',
      { config: { collector: { group: { partitions: 2 } } }, collector: { replicas: 3 } },
      /^collector\.replicas: 3 collectors share 2 parts of the fleet/,
    ],
    [
      'a fixed part for several collectors',
      { config: { collector: { shard: '1 of 2' } }, collector: { replicas: 2 } },
      /^config\.collector\.shard: is the same for all 2 collectors/,
    ],
    [
      'a fixed part with a name in a group',
      { config: { collector: { shard: '1 of 2' } }, collector: { staticMembership: true } },
      /^config\.collector\.shard: a collector of a fixed part asks no group/,
    ],
    [
      'a spool on the root file system',
      { config: { collector: { spool: { directory: '/var/spool' } } } },
      /^config\.collector\.spool\.directory: is on the root file system, which is read-only/,
    ],
    [
      'a spool on a volume that is mounted to be read',
      {
        config: { collector: { spool: { directory: '/data/spool' } } },
        collector: { volumeMounts: [{ name: 'd', mountPath: '/data', readOnly: true }] },
      },
      /^config\.collector\.spool\.directory: is on the root file system/,
    ],
    [
      'a spool in /tmp',
      { config: { collector: { spool: { directory: '/tmp/spool' } } } },
      /^config\.collector\.spool\.directory: is in \/tmp, which has 64 MiB/,
    ],
    [
      'two spools',
      { config: { collector: { spool: { directory: '/data' } } }, collector: { spool: { enabled: true } } },
      /^config\.collector\.spool\.directory: collector\.spool brings a directory of its own/,
    ],
    [
      'a Redis of a trial in production',
      { trial: { redis: { image: 'redis:7.4' } } },
      /^trial\.redis\.image: is for a trial/,
    ],
  ])('%s', async (_, values, words) => {
    const { refused, faults, stderr } = await refusal(values);
    expect(refused).toBe(true);
    expect(faults.join('\n'), stderr).toMatch(new RegExp(words.source, 'm'));
    expect(stderr).not.toContain('hush');
  });

  it.each<readonly [string, object, RegExp]>([
    ['an unknown value', { colector: {} }, /colector/],
    ['an unknown value within', { pipeline: { replica: 2 } }, /replica/],
    [
      'a grace period within the time to stop',
      { pipeline: { terminationGracePeriodSeconds: 20 } },
      /terminationGracePeriodSeconds/,
    ],
    ['a digest that is none', { image: { digest: 'sha256:abc' } }, /digest/],
    ['a profile that is none', { profile: 'staging' }, /profile/],
    ['a negative number of pods', { pipeline: { replicas: -5 } }, /replicas/],
  ])('by values.schema.json: %s', async (_, values, words) => {
    for (const program of Object.values(HELMS)) {
      const { refused, stderr } = await refusal(values, program);
      expect(refused).toBe(true);
      expect(stderr).toMatch(/specifications of the schema|schema\(s\)/);
      expect(stderr).toMatch(words);
    }
  });

  it('nothing where a variable stands for a value', async () => {
    const config = {
      pipeline: { windows: [{ size: '${SIZE}' }], fillMax: '${FILL}' },
      kafka: { partitions: '${PARTITIONS}' },
    };
    const env = ['SIZE', 'FILL', 'PARTITIONS'].map((name) => ({ name, value: '60s' }));
    for (const configCheck of ['words', 'schema']) {
      const { refused, stderr } = await refusal({ config, configCheck, pipeline: { env }, collector: { env } });
      expect(refused, stderr).toBe(false);
    }
  });
});
