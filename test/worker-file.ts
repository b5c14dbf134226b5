import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Tells the watch which process runs which file: vitest does not. */
const folder = process.env.HYPERMETER_WORKERS;
if (folder) writeFileSync(join(folder, `${process.pid}`), expect.getState().testPath ?? '');
