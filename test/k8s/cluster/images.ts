import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { layerOfFolder } from '../../../k8s/image/layers.ts';
import { architecture, blobsOf, packLayout, writeLayout } from '../../../k8s/image/layout.ts';
import { PAUSE } from './node-files.ts';
import { BIN, IMAGES, REPOSITORY } from './places.ts';
import { printed } from './programs.ts';

/** Where the program's image is named; no registry is asked for it. */
export const IMAGE = { repository: 'localhost/hypermeter', tag: 'cluster' } as const;

/** The images of the node as tars in a directory: the program's, by the words of docs/kubernetes.md, and the pause container's. */
export async function buildImages(directory: string): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true });
  return [await pauseImage(directory), await programImage(directory)];
}

async function programImage(directory: string): Promise<string> {
  const image = join(directory, 'hypermeter.tar');
  const words = ['--root', await root(), '--tag', `${IMAGE.repository}:${IMAGE.tag}`, '--out', image];
  await printed(process.execPath, [join(REPOSITORY, 'dist/k8s/image/main.js'), ...words]);
  return image;
}

/** Debian's part of the image, kept for as long as the script that makes it stays as it is. */
async function root(): Promise<string> {
  const script = join(REPOSITORY, 'k8s/image/root.sh');
  const version = createHash('sha256')
    .update(await readFile(script))
    .digest('hex')
    .slice(0, 12);
  const tar = join(IMAGES, `root-${version}.tar`);
  if (existsSync(tar)) return tar;
  await mkdir(IMAGES, { recursive: true });
  const partial = `${tar}.${process.pid}`;
  await printed(script, [partial]);
  await rename(partial, tar);
  return tar;
}

async function pauseImage(directory: string): Promise<string> {
  const [folder, layout, tar] = ['pause', 'pause-layout', 'pause.tar'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(folder, { recursive: true });
  await copyFile(join(BIN, 'pause'), join(folder, 'pause'));
  await chmod(join(folder, 'pause'), 0o755);
  const layers = [await layerOfFolder(folder, await blobsOf(layout))];
  const config = { User: '65535:65535', Entrypoint: ['/pause'] };
  await writeLayout(layout, layers, { tag: PAUSE, architecture: architecture(), config });
  await packLayout(layout, tar);
  return tar;
}
