import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Files that the second run of the gate leaves out. */
const LEFT_OUT = process.env.HYPERMETER_LEAVE_OUT?.split(',') ?? [];
const CHART = ['test/k8s/**/*.test.ts'];
const WHOLE = ['test/system/**/*.test.ts', 'test/chaos/**/*.test.ts'];

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration so
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    globalSetup: './test/build.ts',
    reporters: ['default', './test/watch.ts', './test/tally.ts'],
    setupFiles: ['./test/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // node-rdkafka loads in one isolate of a process only: forks, never threads.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: [...WHOLE, ...CHART, ...LEFT_OUT],
          sequence: { groupOrder: 0 },
        },
      },
      {
        // After the parts, whose tests start and stop guests and brokers that these have to be left alone with.
        extends: true,
        // Many processes on a loaded machine: what fails twice is wrong. What passes then is told at the end as well. Never
        // the parts: a law that fails for one seed in a thousand is broken.
        test: {
          name: 'whole',
          include: WHOLE,
          retry: process.env.CI === undefined ? 0 : 1,
          // They wait more than they compute: with two, half of two cores stands idle.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      { extends: true, test: { name: 'chart', include: CHART, sequence: { groupOrder: 2 } } },
    ],
  },
});
