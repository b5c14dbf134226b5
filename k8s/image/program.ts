import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { billOfMaterials } from '../package/materials.ts';

/** Where the program is in the image. */
const HOME = 'opt/hypermeter';

/** What node-rdkafka was built from, and what is needed at run time only by those who build against it. */
const BUILDING =
  /^node_modules\/node-rdkafka\/(?:deps|e2e|test|src|build\/Release\/obj\.target|build\/deps\/(?!lib\w+(?:\+\+)?\.so))/;

/** A folder as the layer of the program: Node as it runs here, what `tsc` made, production dependencies, an SBOM. */
export async function layOutProgram(repository: string, folder: string): Promise<void> {
  const home = join(folder, HOME);
  await mkdir(join(folder, 'usr/local/bin'), { recursive: true });
  await mkdir(home, { recursive: true });
  await copyFile(process.execPath, join(folder, 'usr/local/bin/node'));
  await chmod(join(folder, 'usr/local/bin/node'), 0o755);
  for (const file of ['package.json', 'LICENSE']) await copyFile(join(repository, file), join(home, file));
  for (const part of ['avro', 'connectors', 'pipeline']) await copied(repository, home, join('dist', part));
  for (const part of ['avro', 'pipeline/page/static']) await copied(repository, home, part);
  const { present, lacksOptional } = await productionPackages(repository);
  for (const path of present) await copied(repository, home, path);
  await writeFile(join(home, 'sbom.spdx.json'), await sbom(repository, lacksOptional));
  // What comes out of an archive or a clone may be closed to others.
  await readable(folder);
}

/** Packages that are no development dependencies, by the lock file. */
interface ProductionPackages {
  /** Paths. */
  readonly present: readonly string[];
  /** npm leaves out what is optional where it cannot be built. */
  readonly lacksOptional: boolean;
}

async function productionPackages(repository: string): Promise<ProductionPackages> {
  const { packages } = JSON.parse(await readFile(join(repository, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const all = Object.entries(packages).filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional);
  const present = all.filter(([path, { optional }]) => !optional || existsSync(join(repository, path)));
  return { present: present.map(([path]) => path), lacksOptional: present.length < all.length };
}

interface Locked {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
}

async function copied(repository: string, home: string, path: string): Promise<void> {
  // The parts of a package that the lock file lists by themselves are copied by themselves.
  const own = (source: string): boolean => {
    const name = relative(repository, source);
    return !BUILDING.test(name) && !name.slice(path.length).includes('/node_modules');
  };
  await cp(join(repository, path), join(home, path), { recursive: true, filter: own, verbatimSymlinks: true });
}

/** SPDX without when it was made and under which random name, so that the same program gives the same bytes. */
async function sbom(repository: string, lacksOptional: boolean): Promise<string> {
  const document = await billOfMaterials(repository, 'spdx', lacksOptional);
  document.creationInfo = { ...(document.creationInfo as object), created: '1970-01-01T00:00:00Z' };
  document.documentNamespace = `http://spdx.org/spdxdocs/${document.name}`;
  return JSON.stringify(document, null, 1);
}

async function readable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await readable(path);
    else if (entry.isFile() && entry.name !== 'node') await chmod(path, 0o644);
  }
}
