import { readdir, rename } from 'node:fs/promises';
import type { Report } from '../../pipeline/runtime/events.ts';
import { type Position, PositionFile } from './position.ts';
import { asideOf, highestId, inspectSegment, type Segment, segmentId, segmentPath } from './segment.ts';
import { codeOf, spoolError } from './spool-error.ts';

/** What an earlier process left in the spool's directory. */
export interface Recovered {
  readonly file: PositionFile;
  /** In the order of their numbers; nothing that was acknowledged. */
  readonly segments: Segment[];
  /** No file has had this number, nor any above it. */
  readonly nextId: number;
}

interface Recovery {
  readonly directory: string;
  readonly report: Report;
}

/**
 * Reads what is in the directory. A file that its disk does not give is set aside, and told. Rejects with the system's
 * error where anything else is in the way, as a shortage or a permission: then every file waits where it is.
 */
export async function recover(recovery: Recovery): Promise<Recovered> {
  const { file, position } = await PositionFile.open(recovery.directory);
  try {
    return { file, ...(await readSegments(recovery, position)) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readSegments(
  { directory, report }: Recovery,
  position: Position | null,
): Promise<Omit<Recovered, 'file'>> {
  const names = await readdir(directory);
  const ids = names.map(segmentId).filter((id) => id !== null);
  const segments: Segment[] = [];
  const fail = (what: string, path: string, error: unknown): void =>
    report({ event: 'spool.failed', error: spoolError(`the spool ${what}`, path, error) });
  for (const id of ids.sort((a, b) => a - b)) {
    const from = id < (position?.id ?? 0) ? Number.MAX_SAFE_INTEGER : id === position?.id ? position.at : null;
    try {
      const { segment, flaws, lost, trouble } = await inspectSegment(directory, id, from);
      for (const flaw of flaws) report({ event: 'spool.damaged', ...flaw });
      const bytes = flaws.reduce((sum, flaw) => sum + flaw.bytes, 0);
      if (lost > 0) report({ event: 'spool.dropped', reason: 'damaged', slices: lost, bytes });
      if (trouble !== null) fail('cannot tidy up in', directory, trouble);
      if (segment !== null) segments.push(segment);
    } catch (error) {
      if (!isBroken(error)) throw error;
      const path = segmentPath(directory, id);
      const aside = asideOf(path);
      await rename(path, aside);
      fail(`sends nothing of a file that it cannot read and keeps as ${aside}:`, path, error);
    }
  }
  return { segments, nextId: Math.max(position?.id ?? 0, highestId(names)) + 1 };
}

/** Whether it is the file's fault, or its disk's. */
const isBroken = (error: unknown): boolean => ['EIO', 'EISDIR'].includes(codeOf(error) ?? '');
