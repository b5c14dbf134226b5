import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packageVersion } from '../../pipeline/cli/manifest.ts';
import { layerOf, layerOfFolder } from './layers.ts';
import { architecture, blobsOf, packLayout, programConfig, writeLayout } from './layout.ts';
import { layOutProgram } from './program.ts';

const USAGE = `node dist/k8s/image/main.js --root ROOT.tar --out IMAGE.tar [--tag NAME:TAG]

Assembles an OCI image without a container engine: the root file system of k8s/image/root.sh, Node as it runs here, the
program as tsc made it. Prints the image's digest.
`;

const { values } = parseArgs({
  options: { root: { type: 'string' }, out: { type: 'string' }, tag: { type: 'string' } },
});
const { root, out, tag = `hypermeter:${packageVersion()}` } = values;

if (root === undefined || out === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 64;
} else {
  process.stdout.write(`${await assemble(resolve(root), resolve(out))}\n`);
}

async function assemble(rootTar: string, imageTar: string): Promise<string> {
  // From dist/k8s/image upwards.
  const repository = join(dirname(fileURLToPath(import.meta.url)), '../../..');
  const work = await mkdtemp(join(tmpdir(), 'hypermeter-image-'));
  try {
    const [layout, program] = [join(work, 'layout'), join(work, 'program')];
    await layOutProgram(repository, program);
    const blobs = await blobsOf(layout);
    const layers = [await layerOf(rootTar, blobs), await layerOfFolder(program, blobs)];
    const words = { tag, architecture: architecture(), config: programConfig(packageVersion()) };
    const digest = await writeLayout(layout, layers, words);
    await packLayout(layout, imageTar);
    return digest;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
