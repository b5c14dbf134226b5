import { spawn } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** A layer of an OCI image as it lies in `blobs/sha256`. */
export interface Layer {
  /** Of the compressed blob, which is its name: `sha256:…`. */
  readonly digest: string;
  /** Of the tar within. */
  readonly diffId: string;
  /** Bytes of the blob. */
  readonly size: number;
}

/** Compresses a tar into the blobs of a layout. */
export const layerOf = (tar: string, blobs: string): Promise<Layer> => compressed(createReadStream(tar), blobs);

/**
 * A layer of everything in a folder. Owners, times and the order of files are fixed, so that the same files give the same
 * digest, whoever packs them and when.
 */
export async function layerOfFolder(folder: string, blobs: string): Promise<Layer> {
  const fixed = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];
  const tar = spawn('tar', ['-C', folder, ...fixed, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`tar of ${folder} ended with ${code}`))));
  });
  const [layer] = await Promise.all([compressed(tar.stdout, blobs), ended]);
  return layer;
}

async function compressed(tar: Readable, blobs: string): Promise<Layer> {
  const [plain, packed] = [createHash('sha256'), createHash('sha256')];
  const partial = join(blobs, `partial-${process.hrtime.bigint()}`);
  let size = 0;
  const counted = through(packed);
  counted.on('data', (chunk: Buffer) => {
    size += chunk.length;
  });
  await pipeline(tar, through(plain), createGzip({ level: 6 }), counted, createWriteStream(partial));
  const name = packed.digest('hex');
  await rename(partial, join(blobs, name));
  return { digest: `sha256:${name}`, diffId: `sha256:${plain.digest('hex')}`, size };
}

/** Passes on what comes, and into a hash. */
function through(hash: Hash): PassThrough {
  const pass = new PassThrough();
  pass.on('data', (chunk: Buffer) => hash.update(chunk));
  return pass;
}
