import { createExpectations, readExpectation } from './parse-expect.ts';
import { readLoad, readLoadLine } from './parse-load.ts';
import { DEFAULT_RULES, readRules } from './parse-windows.ts';
import type { Boot, Load, LoadLine, Place, Script } from './script.ts';
import { createWords, type Words } from './words.ts';

interface Line {
  readonly indented: boolean;
  readonly words: Words;
}

/** The scripts of a file; README.md has the grammar. Throws a ScriptError that names file and line. */
export function parseScripts(file: string, text: string): readonly Script[] {
  const scripts: Script[] = [];
  let rest: readonly Line[] = linesOf(file, text);
  while (rest.length > 0) {
    const [first, ...others] = rest as readonly [Line, ...Line[]];
    if (first.words.next('') !== 'script') first.words.fail('a script begins with "script" and its title');
    const end = others.findIndex(({ words }) => words.peek() === 'script');
    const count = end < 0 ? others.length : end;
    scripts.push(readScript(first.words, others.slice(0, count)));
    rest = others.slice(count);
  }
  return scripts;
}

function linesOf(file: string, text: string): readonly Line[] {
  return text.split('\n').flatMap((raw, index) => {
    const line = raw.replace(/(^|\s)#.*$/, '').trimEnd();
    if (line === '') return [];
    const place: Place = { file, line: index + 1 };
    return [{ indented: /^\s/.test(line), words: createWords(place, line.trim().split(/\s+/)) }];
  });
}

function readScript(head: Words, lines: readonly Line[]): Script {
  const title = restOf(head);
  if (title === '') head.fail('the title is missing');
  const expected = createExpectations();
  const loads: Load[] = [];
  const boots: Boot[] = [];
  const ticks: number[] = [];
  let rules = DEFAULT_RULES;
  let drain = false;
  let fails: string | null = null;
  let open: LoadLine[] | null = null;
  const readers: Readonly<Record<string, (words: Words) => void>> = {
    windows: (words) => {
      rules = readRules(words);
    },
    load: (words) => {
      open = [];
      loads.push(readLoad(words, open));
    },
    boot: (words) => {
      const at = words.time('the time of the boot');
      boots.push({ at, source: words.isEmpty() ? 'h' : words.next('the source') });
    },
    tick: (words) => {
      ticks.push(words.time('the time'));
    },
    drain: () => {
      drain = true;
    },
    expect: (words) => readExpectation(words, expected, onlyOf(loads)),
    fails: (words) => {
      fails = restOf(words);
      if (fails === '') words.fail('say why it fails');
    },
  };
  for (const { indented, words } of lines) {
    if (indented) {
      if (open === null) words.fail('a line that is set in belongs under a load');
      else (open as LoadLine[]).push(readLoadLine(words));
      continue;
    }
    open = null;
    const name = words.next('');
    if (!Object.hasOwn(readers, name))
      words.fail(`"${name}" is no statement; there are ${Object.keys(readers).join(', ')}`);
    readers[name]?.(words);
    if (!words.isEmpty()) words.fail(`"${words.peek()}" is too much`);
  }
  const script = { place: head.place, title, rules, loads, boots, ticks, drain, ...expected, fails };
  check(script, expected.nothing, head);
  return script;
}

function check({ loads, windows, drops, events, totals, any }: Script, nothing: boolean, head: Words): void {
  const empty = loads.find(({ lines }) => lines.length === 0);
  if (loads.length === 0) head.fail('nothing is loaded');
  if (empty) createWords(empty.place, []).fail('the load has no lines');
  const asks = windows.length + drops.length + events.length + totals.length;
  if (asks === 0 && !nothing) head.fail('nothing is expected; if nothing is to come, say "expect nothing"');
  if (nothing && (windows.length > 0 || any)) head.fail('nothing is expected and something as well');
  const known = new Set(loads.map(({ series }) => series.label));
  for (const { series, place } of [...windows, ...totals]) {
    if (!known.has(series)) createWords(place, []).fail(`${series} is not loaded`);
  }
}

function onlyOf(loads: readonly Load[]): string | undefined {
  const labels = new Set(loads.map(({ series }) => series.label));
  return labels.size === 1 ? [...labels][0] : undefined;
}

function restOf(words: Words): string {
  const rest: string[] = [];
  while (!words.isEmpty()) rest.push(words.next(''));
  return rest.join(' ');
}
