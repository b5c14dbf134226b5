import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../../pipeline/cli/check-config.ts';
import { parts } from '../../../pipeline/cli/composition.ts';
import { packageVersion } from '../../../pipeline/cli/manifest.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { loadConfig } from '../../../pipeline/runtime/config/load.ts';
import { createSink, sinkConfig } from '../../../pipeline/sinks/registry.ts';
import { available } from '../../services/service.ts';
import { written } from '../runtime/config/fleet.ts';
import { aSample } from '../sinks/a-sample.ts';
import { runWith } from './test-parts.ts';

const examples = ['libvirt-kafka-udp', 'libvirt-kafka-amqp'] as const;
const example = (name: string) => fileURLToPath(new URL(`../../../docs/examples/${name}.yaml`, import.meta.url));
const { schema, connectors } = parts;

describe('the program as composed', () => {
  it.each(examples)('takes the words of the example %s, without a warning', (name) => {
    const { config, warnings } = loadConfig({ schema, file: example(name), env: {}, check: checkConfig('run') });
    expect(warnings).toEqual([]);
    expect(config.connectors).toMatchObject([{ name: 'kvm1', type: 'libvirt' }]);
  });

  it('takes the words of the example of every kind of hypervisor, without a warning', () => {
    const { config, warnings } = loadConfig({
      schema,
      file: example('whole-fleet'),
      env: {},
      check: checkConfig('run'),
    });
    expect(warnings).toEqual([]);
    expect(config.connectors.map(({ type }) => type)).toEqual([
      'libvirt',
      'vsphere',
      'xenapi',
      'hyperv',
      'proxmox',
      'nova',
    ]);
  });

  it('takes the words of the example with nova, without a warning', () => {
    const { config, warnings } = loadConfig({
      schema,
      file: example('nova-notifications'),
      env: {},
      check: checkConfig('run'),
    });
    expect(warnings).toEqual([]);
    expect(config.connectors).toMatchObject([{ type: 'libvirt' }, { type: 'nova', exchange: 'nova', rows: [] }]);
  });

  it.each(connectors.map(({ kind }) => kind))('begins with a valid sample for %s', async (kind) => {
    const { stdout } = await runWith(parts, ['config', 'init', '--connector', kind]);
    const { config, warnings } = loadConfig({ schema, file: written(stdout), env: {}, check: checkConfig('run') });
    expect(warnings).toEqual([]);
    expect(config.connectors).toMatchObject([{ type: kind }]);
  });

  it('tells its versions', async () => {
    const { stdout } = await runWith(parts, ['version', '--json']);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(packageVersion()).toBe(version);
    expect(JSON.parse(stdout)).toMatchObject({
      hypermeter: version,
      librdkafka: { version: expect.stringMatching(/^\d+\.\d+/), features: expect.arrayContaining(['ssl']) },
    });
  });

  it('hears what its own UDP sink sends, exact and with its signature checked', async () => {
    const words = ['listen', 'udp', '--port', '0', '--count', '2', '--secret', 's', '-o', 'json'];
    const listening = runWith(parts, words, {
      onStderr: async (text) => {
        const port = /listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
        if (port === undefined) return;
        for (const secret of ['s', 'other']) await send(Number(port), secret);
      },
    });
    const { code, stdout } = await listening;
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).signature)).toEqual(['valid', 'invalid']);
    expect(lines[0]).toContain('"counter_volume":18446744073709551615,');
  });
});

async function send(port: number, secret: string): Promise<void> {
  const config = sinkConfig.parse({ type: 'udp', host: '127.0.0.1', port, secret });
  const sink = createSink(config, {
    clock: systemClock,
    report: () => undefined,
    keep: async () => undefined,
    publisherId: 'test',
  });
  const volume = 18_446_744_073_709_551_615n;
  await sink.publish([aSample({ volume })], new AbortController().signal);
  await sink.close();
}

describe.skipIf(!(await available('libvirt')))('against a real libvirt [libvirt]', () => {
  it('polls every guest', async () => {
    const { code, stdout, stderr } = await runWith(parts, ['poll', 'qemu+tcp://127.0.0.1:16509/system', '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const running = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ state }) => state === 'RUNNING');
    expect(running.length).toBeGreaterThan(0);
    for (const guest of running) expect(guest).toMatchObject({ kind: 'libvirt', cpuTime: expect.any(Number) });
  });
});
