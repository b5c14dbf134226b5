import { readFileSync } from 'node:fs';

/** The version in package.json, found from this file upwards: it lies deeper once it is built. */
export function packageVersion(from: string = import.meta.url): string {
  for (let folder = new URL('.', from); ; folder = new URL('..', folder)) {
    const version = versionIn(new URL('package.json', folder));
    if (version !== undefined) return version;
    if (folder.pathname === '/') throw new Error('the package.json of hypermeter is missing from its installation');
  }
}

function versionIn(file: URL): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>;
    return name === 'hypermeter' ? version : undefined;
  } catch (error) {
    // Not every folder on the way up has one.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
