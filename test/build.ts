import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Compiles once before the first test: some of them start the program as its users do, from dist/. */
export function setup(): void {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
