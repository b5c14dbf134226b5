import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchors, links, type Page, type Placed, pages, ROOT, readPage } from './markdown.ts';

const all = pages();

describe('the pages', () => {
  it.each(all.map((page) => [page.file, page] as const))('%s has no link into nowhere', (_, page) => {
    expect(links(page).flatMap((link) => fault(page, link))).toEqual([]);
  });

  it('are all reached from the README', () => {
    const reached = new Set<string>();
    const left = ['README.md'];
    for (let file = left.pop(); file !== undefined; file = left.pop()) {
      if (reached.has(file)) continue;
      reached.add(file);
      for (const { text } of links(readPage(file))) {
        const target = fileOf(file, text);
        if (target?.endsWith('.md')) left.push(target);
        if (target !== undefined && !target.endsWith('.md')) left.push(...readmeIn(target));
      }
    }
    const unreached = all.map(({ file }) => file).filter((file) => !reached.has(file));
    // Decisions are a folder, which the README names; tests' own notes are for those who read the tests.
    expect(unreached.filter((file) => !/^(docs\/decisions|test)\//.test(file))).toEqual([]);
  });

  it('are read as GitHub reads them', () => {
    const page: Page = {
      file: 'docs/x.md',
      prose: ['# A `b` & C: d', '## A `b` & C: d', '[x](y.md#z) `[no](link)` ![p](i.png "t")'].map((text, index) => ({
        file: 'docs/x.md',
        line: index + 1,
        text,
      })),
      blocks: [],
    };
    expect([...anchors(page)]).toEqual(['a-b--c-d', 'a-b--c-d-1']);
    expect(links(page).map(({ text }) => text)).toEqual(['y.md#z', 'i.png']);
    expect(links(page).flatMap((link) => fault(page, link))).toEqual([
      'docs/x.md:3: y.md#z: there is no docs/y.md',
      'docs/x.md:3: i.png: there is no docs/i.png',
    ]);
  });
});

/** What is wrong with a link. Addresses elsewhere are not asked. */
function fault(page: Page, { file, line, text }: Placed): readonly string[] {
  const place = `${file}:${line}: ${text}`;
  if (/^(https?|mailto):/.test(text)) return [];
  const target = fileOf(file, text) ?? file;
  if (!existsSync(ROOT + target)) return [`${place}: there is no ${target}`];
  const anchor = text.split('#')[1];
  if (anchor === undefined) return [];
  const there = target === file ? page : readPage(target);
  return anchors(there).has(anchor) ? [] : [`${place}: ${target} has no such heading`];
}

/** The file that a link in `from` names; undefined if it is elsewhere or in the page itself. */
function fileOf(from: string, link: string): string | undefined {
  const path = link.split('#')[0] ?? '';
  if (path === '' || /^\w+:/.test(path)) return undefined;
  return normalize(join(dirname(from), path)).replace(/\/$/, '');
}

const readmeIn = (folder: string): readonly string[] =>
  existsSync(join(ROOT, folder, 'README.md')) ? [join(folder, 'README.md')] : [];
