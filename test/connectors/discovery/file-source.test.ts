import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { look, sourceOf, watched } from './sources.ts';

const sim = (name: string) => `- { name: ${name}, type: simulator, hosts: 1, instances: 1 }\n`;
const template = { type: 'libvirt', uri: 'qemu+tcp://{target}/system' };

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hypermeter-endpoints-'));
});
const put = async (name: string, text: string): Promise<string> => {
  const file = join(folder, name);
  await writeFile(`${file}~`, text);
  await rename(`${file}~`, file);
  return file;
};
const files = (about: Readonly<Record<string, unknown>> = {}, env: Record<string, string> = {}) =>
  sourceOf({ type: 'file', paths: [`${folder}/*.yaml`, `${folder}/*.json`], refresh: '60s', ...about }, { env });
const names = async (source: ReturnType<typeof files>) => (await look(source)).entries.map(({ name }) => name);
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

describe('a file of entries', () => {
  it('has the words of connectors, with variables, files of secrets and defaults', async () => {
    await put('secret', 'hunter2\n');
    await put(
      'a.yaml',
      `- name: vc1
  type: vsphere
  url: https://\${VC}/sdk
  username: metering
  passwordFile: ${folder}/secret
- { name: kvm1, type: libvirt, uri: "qemu+tcp://\${KVM:-127.0.0.1}/system", stuckAfterMs: "\${STUCK}" }
`,
    );
    const { entries, rejected } = await look(files({}, { VC: 'vc1.example.org', STUCK: '100' }));
    expect(rejected).toEqual([]);
    expect(entries).toMatchObject([
      { name: 'vc1', url: 'https://vc1.example.org/sdk', password: 'hunter2', concurrency: 2 },
      { name: 'kvm1', uri: 'qemu+tcp://127.0.0.1/system', stuckAfterMs: 100, cpu: 'domain' },
    ]);
  });

  it('loses a bad entry only, and names it with its place', async () => {
    const file = await put(
      'a.yaml',
      `${sim('a')}- { name: b, type: libvirt, urii: "qemu+tcp://h/system" }
- { name: c, type: libvrit, uri: "qemu+tcp://h/system" }
- { name: d, type: libvirt, uri: "\${NOBODY}" }
- { name: e, type: vsphere, url: "https://h/sdk", username: u, passwordFile: ${folder}/none }
- nonsense
${sim('f')}`,
    );
    const { entries, rejected } = await look(files());
    expect(entries.map(({ name }) => name)).toEqual(['a', 'f']);
    expect(rejected).toMatchObject([
      {
        reason: 'invalid',
        where: `${file}:2:3`,
        message: expect.stringMatching(/^b: uri: is missing.*urii: unknown key; did you mean "uri"\?$/),
      },
      { where: `${file}:3:20`, message: expect.stringContaining('c: type: expected') },
      { where: `${file}:4:34`, message: expect.stringContaining('the environment variable NOBODY is not set') },
      {
        where: `${file}:5:78`,
        message: `e: passwordFile: cannot read ${folder}/none: there is no such file; check the path`,
      },
      { where: `${file}:6:3`, message: expect.stringContaining('expected a map') },
    ]);
  });

  it('may be JSON, with tabs', async () => {
    await put('b.json', '[\n\t{"name": "a",\n\t "type": "simulator", "hosts": 1, "instances": 1}\n]\n');
    expect(await names(files())).toEqual(['a']);
  });

  it('may be of Prometheus: targets with labels, made entries of by a template', async () => {
    const file = await put(
      'sd.json',
      '[{"targets": ["kvm1:16509", "[2001:db8::2]:16509", "kvm1:16509", "a b"], "labels": {"zone": "z1"}}, {"targets": "kvm3"}]',
    );
    const entry = { ...template, name: '{zone}/{host}' };
    const { entries, rejected } = await look(files({ entry }));
    expect(entries).toMatchObject([
      { name: 'z1/kvm1', uri: 'qemu+tcp://kvm1:16509/system' },
      { name: 'z1/2001:db8::2', uri: 'qemu+tcp://[2001:db8::2]:16509/system' },
    ]);
    expect(rejected.map(({ reason, where }) => [reason, where])).toEqual([
      ['invalid', `${file}:1:2: a b`],
      ['invalid', `${file}:1:113`],
      ['duplicate_name', `${file}:1:2: kvm1:16509`],
    ]);
    expect((await look(files())).rejected[0]?.message).toContain('targets need a template');
    const { rejected: unknown } = await look(files({ entry: { ...template, name: '{rack}' } }));
    expect(unknown[0]?.message).toBe(
      'there is no {rack} here; there are {zone}, {target}, {host}, {port}, and {{ for the brace itself',
    );
  });

  it('is filtered by whole names, and chosen for by when', async () => {
    await put(
      'sd.yaml',
      '- targets: [a1, a2, b1]\n  labels: { kind: kvm }\n- { targets: [c1, a3], labels: { kind: esx } }\n',
    );
    const entry = [
      { ...template, when: { kind: 'kvm' } },
      { type: 'vsphere', url: 'https://{host}/sdk', username: 'u', password: 'p', when: { host: 'a.*' } },
    ];
    const filtered = await look(files({ entry, include: '[abc]\\d', exclude: 'a2|b' }));
    expect(filtered.entries.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'a1 libvirt',
      'b1 libvirt',
      'a3 vsphere',
    ]);
    expect(filtered.rejected).toMatchObject([
      { reason: 'unmatched', message: 'no template is for it: add one, or exclude it' },
    ]);
  });

  it('of a thousand is read in a moment', async () => {
    await put('a.yaml', Array.from({ length: 1000 }, (_, n) => sim(`sim${n}`)).join(''));
    await put('b.json', JSON.stringify([{ targets: Array.from({ length: 1000 }, (_, n) => `kvm${n}`) }]));
    const source = files({ entry: template });
    const since = performance.now();
    expect(await names(source)).toHaveLength(2000);
    expect(performance.now() - since).toBeLessThan(10_000);
  }, 30_000);
});

