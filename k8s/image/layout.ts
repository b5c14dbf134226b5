import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Layer } from './layers.ts';

/** What an image is told beside its layers. */
export interface ImageWords {
  /** `registry.example.org/hypermeter:0.1.0` */
  readonly tag: string;
  /** `amd64` or `arm64`. */
  readonly architecture: string;
  /** How it is run, in the words of the specification: `User`, `Entrypoint` … */
  readonly config: Readonly<Record<string, unknown>>;
}

const TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

/** By Node's names of architectures. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

const PROGRAM = '/opt/hypermeter/dist/pipeline/cli/main.js';
/** Nobody's, and not root's. */
const USER = '65532:65532';

/** The folder of a layout in which blobs lie by their digests; made if it is not there. */
export async function blobsOf(layout: string): Promise<string> {
  const blobs = join(layout, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  return blobs;
}

/**
 * Completes an OCI image layout (image-spec 1.0) whose blobs hold the layers, lowest first: configuration, manifest, index,
 * `oci-layout`. Returns the digest of the manifest, by which the image is named.
 */
export async function writeLayout(layout: string, layers: readonly Layer[], words: ImageWords): Promise<string> {
  const blobs = await blobsOf(layout);
  const config = await writeBlob(blobs, TYPES.config, configOf(layers, words));
  const manifest = await writeBlob(blobs, TYPES.manifest, {
    schemaVersion: 2,
    mediaType: TYPES.manifest,
    config,
    layers: layers.map(({ digest, size }) => ({ mediaType: TYPES.layer, digest, size })),
  });
  // The first is the specification's, of a tag alone; containerd names an imported image by the second.
  const annotations = {
    'org.opencontainers.image.ref.name': words.tag.slice(words.tag.lastIndexOf(':') + 1),
    'io.containerd.image.name': words.tag,
  };
  const index = { schemaVersion: 2, mediaType: TYPES.index, manifests: [{ ...manifest, annotations }] };
  await writeFile(join(layout, 'index.json'), JSON.stringify(index));
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return manifest.digest;
}

const configOf = (layers: readonly Layer[], { architecture, config }: ImageWords): object => ({
  architecture,
  os: 'linux',
  config,
  rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
});

/** How the program's image is run. */
export const programConfig = (version: string): ImageWords['config'] => ({
  User: USER,
  Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'NODE_ENV=production'],
  Entrypoint: ['/usr/local/bin/node', PROGRAM],
  Cmd: ['--help'],
  WorkingDir: '/opt/hypermeter',
  ExposedPorts: { '9464/tcp': {} },
  StopSignal: 'SIGTERM',
  Labels: {
    'org.opencontainers.image.title': 'hypermeter',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': 'Apache-2.0',
  },
});

async function writeBlob(
  blobs: string,
  mediaType: string,
  content: object,
): Promise<{ readonly mediaType: string; readonly digest: string; readonly size: number }> {
  const bytes = Buffer.from(JSON.stringify(content));
  const name = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(blobs, name), bytes);
  return { mediaType, digest: `sha256:${name}`, size: bytes.length };
}

/** A layout as one file, as `ctr images import` and `skopeo` take it. The same layout gives the same bytes. */
export async function packLayout(layout: string, tar: string): Promise<void> {
  const fixed = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  await promisify(execFile)('tar', ['-C', layout, ...fixed, '-cf', tar, 'oci-layout', 'index.json', 'blobs']);
}

/** This machine's architecture in the words of images. */
export const architecture = (): string => ARCHITECTURES[process.arch] ?? process.arch;
