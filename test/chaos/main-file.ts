import { fileURLToPath } from 'node:url';

/** The program, seen from where this file is compiled to and from where it is written. */
export const MAIN = fileURLToPath(
  new URL(
    import.meta.url.includes('/dist/') ? '../../pipeline/cli/main.js' : '../../dist/pipeline/cli/main.js',
    import.meta.url,
  ),
);