describe('files that change', () => {
  it('are told within moments: added, changed, renamed into place, removed', async () => {
    const seen = watched(files());
    await until(() => expect(seen.sets).toEqual([[]]));
    await put('a.yaml', sim('a'));
    await until(() => expect(seen.names()).toEqual(['a']));
    await put('b.yaml', sim('b'));
    await until(() => expect(seen.names()).toEqual(['a', 'b']));
    await writeFile(join(folder, 'a.yaml'), sim('a') + sim('c'));
    await until(() => expect(seen.names()).toEqual(['a', 'c', 'b']));
    await rm(join(folder, 'a.yaml'));
    await until(() => expect(seen.names()).toEqual(['b']));
    seen.stop();
  });

  it('keep what they said last while they cannot be used', async () => {
    await put('a.yaml', sim('a'));
    const file = await put('b.yaml', sim('b'));
    const source = files();
    expect(await names(source)).toEqual(['a', 'b']);
    await put('b.yaml', '- { name: x\n- y');
    const broken = await look(source);
    expect(broken.entries.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(broken.rejected).toMatchObject([
      {
        reason: 'unreadable',
        where: `${file}:2:1`,
        message: expect.stringMatching(/^not valid YAML: .*; what it said before stays in effect$/),
      },
    ]);
    for (const [text, message] of [
      ['', 'is empty; a list without entries is []; what it said before stays in effect'],
      ['name: b', 'expected a list of entries: begin each with "- "; what it said before stays in effect'],
    ] as const) {
      await put('b.yaml', text);
      const { entries, rejected } = await look(source);
      expect(entries).toHaveLength(2);
      expect(rejected).toMatchObject([{ reason: 'unreadable', message }]);
    }
    await writeFile(file, Buffer.from([0xff, 0xfe, 0x00]));
    expect((await look(source)).rejected).toMatchObject([{ message: expect.stringContaining('is not UTF-8 text') }]);
    await put('b.yaml', '[]');
    expect(await look(source)).toEqual({ entries: [expect.objectContaining({ name: 'a' })], rejected: [] });
  });

  it('miss one that is named and not there, but none of a pattern', async () => {
    const source = sourceOf({ type: 'file', paths: [`${folder}/gone.yaml`, `${folder}/nowhere/*.yaml`] });
    expect(await look(source)).toMatchObject({
      entries: [],
      rejected: [{ reason: 'unreadable', where: `${folder}/gone.yaml`, message: expect.stringContaining('[]') }],
    });
  });

  it('are read anew when a ConfigMap is turned to its next version', async () => {
    // As kubelet does it: ..data points to the version, and the files to ..data.
    const version = async (name: string, text: string): Promise<void> => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'endpoints.yaml'), text);
      await symlink(name, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    await version('..2026_11_26_1', sim('a') + sim('b'));
    await symlink('..data/endpoints.yaml', join(folder, 'endpoints.yaml'));
    const seen = watched(files());
    await until(() => expect(seen.names()).toEqual(['a', 'b']));
    await version('..2026_11_26_2', sim('b') + sim('c'));
    await rm(join(folder, '..2026_11_26_1'), { recursive: true });
    await until(() => expect(seen.names()).toEqual(['b', 'c']));
    expect(seen.told('discovery.rejected')).toEqual([]);
    seen.stop();
  });

  it('are found by the refresh in a folder that comes later, and watched from then on', async () => {
    const later = join(folder, 'later');
    const seen = watched(sourceOf({ type: 'file', paths: [`${later}/*.yaml`], refresh: '1s' }));
    await until(() => expect(seen.sets).toEqual([[]]));
    await mkdir(later);
    await writeFile(join(later, 'a.yaml'), sim('a'));
    await until(() => expect(seen.names()).toEqual(['a']));
    seen.stop();
  });

  it('make another entry when a secret that they name has changed', async () => {
    await put('secret', 'one');
    await put(
      'a.yaml',
      `- { name: v, type: vsphere, url: "https://h/sdk", username: u, passwordFile: ${folder}/secret }`,
    );
    const seen = watched(files());
    await until(() => expect(seen.sets).toHaveLength(1));
    await put('secret', 'two');
    await until(() => expect(seen.sets.at(-1)).toMatchObject([{ name: 'v', password: 'two' }]));
    expect(seen.told('discovery.changed').at(-1)).toMatchObject({ added: 0, removed: 0, changed: 1 });
    seen.stop();
  });

  it('make another entry when a secret that the template names has changed', async () => {
    await put('secret-kvm1', 'one');
    await put('a.yaml', '[{ targets: [kvm1] }]');
    const passwordFile = `${folder}/secret-{host}`;
    const source = files({ entry: { type: 'vsphere', url: 'https://{host}/sdk', username: 'u', passwordFile } });
    expect((await look(source)).entries).toMatchObject([{ name: 'kvm1', password: 'one' }]);
    await put('secret-kvm1', 'two');
    expect((await look(source)).entries).toMatchObject([{ name: 'kvm1', password: 'two' }]);
  });
});
