import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { billOfMaterials } from './materials.ts';
import { shrinkwrap } from './shrinkwrap.ts';

// What `npm pack` puts into the package beside the files of the repository: the versions of everything that it was
// tested with, and its bill of materials. npm calls it before, and with --remove afterwards.

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const MADE = { shrinkwrap: `${ROOT}npm-shrinkwrap.json`, materials: `${ROOT}sbom.cdx.json` };

if (process.argv.includes('--remove')) {
  for (const path of Object.values(MADE)) await rm(path, { force: true });
} else {
  const lock: unknown = JSON.parse(await readFile(`${ROOT}package-lock.json`, 'utf8'));
  await writeFile(MADE.materials, json(await billOfMaterials(ROOT, 'cyclonedx')));
  await writeFile(MADE.shrinkwrap, json(shrinkwrap(lock)));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
