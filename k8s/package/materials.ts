import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { shrinkwrap } from './shrinkwrap.ts';

/**
 * The bill of materials of the program in `repository`, by npm: every package that it runs with, of the lock file.
 * `lacksOptional`: optional packages could not be built and are not there. npm's own --omit=dev leaves out packages that a development dependency asks for as well, so it is shown none.
 * Rejects where npm fails.
 */
export async function billOfMaterials(
  repository: string,
  format: 'cyclonedx' | 'spdx',
  lacksOptional = false,
): Promise<Record<string, unknown>> {
  const [about, lock] = await Promise.all(
    ['package.json', 'package-lock.json'].map(async (file) =>
      JSON.parse(await readFile(join(repository, file), 'utf8')),
    ),
  );
  const folder = await mkdtemp(join(tmpdir(), 'hypermeter-sbom.'));
  try {
    // npm takes the name of the folder for that of the program.
    const home = join(folder, about.name);
    await mkdir(home);
    const { devDependencies: _, optionalDependencies, ...needed } = about;
    const bare = lacksOptional ? needed : { ...needed, optionalDependencies };
    await writeFile(join(home, 'package.json'), JSON.stringify(bare));
    await writeFile(join(home, 'package-lock.json'), JSON.stringify(shrinkwrap(lock, lacksOptional)));
    const words = ['sbom', `--sbom-format=${format}`, '--sbom-type=application', '--package-lock-only'];
    const { stdout } = await promisify(execFile)('npm', words, { cwd: home, maxBuffer: 2 ** 26 });
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}
