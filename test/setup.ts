import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Before each test file, in its own process. */
const { HYPERMETER_WORKERS: folder, HYPERMETER_SEED: seed = '1' } = process.env;
const file = expect.getState().testPath ?? '';

// The watch is told which process runs which file: vitest does not.
if (folder) writeFileSync(join(folder, `${process.pid}`), file);

// Laws are tried with the same cases every time, so that a run says something of what was changed. Whoever looks for
// new ones changes the seed.
if (seed !== 'random' && readFileSync(file, 'utf8').includes("from 'fast-check'"))
  await import('fast-check').then(({ configureGlobal }) => configureGlobal({ seed: Number(seed) }));
