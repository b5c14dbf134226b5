import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** What `test/watch.test.ts` runs: a file that never comes to its end, beside one that does. */
// biome-ignore lint/style/noDefaultExport: vitest reads its configuration so
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['test/watched/endless.ts', 'test/watched/brief.ts'],
    reporters: ['default', './test/watch.ts', './test/tally.ts'],
    setupFiles: ['./test/setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
  },
});
