import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration so
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/build.ts',
    reporters: ['default', './test/tally.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // node-rdkafka loads in one isolate of a process only: forks, never threads.
    pool: 'forks',
    maxWorkers: 2,
  },
});
