import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError, formatFault } from '../../pipeline/runtime/config/fault.ts';
import { EndpointError } from '../connector.ts';
import type { FileList } from './file-list.ts';
import { filesOf } from './glob.ts';
import { type Filter, select } from './select.ts';
import type { Findings, Rejected, Source } from './source.ts';
import { Folders } from './watch.ts';

/** More than a list of ten thousand hosts takes. */
const MOST_BYTES = 16 * 2 ** 20;

/** Such as `passwordFile:`, whose file may have changed. */
const NAMES_FILE = /File["']?\s*:/;

interface Known {
  readonly text: string;
  readonly list: FileList;
}

export interface FileSourceOptions extends Pick<Source, 'name' | 'refreshMs' | 'timeoutMs' | 'emptyAfter'> {
  readonly paths: readonly string[];
  readonly filter: Filter;
  /** Whether a text that is the same may mean another thing, as what it means is read from files. */
  readonly isUnsettled: boolean;
  /** Throws a ConfigError for a text that is no list. */
  readonly read: (text: string, file: string) => FileList;
}

/**
 * Files that may change: they are watched, and looked at anew at each refresh. One that cannot be used keeps what it said
 * last; one that is gone takes its entries with it.
 */
export function fileSource({ paths, filter, isUnsettled, read, ...about }: FileSourceOptions): Source {
  const folders = new Folders();
  const good = new Map<string, Known>();
  const readOne = async (file: string): Promise<Rejected | undefined> => {
    try {
      const text = await textOf(file);
      const known = good.get(file);
      if (known?.text !== text || isUnsettled || NAMES_FILE.test(text))
        good.set(file, { text, list: read(text, file) });
      return undefined;
    } catch (error) {
      const kept = good.has(file) ? '; what it said before stays in effect' : '';
      return { reason: 'unreadable', ...faultOf(error, file, kept) };
    }
  };
  const look = async (): Promise<Findings> => {
    folders.watch(new Set(paths.map((path) => dirname(path))));
    const files = await listed(about.name, paths);
    for (const file of good.keys()) if (!files.includes(file)) good.delete(file);
    const rejected = (await Promise.all(files.map(readOne))).filter((outcome) => outcome !== undefined);
    const lists = files.flatMap((file) => good.get(file)?.list ?? []);
    return select(
      lists.flatMap((list) => list.listed),
      [...rejected, ...lists.flatMap((list) => list.rejected)],
      filter,
    );
  };
  return { ...about, kind: 'file', look, nudges: folders.changes, close: async () => folders.close() };
}

async function listed(name: string, paths: readonly string[]): Promise<readonly string[]> {
  try {
    return await filesOf(paths);
  } catch (error) {
    const { path, code } = error as NodeJS.ErrnoException;
    const message = `cannot list ${path}: ${code}; see its permissions`;
    throw new EndpointError('refused', name, message, error);
  }
}

async function textOf(file: string): Promise<string> {
  const bytes = await readFile(file);
  if (bytes.length > MOST_BYTES) throw new RangeError(`is larger than ${MOST_BYTES / 2 ** 20} MiB: split it`);
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

function faultOf(error: unknown, file: string, kept: string): Pick<Rejected, 'where' | 'message'> {
  if (error instanceof ConfigError) {
    const [first, ...others] = error.faults;
    const more = others.length === 0 ? '' : `; and ${others.length} more`;
    const told = first === undefined ? error.message : formatFault({ ...first, place: '' });
    return { where: first?.place ?? file, message: `${told}${more}${kept}` };
  }
  return { where: file, message: `${whyUnreadable(error)}${kept}` };
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file: write it, even if it is an empty list, []',
  EACCES: 'may not be read by this user: see its permissions',
  EISDIR: 'is a folder: name the files in it, as in folder/*.yaml',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text',
};

const whyUnreadable = (error: unknown): string =>
  REMEDIES[(error as NodeJS.ErrnoException).code ?? ''] ?? (error instanceof Error ? error.message : String(error));
