import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkConfig } from '../../../pipeline/cli/check-config.ts';
import { parts } from '../../../pipeline/cli/composition.ts';
import { formatFault } from '../../../pipeline/runtime/config/fault.ts';
import { loadConfig } from '../../../pipeline/runtime/config/load.ts';
import { SINK_KINDS } from '../../../pipeline/sinks/registry.ts';
import { written } from '../runtime/config/fleet.ts';
import { run, runWith, testParts } from './test-parts.ts';

const example = fileURLToPath(new URL('../../../docs/examples/libvirt-kafka-udp.yaml', import.meta.url));
const { schema } = testParts;

describe('config init', () => {
  it.each(['test', ''])('prints a sample with connectors "%s" that is valid', async (kinds) => {
    const { code, stdout } = await run(['config', 'init', '--connector', kinds]);
    expect(code).toBe(0);
    expect(stdout).toContain('# Time between polls.');
    const { config, warnings } = loadConfig({ schema, file: written(stdout), env: {}, check: checkConfig('print') });
    expect(warnings).toEqual([]);
    expect(config.sinks).toEqual([{ type: 'stdout' }]);
  });

  it('knows its connectors', async () => {
    const { code, stderr } = await run(['config', 'init', '--connector', 'tset']);
    expect(code).toBe(64);
    expect(stderr).toContain('no connector type "tset"; known: test; did you mean "test"?');
  });

  it('knows its sinks', async () => {
    const { code, stderr } = await run(['config', 'init', '--sink', 'fil']);
    expect(code).toBe(64);
    expect(stderr).toContain('no sink type "fil"; known: amqp, udp,');
    expect(stderr).toContain('did you mean "file"?');
  });

  it.each(SINK_KINDS)(
    'prints a sample for every connector with a %s sink, that is valid and sends nothing else',
    async (kind) => {
      const kinds = parts.connectors.map((connector) => connector.kind).join(',');
      const { code, stdout } = await runWith(parts, ['config', 'init', '--connector', kinds, '--sink', kind]);
      expect(code).toBe(0);
      const text = stdout.replaceAll(/^( +(?:passwordFile|tokenSecretFile|secretFile):).*$/gm, '');
      const { config, warnings } = loadConfig({
        schema: parts.schema,
        file: written(text),
        env: {},
        check: checkConfig('run'),
      });
      expect(warnings).toEqual([]);
      expect(config).toMatchObject({ sinks: [{ type: kind }], discovery: [] });
      expect(config).not.toHaveProperty('tracing');
      expect(stdout).toContain('# tracing:\n#   url: https://receiver.example');
    },
  );
});

