import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available } from '../services/service.ts';

const repository = new URL('../..', import.meta.url).pathname;
const started = promisify(execFile);
const PROGRAM = ['/usr/local/bin/node', '/opt/hypermeter/dist/pipeline/cli/main.js'];

describe.skipIf(!(await available('mmdebstrap')))('the image, without a container engine [mmdebstrap]', () => {
  const work = mkdtempSync(join(tmpdir(), 'hypermeter-image-test-'));
  const root = join(work, 'root');
  const blob = (digest: string): Buffer => readFileSync(join(work, 'layout/blobs', digest.replace(':', '/')));
  const assemble = (out: string): Promise<string> =>
    started(process.execPath, [
      ...[join(repository, 'dist/k8s/image/main.js'), '--root', join(work, 'root.tar')],
      ...['--tag', 'localhost:5000/hypermeter:1.2.3', '--out', join(work, out)],
    ]).then(({ stdout }) => stdout.trim());
  let digest = '';
  /** Runs the program in the image's root as its user. What is around the image is not in it. */
  const inImage = (args: readonly string[]) => {
    const { user, env } = configOf();
    return spawn('/usr/sbin/chroot', [`--userspec=${user}`, root, ...PROGRAM, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  const manifest = () => JSON.parse(blob(digest).toString());
  const configOf = () => {
    const { config } = JSON.parse(blob(manifest().config.digest).toString());
    const env = Object.fromEntries(config.Env.map((entry: string) => entry.split('=')));
    return { user: config.User as string, env: env as Record<string, string>, entry: config.Entrypoint };
  };

  beforeAll(async () => {
    await started(join(repository, 'k8s/image/root.sh'), [join(work, 'root.tar')]);
    digest = await assemble('image.tar');
    for (const folder of ['layout', 'root']) mkdirSync(join(work, folder));
    await started('tar', ['-C', join(work, 'layout'), '-xf', join(work, 'image.tar')]);
  }, 180_000);
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it('is an OCI layout in which every digest is right', async () => {
    const layout = (file: string) => JSON.parse(readFileSync(join(work, 'layout', file), 'utf8'));
    expect(layout('oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' });
    const [entry] = layout('index.json').manifests;
    expect(entry).toMatchObject({
      digest,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      annotations: {
        'org.opencontainers.image.ref.name': '1.2.3',
        'io.containerd.image.name': 'localhost:5000/hypermeter:1.2.3',
      },
    });
    const { config, layers } = manifest();
    for (const part of [entry, config, ...layers]) {
      const bytes = blob(part.digest);
      expect(bytes.length).toBe(part.size);
      expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(part.digest);
    }
    const { rootfs } = JSON.parse(blob(config.digest).toString());
    const plain = layers.map((layer: { digest: string }) =>
      createHash('sha256')
        .update(gunzipSync(blob(layer.digest)))
        .digest('hex'),
    );
    expect(rootfs.diff_ids).toEqual(plain.map((hash: string) => `sha256:${hash}`));
    for (const layer of layers) {
      const file = join(work, 'layout/blobs', layer.digest.replace(':', '/'));
      await started('tar', ['-C', root, '-xzf', file]);
    }
  });

  it('is the same to the byte when it is assembled again', async () => {
    expect(await assemble('again.tar')).toBe(digest);
  });

  it('runs as nobody, with zstd, SASL and TLS', async () => {
    expect(configOf()).toMatchObject({ user: '65532:65532', entry: PROGRAM });
    const child = inImage(['version']);
    expect(String(await once(child.stdout, 'data'))).toMatch(/ssl.*sasl_gssapi.*sasl_scram.*zstd/);
  });

  it('has production dependencies only, a list of them, and certificates', () => {
    const home = join(root, 'opt/hypermeter');
    const exists = (path: string): boolean => statSync(join(home, path), { throwIfNoEntry: false }) !== undefined;
    expect(
      [
        'node_modules/rxjs',
        'node_modules/zod',
        'node_modules/uplot',
        'dist/pipeline',
        'pipeline/page/static/index.html',
        'LICENSE',
      ].map(exists),
    ).toEqual([true, true, true, true, true, true]);
    expect(['node_modules/typescript', 'node_modules/vitest', 'dist/test', 'dist/k8s'].map(exists)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    const { spdxVersion, packages } = JSON.parse(readFileSync(join(home, 'sbom.spdx.json'), 'utf8'));
    expect(spdxVersion).toMatch(/^SPDX-2/);
    expect(packages.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['node-rdkafka', 'rxjs', 'zod']),
    );
    expect(readFileSync(join(root, 'etc/ssl/certs/ca-certificates.crt'), 'utf8')).toContain('BEGIN CERTIFICATE');
  });

  it('meters a simulated fleet, and stops when it is told to', async () => {
    const config = {
      collector: { interval: '1s' },
      connectors: [{ name: 'sim', type: 'simulator', faults: 'none' }],
      pipeline: { windows: [{ size: '2s' }], reorder: '1s' },
      sinks: [{ type: 'stdout' }],
      ops: { listen: 'off' },
    };
    writeFileSync(join(root, 'etc/run.yaml'), JSON.stringify(config));
    const child = inImage(['run', '-c', '/etc/run.yaml']);
    const ended = once(child, 'exit');
    const [line] = String(await once(child.stdout, 'data')).split('\n');
    expect(JSON.parse(line ?? '')).toHaveProperty('counter_name');
    child.stdout.resume();
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
