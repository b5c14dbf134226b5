import { execFile, execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shrinkwrap } from '../../k8s/package/shrinkwrap.ts';
import { ROOT } from '../docs/markdown.ts';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly dev?: boolean }>>;
}

const lock: Lock = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'hypermeter-package.'));
const [source, home] = [join(folder, 'source'), join(folder, 'home')];
const installed = join(home, 'node_modules/hypermeter');
const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
afterAll(() => {
  for (const close of closing) close();
});

/** The package as `npm pack` makes it, of a copy of this tree: what it adds for a moment would disturb others here. */
beforeAll(async () => {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  for (const file of [...files.toString().split('\n').filter(Boolean), 'dist'])
    if (existsSync(ROOT + file)) cpSync(ROOT + file, join(source, file), { recursive: true, preserveTimestamps: true });
  symlinkSync(`${ROOT}node_modules`, join(source, 'node_modules'));
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: source, stdio: 'pipe' });
  const [archive = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true }));
  const registry = await publish(join(folder, archive));
  const words = ['install', 'hypermeter', '--registry', registry, '--ignore-scripts', '--prefer-offline', '--no-audit'];
  await promisify(execFile)('npm', words, { cwd: home });
}, 300_000);

/** A registry that has this package, and every other where npm has it. Resolves with its address. */
async function publish(archive: string): Promise<string> {
  const content = readFileSync(archive);
  const others = execFileSync('npm', ['config', 'get', 'registry']).toString().trim().replace(/\/$/, '');
  const server = createServer(({ url = '' }, response) => {
    if (url === '/archive.tgz') response.end(content);
    else if (url !== '/hypermeter') response.writeHead(302, { location: others + url }).end();
    else response.end(JSON.stringify(listing));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const about = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  const integrity = `sha512-${hash('sha512', content, 'base64')}`;
  // A registry says of a package whether it brings versions of its own; npm does not look by itself.
  const version = { ...about, _hasShrinkwrap: true, dist: { tarball: `${address}/archive.tgz`, integrity } };
  const listing = { name: about.name, 'dist-tags': { latest: about.version }, versions: { [about.version]: version } };
  return address;
}

describe('the package', () => {
  it('brings what was tested, in its versions, and nothing that only developers need', () => {
    const packages: Lock = JSON.parse(readFileSync(join(home, 'node_modules/.package-lock.json'), 'utf8'));
    const there = Object.entries(packages.packages).map(([path, { version }]) => [
      path.split('node_modules/').at(-1),
      version,
    ]);
    const asked = Object.entries(lock.packages)
      .filter(([path, { dev }]) => path !== '' && dev !== true)
      .map(([path, { version }]) => [path.split('node_modules/').at(-1), version]);
    expect(there.filter(([name]) => name !== 'hypermeter').sort()).toEqual(asked.sort());
  });

  it('has the program, its schemas and its documentation, and neither tests nor sources', () => {
    const names = readdirSync(installed, { recursive: true })
      .map(String)
      .filter((name) => !name.startsWith('node_modules'));
    for (const name of [
      'dist/pipeline/cli/main.js',
      'avro/snapshot.avsc',
      'pipeline/page/static/index.html',
      'docs/tutorial.md',
      'LICENSE',
      'SECURITY.md',
    ])
      expect(names).toContain(name);
    expect(names.filter((name) => /^(dist\/)?(test|k8s)\b|\.tsx?$|\.map$/.test(name))).toEqual([]);
  });

  it('has a bill of materials with every package in it', () => {
    const bill = JSON.parse(readFileSync(join(installed, 'sbom.cdx.json'), 'utf8'));
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'hypermeter' } } });
    const named = new Set(bill.components.map(({ purl }: { purl: string }) => decodeURIComponent(purl)));
    const asked = Object.keys(shrinkwrap(lock).packages as object).filter((path) => path !== '');
    for (const path of asked)
      expect(named).toContain(`pkg:npm/${path.split('node_modules/').at(-1)}@${lock.packages[path]?.version}`);
  });

  it('leaves nothing behind where it was made', () => {
    expect(readdirSync(source).filter((name) => /shrinkwrap|sbom/.test(name))).toEqual([]);
  });

  it('meters a simulated fleet', { timeout: 120_000 }, () => {
    // Compiled for this machine already; that takes minutes.
    const binding = 'node_modules/node-rdkafka/build';
    cpSync(ROOT + binding, join(installed, binding), { recursive: true });
    const words = ['--no-install', 'hypermeter', 'demo', '--for', '15s', '-o', 'json'];
    const lines = execFileSync('npx', words, { cwd: home, stdio: 'pipe', maxBuffer: 2 ** 27 })
      .toString()
      .trim()
      .split('\n');
    expect(lines.length).toBeGreaterThan(100);
    expect(JSON.parse(lines.at(-1) ?? '')).toHaveProperty('counter_volume');
  });
});
