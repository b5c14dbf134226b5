import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parts } from '../../../pipeline/cli/composition.ts';
import { importCeilometer } from '../../../pipeline/cli/config-import-ceilometer.ts';
import { ConfigError, formatFault } from '../../../pipeline/runtime/config/fault.ts';
import { loadConfig } from '../../../pipeline/runtime/config/load.ts';
import { written } from '../runtime/config/fleet.ts';
import { run } from './test-parts.ts';

const SINKS = 'sinks: [{ name: s, publishers: ["udp://h:1"] }]\n';
const source = (meters: string, more = ''): string =>
  `sources: [{ name: a, meters: ${meters}, sinks: [s]${more} }]\n${SINKS}`;

function faultsOf(text: string): readonly string[] {
  try {
    importCeilometer(text, 'p.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(formatFault);
  }
}
const imported = (text: string) => {
  const { text: ofOurs, warnings } = importCeilometer(text, 'p.yaml');
  const { config } = loadConfig({ schema: parts.schema, file: written(ofOurs), env: {} });
  return { config, warnings: warnings.map(formatFault) };
};

describe('config import-ceilometer', () => {
  it('prints a configuration, and on standard error what has no equal', async () => {
    const file = written(source('["*"]', ', interval: 600, resources: [x]'));
    const { code, stdout, stderr } = await run(['config', 'import-ceilometer', file]);
    expect(code).toBe(0);
    expect(stderr).toBe(
      `warning: ${file}:1:75: sources[0].resources: resources: x: Hypermeter polls what its connectors name; left out\n`,
    );
    const { config } = loadConfig({ schema: parts.schema, file: written(stdout), env: {} });
    expect(config).toMatchObject({
      collector: { interval: 600_000_000 },
      sinks: [{ type: 'udp', name: 's', host: 'h', port: 1, meters: ['*'] }],
    });
  });

  it('is 78 with every fault, and 66 without a file', async () => {
    const { code, stdout, stderr } = await run(['config', 'import-ceilometer', written('sources: 1\nsinks: 2\n')]);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toContain('2 faults in the configuration');
    expect(await run(['config', 'import-ceilometer', '/no/such'])).toEqual({
      code: 66,
      stdout: '',
      stderr: 'error: /no/such cannot be read: there is no such file; check the path\n',
    });
  });

  it.each([
    [source('[]'), 'p.yaml:1:30: sources[0].meters: has no "meters"; name at least one'],
    [source('[cpu, "!disk.*"]'), 'p.yaml:1:30: sources[0].meters: meters are included and excluded;'],
    [source('[cpu, "*"]'), 'p.yaml:1:30: sources[0].meters: meters are included beside "*"'],
    [source('cpu'), 'p.yaml:1:30: sources[0].meters: must be a list of texts'],
    [source('[cpu]', ', interval: 0'), 'p.yaml:1:59: sources[0].interval: must be a number of seconds above 0'],
    [source('[cpu]', ', discovery: x'), 'p.yaml:1:60: sources[0].discovery: must be a list'],
    [
      'sources:\n- { name: a, meters: [cpu], sinks: [t] }\n- { name: a, meters: [cpu], sinks: [s, s] }\nsinks: [{ name: s }]\n',
      [
        'p.yaml:4:9: sinks[0]: has no "publishers"; name at least one',
        'p.yaml:3:3: sources[1]: a second source of this name',
        'p.yaml:2:37: sources[0].sinks[0]: there is no sink "t"',
        'p.yaml:3:37: sources[1].sinks[0]: there is no sink "s"',
      ].join('\n'),
    ],
    ['sources: []\n', 'p.yaml:1:1: "sources" and "sinks" are both needed; this looks like polling.yaml'],
    ['sources: [\n', 'p.yaml:2:1: not valid YAML'],
    [
      `sources: [{ name: a, meters: [cpu], sinks: [s] }]\nsinks:\n- name: s\n  publishers: [udp]\n  transformers:\n  - name: pigeon\n    parameters:\n  - name: rate_of_change\n    parameters: { target: { scale: "f(1)" } }\n  - name: delta\n`,
      [
        'p.yaml:6:11: sinks[0].transformers[0].name: there is no transformer of this name: accumulator,',
        'p.yaml:9:36: sinks[0].transformers[1].parameters.target.scale: cannot use "f(1)": calls are not allowed',
        'p.yaml:10:5: sinks[0].transformers[2]: must be a map of "name" and "parameters"',
      ].join('\n'),
    ],
  ])('refuses %j', (text, told) => {
    const faults = faultsOf(text);
    for (const [index, line] of told.split('\n').entries()) expect(faults[index]).toContain(line);
  });

  it('makes of each publisher a sink that the configuration takes', () => {
    const publishers = [
      'notifier://?policy=queue&topic=alarming',
      'notifier://u:p@mq1,mq2:5673/v?policy=drop',
      'udp://h:4952',
      'http://h:1/x',
      'https://h/x?batch=false',
      'prometheus://gw:9091/metrics/job/x',
      'file:///tmp/m?json&max_bytes=1000&backup_count=1',
    ];
    const { config } = imported(
      `sources: [{ name: a, meters: ["*"], sinks: [s] }]\nsinks: [{ name: s, publishers: ${JSON.stringify(publishers)} }]\n`,
    );
    expect(config.sinks.map(({ type, name }) => `${type} ${name}`)).toEqual([
      'amqp s-amqp',
      'amqp s-amqp-2',
      'udp s-udp',
      'http s-http',
      'http s-http-2',
      'prometheus s-prometheus',
      'file s-file',
    ]);
  });

  it('makes of a notifier of several topics a sink for each', () => {
    const { config, warnings } = imported(
      source('[cpu]').replace('udp://h:1', 'notifier://mq?topic=a&policy=default&topic=b'),
    );
    expect(config.sinks).toMatchObject([
      { name: 's-amqp', topic: 'a' },
      { name: 's-amqp-2', topic: 'b' },
    ]);
    expect(warnings).toEqual([]);
  });

  it('reads the flat form of 2013.1', () => {
    const { config, warnings } = imported(
      '- name: cpu_pipeline\n  interval: 60\n  counters: [cpu]\n  transformers:\n  publishers: ["udp://h:1"]\n',
    );
    expect(config).toMatchObject({
      collector: { interval: 60_000_000 },
      sinks: [{ type: 'udp', name: 'cpu_pipeline', meters: ['cpu'] }],
    });
    expect(warnings).toEqual([]);
    expect(faultsOf('- interval: 60\n')[0]).toBe('p.yaml:1:3: [0]: has no "name"');
  });

  it('reads YAML as PyYAML does', () => {
    const transformers = (target: string) =>
      imported(
        `sources: [{ name: a, meters: [cpu], sinks: [s] }]\nsinks: [{ name: s, publishers: ["udp://h:1"], transformers: [${target}] }]\n`,
      ).config.sinks;
    expect(transformers('{ name: delta, parameters: { growth_only: yes } }')).toMatchObject([
      { transformers: [{ parameters: { growth_only: true } }] },
    ]);
    // A text: the scale is an expression, which does not multiply the volume as a number would.
    expect(transformers('{ name: rate_of_change, parameters: { target: { scale: 1e-6 } } }')).toMatchObject([
      { transformers: [{ parameters: { target: { scale: '1e-6' } } }] },
    ]);
    expect(transformers('{ name: rate_of_change, parameters: { target: { scale: 1.0e-6 } } }')).toMatchObject([
      { transformers: [{ parameters: { target: { scale: 0.000001 } } }] },
    ]);
  });

  it.each([
    ['.5e-3', 0.0005],
    ['-.5e-3', '-.5e-3'],
    ['.5', 0.5],
    ['-.5', '-.5'],
    ['-1.5e+3', -1500],
    ['1_0.5', 10.5],
    ['1.5e3', '1.5e3'],
  ])('reads the number or text %s as PyYAML does', (written, read) => {
    const { text } = importCeilometer(
      source('[cpu]').replace(
        'publishers',
        `transformers: [{ name: rate_of_change, parameters: { target: { scale: ${written} } } }], publishers`,
      ),
      'p.yaml',
    );
    expect(parse(text).sinks[0].transformers[0].parameters.target.scale).toBe(read);
  });

  it.each(['y', 'n', 'Y', 'N'])('has a sink and a source of the name %s', (name) => {
    const { config } = imported(
      `sources: [{ name: ${name}, meters: [cpu], sinks: [${name}] }]\nsinks: [{ name: ${name}, publishers: ["udp://h:1"] }]\n`,
    );
    expect(config.sinks).toMatchObject([{ name }]);
  });

  it('gives a sink the meters of all its sources, and one for each where they exclude', () => {
    const both = (first: string, second: string) =>
      imported(
        `sources: [{ name: a, meters: ${first}, sinks: [s] }, { name: b, meters: ${second}, sinks: [s] }]\n${SINKS}`,
      ).config.sinks.map((sink) => [sink.name, 'meters' in sink ? sink.meters : null]);
    expect(both('[cpu]', '[cpu, "disk.*"]')).toEqual([['s', ['cpu', 'disk.*']]]);
    expect(both('["!cpu"]', '["disk.*"]')).toEqual([
      ['s', ['!cpu']],
      ['s-2', ['disk.*']],
    ]);
  });

  it('leaves our own rates out where transformers make them, and an escape where the file has ${', () => {
    const { config, warnings } = imported(
      `sources: [{ name: a, meters: ["*"], sinks: [s] }]\nsinks: [{ name: "\${x}", publishers: ["udp://h:1"] }, { name: s, publishers: ["udp://h:1"], transformers: [{ name: delta, parameters: { target: { name: "\${x}" }, colour: 1 } }] }]\n`,
    );
    expect(config.meters).toEqual(['!cpu_util', '!*.rate', '!*.delta']);
    expect(config.sinks).toMatchObject([{ transformers: [{ parameters: { target: { name: `\${x}` } } }] }]);
    expect(warnings.map((warning) => warning.replace(/^\S+ /, ''))).toEqual([
      `sinks[0]: no source gives sink "\${x}" anything`,
      "sinks[1].transformers[0].parameters.colour: parameters.colour: Ceilometer's transformer does not read this; left out",
    ]);
  });

  it.each([
    [['disk.*'], ['!cpu_util', '!*.rate', '!*.delta']],
    [
      ['cpu*', '*e*'],
      ['!cpu_util', '!*.rate', '!*.delta'],
    ],
    [['cpu_util'], ['!*.rate', '!*.delta']],
    [['network.incoming.bytes.rate'], ['!cpu_util', '!*.delta']],
    [['cpu_util', '*.rate', '*.delta'], null],
  ])('keeps our own rates beside transformers only where a source asks for them: %j', (meters, kept) => {
    const { text } = importCeilometer(
      `sources: [{ name: a, meters: ["*"], sinks: [s] }, { name: b, meters: ${JSON.stringify(meters)}, sinks: [t] }]\nsinks: [{ name: s, publishers: ["udp://h:1"] }, { name: t, publishers: ["udp://h:1"], transformers: [{ name: rate_of_change, parameters: {} }] }]\n`,
      'p.yaml',
    );
    expect(parse(text).meters ?? null).toEqual(kept);
  });

  it.each([
    [
      'transformers',
      source('[memory]').replace('publishers', 'transformers: [{ name: delta, parameters: {} }], publishers'),
      'MB',
    ],
    ['an interval', source('[memory]', ', interval: 60'), 'MB'],
    ['resources', source('[memory]', ', resources: [x]'), 'MB'],
    ['discovery', source('[memory]', ', discovery: [x]'), 'MB'],
    ['a flat list', '- { name: s, counters: [memory], publishers: ["udp://h:1"] }\n', 'MB'],
    ['none of these', source('[memory]', ', interval:'), 'MiB'],
  ])('writes the units of releases up to 11 where the file has what only those read: %s', (_, text, units) => {
    expect(imported(text).config.sinks).toMatchObject([{ units }]);
  });
});
