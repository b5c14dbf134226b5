import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect } from 'vitest';

/** Before each test file, in its own process. */
const { HYPERMETER_WORKERS: folder, HYPERMETER_SEED: seed = '1' } = process.env;
const file = expect.getState().testPath ?? '';

// The watch is told which process runs which file, and what in it: vitest tells the one never, the other too late if the
// event loop is not given back.
if (folder) {
  const note = join(folder, `${process.pid}`);
  writeFileSync(note, file);
  beforeEach(({ task }) => writeFileSync(note, `${file}\n${task.fullTestName}`));
}

// Laws are tried with the same cases every time, so that a run says something of what was changed. Whoever looks for
// new ones changes the seed.
if (seed !== 'random' && readFileSync(file, 'utf8').includes("from 'fast-check'"))
  await import('fast-check').then(({ configureGlobal }) => configureGlobal({ seed: Number(seed) }));
