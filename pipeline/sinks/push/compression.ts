import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Post } from './pusher.ts';

export const COMPRESSIONS = ['gzip', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

const zip = promisify(gzip);

/** The bytes as they are sent, with the header that says so. */
export async function compressed(body: Uint8Array, compression: Compression): Promise<Post> {
  if (compression === 'none') return { body, headers: {} };
  return { body: await zip(body), headers: { 'content-encoding': 'gzip' } };
}
