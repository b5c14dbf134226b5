import { z } from 'zod';
import { size } from '../../runtime/config/units.ts';
import { leavingOut } from '../dead-samples.ts';
import { jsonLine } from '../json-line.ts';
import { type Sink, type SinkContext, SinkError, type SinkKind } from '../sink.ts';
import { subscriptionFields } from '../subscription.ts';
import { screen } from '../validate.ts';
import { type Log, openLog, rotate } from './log.ts';

export const fileConfig = z.strictObject({
  type: z.literal('file'),
  ...subscriptionFields,
  path: z.string().min(1).describe('File that samples are appended to, one JSON object a line'),
  maxBytes: z
    .union([z.int().min(1), size({ atLeast: '1B' })])
    .default(67_108_864)
    .describe('The file is rotated before it grows beyond this, bytes or such as 64MiB'),
  backups: z.number().int().min(0).max(1000).default(5).describe('Rotated files to keep: path.1 is the youngest'),
  fsync: z.boolean().default(true).describe('Wait until a batch is on the disk and not only with the kernel'),
});
export type FileConfig = z.infer<typeof fileConfig>;

/** JSON lines in a file that is rotated by size. */
export const file = {
  kind: 'file',
  schema: fileConfig,
  create: createFileSink,
} satisfies SinkKind<FileConfig>;

/** What to do about the errors that happen; else the system's own words must do. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'its directory is missing: make it',
  EACCES: 'permission denied: let this user write the file and its directory',
  EPERM: 'not permitted: let this user write the file and its directory',
  EROFS: 'the file system is read-only: mount it writable or choose another path',
  EISDIR: 'it is a directory: name a file in it',
  ENOSPC: 'the disk is full: make room',
  ENXIO: 'it is a socket, or a device that is not there: name a file',
  EDQUOT: 'the quota is used up: raise it or make room',
};

function createFileSink(config: FileConfig, context: SinkContext): Sink {
  const { path, maxBytes, backups, fsync } = config;
  const name = config.name ?? `file:${path}`;
  const leaveOut = leavingOut(name, context);
  let log: Log | undefined;

  const close = async () => {
    const present = log;
    log = undefined;
    await present?.close();
  };
  const opened = async (): Promise<Log> => {
    log ??= await openLog(path, fsync);
    return log;
  };

  async function write(lines: readonly Buffer[]): Promise<void> {
    let start = 0;
    while (start < lines.length) {
      const target = await opened();
      const end = fitting(lines, start, target.bytes, maxBytes);
      if (end === start) {
        await close();
        await rotate(path, backups);
      } else await target.append(Buffer.concat(lines.slice(start, end)));
      start = end;
    }
  }

  /** After a failure the file is opened anew: its path, its size or its disk may be another by then. */
  async function failed(error: unknown): Promise<never> {
    const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
    const failure = new SinkError(name, `cannot write ${path}: ${REMEDIES[code] ?? message}`, error);
    await close().catch((closing: unknown) => {
      failure.cause = new AggregateError([error, closing], 'neither written nor closed');
    });
    throw failure;
  }

  return {
    name,
    close,
    async open() {
      await opened().catch(failed);
    },
    async publish(batch, signal) {
      signal.throwIfAborted();
      const good = await screen(batch, leaveOut);
      await write(good.map((sample) => Buffer.from(`${jsonLine(sample)}\n`))).catch(failed);
    },
  };
}

/**
 * Up to which line, from `start` on, the file may grow. A line that is longer than any file may be has one to itself:
 * losing it would be worse.
 */
function fitting(lines: readonly Buffer[], start: number, fileBytes: number, maxBytes: number): number {
  let bytes = fileBytes;
  let end = start;
  for (; end < lines.length; end++) {
    bytes += lines[end]?.length ?? 0;
    if (bytes > maxBytes) break;
  }
  return end === start && fileBytes === 0 ? start + 1 : end;
}
