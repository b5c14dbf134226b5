import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What is wrong with a pattern of files, or null: `*` and `?` stand for parts of the name of a file, not of a folder. */
export function faultInGlob(glob: string): string | null {
  if (/[*?]/.test(dirname(glob))) return '* and ? may stand in the name of the file only';
  return /\.(?:ya?ml|json)$/.test(glob) ? null : 'expected the path of files whose names end in .yaml, .yml or .json';
}

const isGlob = (path: string): boolean => /[*?]/.test(basename(path));

/**
 * The files that patterns name, sorted, each once. Names that begin with a point are left out, which is where Kubernetes
 * keeps the versions of a ConfigMap. A file that is named without a pattern is there whether it exists or not; a folder
 * that does not exist holds none. Rejects with the error of a folder that cannot be read.
 */
export async function filesOf(globs: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(globs.map((glob) => (isGlob(glob) ? filesLike(glob) : [glob])));
  return [...new Set(found.flat())].sort();
}

async function filesLike(glob: string): Promise<readonly string[]> {
  const folder = dirname(glob);
  const source = basename(glob).replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  const name = new RegExp(`^${source.replaceAll('*', '.*').replaceAll('?', '.')}$`);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((candidate) => !candidate.startsWith('.') && name.test(candidate))
    .map((file) => join(folder, file));
}
