import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterNode } from './node.ts';
import { MAIN } from './places.ts';
import { configOf, type Load, publishedFiles } from './release.ts';
import { KAFKA_ON_NODE } from './servers.ts';

/** A time in which windows of one size had to come, whole ones. Milliseconds; null: from the first that was published. */
export interface Stretch {
  readonly size: string;
  readonly sizeMs: number;
  readonly fromMs: number | null;
  readonly untilMs: number;
}

/** What `hypermeter audit` says of one, in its own words. */
export interface Audited {
  readonly stretch: Stretch;
  readonly code: number;
  readonly residual: number;
  readonly lost: number;
  readonly wrong: number;
  readonly unexpected: number;
  readonly duplicates: number;
  readonly unequalDuplicates: number;
  readonly windows: number;
  readonly rawMessages: number;
  readonly samples: number;
  /** What it named first, where anything is wrong. */
  readonly faults: readonly string[];
}

/** The boundaries of windows of this size around a time, milliseconds. */
export const boundaryAfter = (ms: number, sizeMs: number): number => Math.ceil(ms / sizeMs) * sizeMs;
export const boundaryBefore = (ms: number, sizeMs: number): number => Math.floor(ms / sizeMs) * sizeMs;

interface Verdict {
  readonly residual: number;
  readonly lost: number;
  readonly wrong: number;
  readonly unexpected: number;
  readonly duplicates: number;
  readonly unequal_duplicates: number;
  readonly expected: number;
  readonly raw_messages: number;
  readonly published_samples: number;
}

/** Holds all that was published of a size in that time against the raw topic, once the pipelines have stopped. */
export async function audited(node: ClusterNode, load: Load, stretch: Stretch): Promise<Audited> {
  const { size, fromMs, untilMs } = stretch;
  const config = join(node.directory, `audit-${size}.yaml`);
  await writeFile(config, JSON.stringify(configOf(load, [size], KAFKA_ON_NODE)));
  // Nobody will publish any more: whatever is not there is lost, and not what the group has committed is due only.
  const bounds = ['--final', '--until', iso(untilMs), ...(fromMs === null ? [] : ['--from', iso(fromMs)])];
  const words = ['audit', '-c', config, '--published', ...(await publishedFiles(node, size)), ...bounds];
  const { code, stdout, stderr } = await node.network(process.execPath, [MAIN, ...words, '-o', 'json']);
  if (stdout.trim() === '') throw new Error(`hypermeter audit of ${size} ended with ${code}: ${stderr.trim()}`);
  const verdict: Verdict = JSON.parse(stdout);
  const told = code === 0 ? '' : (await node.network(process.execPath, [MAIN, ...words])).stdout;
  return {
    stretch,
    code,
    residual: verdict.residual,
    lost: verdict.lost,
    wrong: verdict.wrong,
    unexpected: verdict.unexpected,
    duplicates: verdict.duplicates,
    unequalDuplicates: verdict.unequal_duplicates,
    windows: verdict.expected,
    rawMessages: verdict.raw_messages,
    samples: verdict.published_samples,
    faults: told.trim() === '' ? [] : told.trim().split('\n'),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