describe('config print', () => {
  it('prints what is in effect, secrets as stars', async () => {
    const env = { HYPERMETER__COLLECTOR__IDENTITY_EVERY: '5m', TELEMETRY_SECRET: 'hunter2' };
    const { code, stdout, stderr } = await run(['config', 'print', '-c', example, '--set', 'service.id=prod'], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('hunter2');
    expect(parse(stdout)).toMatchObject({
      service: { id: 'prod', logLevel: 'info' },
      collector: { interval: '10s', linger: '200ms', identityEvery: '5m' },
      pipeline: { windows: [{ size: '60s', grace: 'auto' }], reorder: '10s', mode: 'interpolate', maxSkew: '60s' },
      sinks: [{ type: 'udp', port: 4952, secret: '***' }],
      ops: { listen: '127.0.0.1:9464' },
    });
  });

  it('is 78 with every fault', async () => {
    const { code, stdout, stderr } = await run([
      'config',
      'print',
      '-c',
      written('servce: {}\nkafka: { broker: x }\n'),
    ]);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toMatch(/:1:1: servce: unknown key; did you mean "service"\?\n/);
    expect(stderr).toMatch(
      /:2:10: kafka.broker: unknown key; did you mean "brokers"\?\n2 faults in the configuration\n$/,
    );
  });

  it('warns on standard error', async () => {
    const file = written('pipeline: { windows: [{ grace: 5s }] }');
    const { code, stderr } = await run(['config', 'print', '-c', file]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: .*:1:32: pipeline.windows\[0\].grace: is shorter than the 35 s/);
  });
});

describe('the meters that a configuration selects', () => {
  const warnings = (text: string): readonly string[] =>
    loadConfig({ schema, file: written(text), env: {}, check: checkConfig('print') }).warnings.map(
      ({ path, message }) => `${formatFault({ place: '', path, message })}`,
    );

  it.each<[string, readonly string[]]>([
    ['meters: [cpu, "disk.*", "!*.rate", "[cm]*"]', []],
    ['meters: [cpuutil, cpu]', ['meters[0]: names no meter there is; did you mean "cpu_util"?']],
    ['meters: ["!netwerk.*"]', ['meters[0]: names no meter there is; docs/meters.md lists them']],
    ['meters: ["!cpu.detla"]', ['meters[0]: names no meter there is; did you mean "cpu.delta"?']],
    ['meters: ["!"]', ['meters[0]: names no meter there is; docs/meters.md lists them']],
    ['meters: ["cpu", "!*"]', ['meters: leaves no meter']],
    [
      'sinks: [{ type: stdout, meters: ["cpu*", "memori"] }]',
      ['sinks[0].meters[1]: names no meter there is; did you mean "memory"?'],
    ],
    ['{ meters: [cpu], sinks: [{ type: stdout, meters: ["memory"] }] }', ['sinks[0].meters: leaves no meter']],
  ])('%s', (text, expected) => {
    expect(warnings(text)).toEqual(expected);
  });
});

it('config schema prints the JSON Schema of what a user writes', async () => {
  const printed = JSON.parse((await run(['config', 'schema'])).stdout);
  expect(printed.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  expect(printed.required).toBeUndefined();
  expect(printed.properties.collector.properties.interval).toMatchObject({
    default: '10s',
    pattern: expect.any(String),
  });
});

describe('the schema', () => {
  const faults = (text: string, role: Parameters<typeof checkConfig>[0] = 'print'): readonly string[] => {
    const file = written(text);
    try {
      loadConfig({ schema, file, env: {}, check: checkConfig(role) });
    } catch (error) {
      return (error as Error).message.replaceAll(file, 'F').split('\n');
    }
    return [];
  };

  it('takes the words of the example', () => {
    const { config } = loadConfig({ schema, file: example, env: {}, check: checkConfig('run') });
    expect(config).toMatchObject({
      service: { id: 'dev' },
      kafka: { brokers: ['127.0.0.1:19092'] },
      collector: { interval: 10_000_000, linger: 200_000, identityEvery: 60_000_000 },
      connectors: [{ name: 'kvm1', type: 'libvirt', uri: 'qemu+tcp://127.0.0.1:16509/system' }],
      pipeline: { windows: [{ size: 60_000_000, grace: 'auto' }], reorder: 10_000_000, fillMax: 1000 },
      sinks: [{ type: 'udp', host: '127.0.0.1', port: 4952, secret: 'change this for valid signing' }],
      ops: { listen: { host: '127.0.0.1', port: 9464 } },
    });
    expect(readFileSync(example, 'utf8')).not.toContain('librdkafka');
  });

  it.each([
    ['pipeline: { windows: 60s }', 'got "60s"; write [{ size: 60s }]'],
    ['sinks: stdout', 'got "stdout"; write [{ type: stdout }]'],
    ['sinks: rabbitmq', 'got "rabbitmq"; begin each entry with "- "'],
    ['meters: cpu', 'got "cpu"; write ["cpu"]'],
  ])('shows how a list is written: %s', (text, expected) => {
    const [fault = '', ...more] = faults(text);
    expect(more).toEqual([]);
    expect(fault.slice(fault.indexOf('got '))).toBe(expected);
  });

  it('wants names and sizes of their own, and tells so along with other faults', () => {
    const text = `connectors:
  - { name: a, type: libvirt, uri: u }
  - { name: a, type: libvirt }
sinks: [{ type: stdout }, { type: stdout }, { type: stdout, name: b }]
pipeline: { windows: [{ size: 60s }, { size: 1m }, { size: 500ms }] }
`;
    expect(faults(text)).toEqual([
      'F:3:5: connectors[1].uri: is missing; expected text',
      'F:3:13: connectors[1].name: several connectors of one name; give each its own, got "a"',
      'F:4:27: sinks[1].name: several sinks of one name; give each its own',
      'F:5:46: pipeline.windows[1].size: several windows of one size; give each its own, got "1m"',
      'F:5:60: pipeline.windows[2].size: expected a duration, at least 1s and at most 1d, got "500ms"',
    ]);
  });

  it.each([
    ['collect', ['connectors: names no hypervisor', 'kafka.brokers: is embedded']],
    ['pipeline', ['sinks: names no destination', 'kafka.brokers: is embedded']],
    ['run', ['connectors: names no hypervisor', 'sinks: names no destination']],
    ['poll', ['connectors: names no hypervisor']],
    ['print', []],
  ] as const)('is not enough for %s without its lists', (role, wanted) => {
    const told = faults('service: { id: x }', role);
    expect(told).toHaveLength(wanted.length);
    for (const text of wanted) expect(told.join('\n')).toContain(text);
  });
});

it('a fault of a setting that nobody wrote names the setting', () => {
  expect(formatFault({ place: '', path: ['sinks', 0, 'name'], message: 'x' })).toBe('sinks[0].name: x');
});
