import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

/** What this process has of its machine. */
export interface Machine {
  readonly node: string;
  readonly heapLimitBytes: number;
  /** Of the machine, or of the control group where that has a limit. */
  readonly memoryBytes: number;
  /** Null: this system does not say. */
  readonly openFiles: number | null;
}

/** Looks at the machine that the program runs on. */
export function lookAtMachine(): Machine {
  const limit = process.constrainedMemory();
  return {
    node: process.version,
    heapLimitBytes: getHeapStatistics().heap_size_limit,
    memoryBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    openFiles: openFiles(),
  };
}

/** `/proc/self/limits`: Node has raised the soft limit to the hard one by now. */
function openFiles(): number | null {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    if (soft === undefined) return null;
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    // Only Linux has it.
    return null;
  }
}
