import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pages, ROOT } from '../docs/markdown.ts';
import { type Command, commandsOf } from '../docs/shell.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { MAIN } from './child.ts';

/** Where what is only an example in a page is found here. Secrets, certificates and other clouds are not. */
const HERE: readonly (readonly [RegExp, string])[] = [
  [/qemu\+(tls|tcp|ssh):\/\/[\w.:]+\/system/g, 'qemu+tcp://127.0.0.1:16509/system'],
  [/\bweb-1\b/g, '00000000-0000-4000-8000-000000000001'],
  [/4d8094f5-c8b5-4472-b67b-0b75613c3af4/g, '00000000-0000-4000-8000-000000000001'],
  [/(-c|--config) docs\/examples\/[\w-]+\.yaml/g, '-c hypermeter.yaml'],
  [/--name (kvm|vc|pool)1/g, '--name vc1'],
  [/2026-11-24T10:00Z(\/\S+)?/g, 'last'],
  [/2026-11-\d\dT00:00Z --until \S+/g, hours(-1, 2).replace('/', ' --until ')],
  [/\/etc\/ceilometer\/|\/usr\/lib\/python3\/dist-packages\/ceilometer\/publisher\/data\//g, ''],
  [/--for \d+s/g, '--for 4s'],
  [/(bills|meters)\.jsonl\*?/g, 'meters.jsonl'],
  [/\| jq .*$/g, '| jq . > /dev/null'],
  // What is written must not take the place of what is there.
  [/> [\w.]+$/g, '> /dev/null'],
];

/** What is not for a test to type: an address, an account or a key that only its reader has. */
const READERS_OWN = /(vsphere|xenapi|hyperv|proxmox):\/\/|PORT\]|--final|\bmetering@/;

/** The hour so many hours from now, and another. */
function hours(...from: readonly number[]): string {
  return from.map((hour) => `${new Date(Date.now() + hour * 3_600_000).toISOString().slice(0, 13)}:00Z`).join('/');
}

const there = (await available('kafka')) && (await available('libvirt')) && (await available('vcsim'));

describe.skipIf(!there)('what the documentation shows [kafka] [libvirt] [vcsim]', () => {
  it('runs', { timeout: 590_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hypermeter-documented.'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    await prepare(folder);
    const shown = new Map(shownCommands().map((command) => [typed(command), command]));
    const failures: string[] = [];
    const run = async ([line, { file, line: number, text }]: readonly [string, Command]) => {
      const { code, said } = await shell(folder, line);
      // 130: it went on until it was interrupted.
      if (code !== 0 && code !== 130)
        failures.push(`${file}:${number}: ${text}\n  as ${line}\n  ended with ${code}: ${said}`);
    };
    // What looks at what was metered first: of the others some go on with it.
    const looks = ([line]: readonly [string, Command]): boolean =>
      / (?:tap|replay|inventory|explain|audit) /.test(line);
    const all = [...shown];
    for (const each of [...all.filter(looks), ...all.filter((other) => !looks(other))]) await run(each);
    expect(all.length).toBeGreaterThan(15);
    expect(failures).toEqual([]);
  });
});

/** A fleet that was metered, and what was kept of it. */
async function prepare(folder: string): Promise<void> {
  const topics = { raw: unique('documented'), deadLetters: unique('dead') };
  const config = {
    kafka: { brokers: ['127.0.0.1:19092'], topics, group: unique('group'), partitions: 2 },
    collector: { interval: '2s' },
    connectors: [
      { name: 'kvm1', type: 'libvirt', uri: 'qemu+tcp://127.0.0.1:16509/system' },
      {
        name: 'vc1',
        type: 'vsphere',
        url: 'https://127.0.0.1:18989/sdk',
        username: 'u',
        password: 'p',
        tls: { verify: false },
        backfill: '1m',
      },
    ],
    pipeline: { windows: [{ size: '10s', grace: 'auto' }], reorder: '1s' },
    // So many that one file holds them.
    meters: ['cpu*', 'network.incoming.bytes*'],
    sinks: [{ type: 'file', path: 'meters.jsonl' }],
    ops: { listen: 'off' },
  };
  writeFileSync(join(folder, 'hypermeter.yaml'), JSON.stringify(config));
  writeFileSync(join(folder, 'other.yaml'), JSON.stringify({ ...config, pipeline: { windows: [{ size: '20s' }] } }));
  writeFileSync(join(folder, 'telemetry_secret'), 'secret');
  writeFileSync(
    join(folder, 'pipeline.yaml'),
    "sources: [{ name: all, meters: ['*'], sinks: [out] }]\nsinks: [{ name: out, publishers: ['udp://127.0.0.1:4952'] }]\n",
  );
  writeFileSync(join(folder, 'gnocchi_resources.yaml'), 'resources: []\n');
  writeFileSync(join(folder, 'npx'), `#!/bin/sh\nshift\nexec ${process.execPath} ${MAIN} "$@"\n`, { mode: 0o755 });
  writeFileSync(join(folder, 'hypermeter'), `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`, { mode: 0o755 });
  symlinkSync(join(ROOT, 'docs'), join(folder, 'docs'));
  const metering = await shell(folder, 'timeout --signal=TERM --preserve-status 30 hypermeter run -c hypermeter.yaml');
  expect(metering.code, metering.said).toBe(0);
  const kept = await shell(folder, 'hypermeter tap raw -c hypermeter.yaml --since 10m --save kept.avro');
  expect(kept.code, kept.said).toBe(0);
  for (const name of ['raw.avro', 'raw-1.avro']) copyFileSync(join(folder, 'kept.avro'), join(folder, name));
}

/** Pages that have tests of their own: the tutorial, and what is printed of every --help. */
const TYPED_ELSEWHERE = ['docs/tutorial.md', 'docs/commands.md'];

/** Of all other pages. */
const shownCommands = (): readonly Command[] =>
  pages()
    .filter(({ file }) => !TYPED_ELSEWHERE.includes(file))
    .flatMap(commandsOf)
    .filter(({ text }) => !READERS_OWN.test(text));

/** The line as it is typed here: for a few seconds if it goes on for ever, and with files that are not there yet. */
function typed({ text }: Command): string {
  const line = HERE.reduce((now, [example, real]) => now.replace(example, real), text);
  const saved = /--(?:save|to) (\S+)/.exec(line)?.[1];
  const fresh = saved === undefined ? '' : `rm -rf ${saved}; `;
  const kept = saved === 'raw.avro' ? '; cp kept.avro raw.avro' : '';
  return `${fresh}timeout --signal=INT --preserve-status 8 ${line}${kept}`;
}

async function shell(folder: string, line: string): Promise<{ readonly code: number | null; readonly said: string }> {
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, HYPERMETER__OPS__LISTEN: 'off' };
  const child = spawn('bash', ['-c', line], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said = `${said}${text}`.slice(-2000);
  });
  const [code] = await once(child, 'close');
  return { code, said };
}
