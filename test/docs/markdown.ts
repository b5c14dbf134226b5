import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the repository, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Something in a page, with its file (from the root) and its line, counted from 1. */
export interface Placed {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** A fenced block: the first word after the fence, and its lines. */
export interface Block {
  readonly language: string;
  readonly lines: readonly Placed[];
}

/** A page in the Markdown of this repository: fences, inline links, headings by `#`. */
export interface Page {
  readonly file: string;
  readonly prose: readonly Placed[];
  readonly blocks: readonly Block[];
}

/** Every page that is kept, from its root down. */
export function pages(): readonly Page[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], { cwd: ROOT });
  return listed.toString().split('\n').filter(Boolean).map(readPage);
}

export function readPage(file: string): Page {
  const prose: Placed[] = [];
  const blocks: { language: string; lines: Placed[] }[] = [];
  let open: { fence: string; lines: Placed[] } | undefined;
  for (const [index, text] of readFileSync(ROOT + file, 'utf8')
    .split('\n')
    .entries()) {
    const placed = { file, line: index + 1, text };
    const fence = /^\s*(```+|~~~+)\s*(\w*)/.exec(text);
    if (open !== undefined) {
      if (fence?.[1] === open.fence && fence[2] === '') open = undefined;
      else open.lines.push(placed);
    } else if (fence?.[1] !== undefined) {
      open = { fence: fence[1], lines: [] };
      blocks.push({ language: fence[2] ?? '', lines: open.lines });
    } else prose.push(placed);
  }
  return { file, prose, blocks };
}

/** The inline links and images of a page, what is in code left out: their targets. */
export function links(page: Page): readonly Placed[] {
  return page.prose.flatMap((placed) => {
    const bare = placed.text.replaceAll(/`[^`]*`/g, (code) => '`'.padEnd(code.length, '`'));
    return [...bare.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map(([, target = '']) => ({
      ...placed,
      text: target,
    }));
  });
}

/** The anchors that GitHub gives to the headings of a page. */
export function anchors(page: Page): ReadonlySet<string> {
  const given = new Set<string>();
  for (const { text } of page.prose) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(text)?.[1];
    if (heading === undefined) continue;
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replaceAll(' ', '-');
    let name = slug;
    for (let again = 1; given.has(name); again++) name = `${slug}-${again}`;
    given.add(name);
  }
  return given;
}
