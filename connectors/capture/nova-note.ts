import type { Pseudonyms } from './pseudonyms.ts';

const LINE = /^((?:flavor:)?[a-z_]+):(.*)$/s;
const KEYS: ReadonlySet<string> = new Set(
  ['name', 'userid', 'username', 'projectid', 'projectname', 'imageid', 'package'].concat(
    ['name', 'memory_mb', 'vcpus', 'ephemeral_gb', 'root_gb', 'swap'].map((key) => `flavor:${key}`),
  ),
);

/** A VM's note: that of nova's vmwareapi driver keeps its keys and its numbers, so that it still says who owns the VM. */
export function rewriteNote(note: string, texts: Pseudonyms): string {
  const lines = note.split(/\r?\n/);
  const keys = lines.map((line) => LINE.exec(line)?.[1]);
  if (!keys.includes('projectid') || !keys.includes('package')) return texts.text(note);
  return lines.map((line) => rewriteLine(line, texts)).join('\n');
}

function rewriteLine(line: string, texts: Pseudonyms): string {
  const [, key, given = ''] = LINE.exec(line) ?? [];
  if (key === undefined || !KEYS.has(key)) return texts.text(line);
  const value = given.trim();
  if (value === 'None' || (key.startsWith('flavor:') && /^\d{1,15}$/.test(value) && key !== 'flavor:name'))
    return `${key}:${value}`;
  return `${key}:${key === 'name' ? texts.name(value) : texts.text(value)}`;
}
