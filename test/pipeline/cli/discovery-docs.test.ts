import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { discoveryConfig } from '../../../connectors/discovery/config.ts';
import { createSource } from '../../../connectors/discovery/create.ts';
import { CONNECTOR_KINDS } from '../../../connectors/registry.ts';
import { checkConfig } from '../../../pipeline/cli/check-config.ts';
import { connectorEntry, schema } from '../../../pipeline/cli/composition.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { loadConfig } from '../../../pipeline/runtime/config/load.ts';
import { written } from '../runtime/config/fleet.ts';

const page = readFileSync('docs/discovery.md', 'utf8');
const blocks = [...page.matchAll(/<!-- (.+) -->\n```\w+\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => ({
  name,
  text,
}));
const block = (name: string): string => blocks.find((one) => one.name === name)?.text ?? '';

describe('docs/discovery.md', () => {
  it.each(blocks.filter(({ name }) => name.startsWith('example')))(
    '$name is a valid configuration',
    async ({ text }) => {
      const folder = await mkdtemp(join(tmpdir(), 'hypermeter-secrets-'));
      await writeFile(join(folder, 'openstack'), 'secret');
      const file = written(text.replace('/run/secrets/openstack', join(folder, 'openstack')));
      const { config, warnings } = loadConfig({
        schema,
        file,
        env: {},
        check: checkConfig('collect'),
        set: ['kafka.brokers=h:9092'],
      });
      expect([warnings, config.discovery.length]).toEqual([[], 1]);
    },
  );

  it.each([
    ['endpoints', 'example: discovery-files', ['kvm1', 'vc1']],
    ['endpoints of discovery-targets', 'example: discovery-targets', ['kvm1.example.org', 'kvm2.example.org']],
  ] as const)('%s are found by the configuration above them', async (endpoints, example, names) => {
    const folder = await mkdtemp(join(tmpdir(), 'hypermeter-endpoints-'));
    await writeFile(join(folder, 'a.json'), block(endpoints));
    const moved = block(example).replaceAll(/\/etc\/[\w./]*\//g, `${folder}/`);
    const { config } = loadConfig({ schema, file: written(moved), env: {} });
    const [found] = config.discovery;
    const context = { clock: systemClock, env: { VC_PASSWORD: 'p' }, kinds: CONNECTOR_KINDS, entry: connectorEntry };
    const source = found && createSource(found, context);
    const { entries, rejected } = (await source?.look(new AbortController().signal)) ?? { entries: [], rejected: [] };
    expect([rejected, entries.map(({ name }) => name)]).toEqual([[], names]);
  });

  it('names every placeholder that a source has', () => {
    const told = new Set([...page.matchAll(/\{([a-z_]+)\}/g)].map(([, name]) => name));
    const entry = { type: 'libvirt', uri: 'qemu+tls://{nobody}/system' };
    const nova = { type: 'nova', authUrl: 'https://k', username: 'u', password: 'p', entry };
    for (const source of [{ type: 'dns', name: '_a._tcp.b', entry }, nova]) {
      const parsed = discoveryConfig(CONNECTOR_KINDS).safeParse(source);
      const known = [...(parsed.error?.issues[0]?.message.matchAll(/\{([a-z_]+)\}/g) ?? [])].map(([, name]) => name);
      expect(known.length).toBeGreaterThan(3);
      expect(known.filter((name) => name !== 'nobody' && !told.has(name))).toEqual([]);
    }
  });
});
