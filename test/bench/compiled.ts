import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Topic } from './topics.ts';

const run = promisify(execFile);

/** This file runs as dist/test/bench/compiled.js; the C source is not copied there. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SOURCE = join(ROOT, 'test/bench/consume.c');
const BUNDLED = join(ROOT, 'node_modules/node-rdkafka/build/deps');

/** What consume.c prints of one topic. */
export interface CTopic {
  readonly cpuNs: number;
  readonly messages: number;
  readonly bytes: number;
  readonly readings: number;
}

export type CConsumer = (
  mode: 'consume' | 'decode',
  brokers: string,
  partitions: number,
  topics: readonly Topic[],
) => Promise<readonly CTopic[]>;

export const C_REMEDY = 'no C compiler or librdkafka: sudo apt-get install gcc libc6-dev librdkafka-dev';

/**
 * Compiles the C consumer into the folder, against the librdkafka that node-rdkafka was built with, or else the
 * system's. Null where neither works.
 */
export async function compileConsumer(folder: string): Promise<CConsumer | null> {
  const program = join(folder, 'consume');
  const bundled = [`-I${join(BUNDLED, 'include')}`, `-L${BUNDLED}`, `-Wl,-rpath,${BUNDLED}`];
  for (const where of [existsSync(BUNDLED) ? bundled : null, []]) {
    if (where === null) continue;
    try {
      await run('cc', ['-O2', '-o', program, SOURCE, ...where, '-lrdkafka']);
    } catch {
      // Expected where the one or the other is not installed; the caller says so if both are missing.
      continue;
    }
    return (mode, brokers, partitions, topics) => consume(program, mode, brokers, partitions, topics);
  }
  return null;
}

async function consume(
  program: string,
  mode: string,
  brokers: string,
  partitions: number,
  topics: readonly Topic[],
): Promise<readonly CTopic[]> {
  const which = topics.flatMap(({ name, messages }) => [name, String(messages)]);
  const { stdout } = await run(program, [mode, brokers, String(partitions), ...which]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as CTopic);
}
