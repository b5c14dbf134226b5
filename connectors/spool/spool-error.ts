/** What the spool cannot do. The message names the directory or the file and what to do. */
export class SpoolError extends Error {
  override readonly name = 'SpoolError';
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
  }
}

/** What to do about what the system says. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'the file system is full: give it room, or lower collector.spool.maxBytes',
  EDQUOT: 'the quota is used up: raise it, or lower collector.spool.maxBytes',
  EROFS: 'the file system is read-only: mount it writable',
  EACCES: 'it may not be written by this user: give the user the directory',
  EPERM: 'it may not be written by this user: give the user the directory',
  ENOENT: 'nothing can be made there: name another collector.spool.directory',
  ENOTDIR: 'a part of the path is no directory: name another collector.spool.directory',
  EIO: 'the disk fails',
  EMFILE: 'the process has too many files open: raise its limit (ulimit -n)',
  ENFILE: 'the machine has too many files open: raise its limit (fs.file-max)',
};

/** The system's code of an error, such as ENOENT. */
export const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

export const isGone = (error: unknown): boolean => codeOf(error) === 'ENOENT';

/** Says what was not possible, where, and what to do about it. */
export function spoolError(what: string, path: string, cause: unknown): SpoolError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const remedy = REMEDIES[code ?? ''];
  return new SpoolError(
    `${what} ${path}: ${message ?? String(cause)}${remedy === undefined ? '' : `; ${remedy}`}`,
    cause,
  );
}
