import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, seen from where this file is compiled to and from where it is written. */
export const REPOSITORY = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../../../' : '../../../', import.meta.url),
);
export const CHART = join(REPOSITORY, 'k8s/chart');

/** The program, as `tsc` made it. */
export const MAIN = join(REPOSITORY, 'dist/pipeline/cli/main.js');

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'hypermeter');

/** Kubernetes' programs and helm, as the build scripts keep them. */
export const BIN = join(CACHE, 'bin');

/** Root file systems of images. */
export const IMAGES = join(CACHE, 'images');

/** The broker, as `start-kafka.sh` keeps it: the node has no way to fetch it. */
export const KAFKA_HOME = process.env.KAFKA_HOME ?? join(CACHE, 'kafka');
