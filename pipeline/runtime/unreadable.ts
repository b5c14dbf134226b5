/** What the system says of a file, in words, with what to do about it. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check the path',
  ENOTDIR: 'a part of the path is no directory; check the path',
  EISDIR: 'it is a directory; name a file in it',
  EACCES: 'this user may not read it; see its permissions',
  EPERM: 'this user may not read it; see its permissions',
  ELOOP: 'its symbolic links lead nowhere; check the path',
};

/** Why a file cannot be read and what to do, of the error that reading gave. */
export function whyUnreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? (error instanceof Error ? error.message : String(error));
}
