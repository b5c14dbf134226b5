import { createExpectations, type Expectations, readExpectation } from './parse-expect.ts';
import { readLoad, readLoadLine } from './parse-load.ts';
import { DEFAULT_RULES, readRules } from './parse-windows.ts';
import { type Boot, type Load, type LoadLine, type Place, type Script, ScriptError } from './script.ts';
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

/** What has been read of a script. */
interface Draft {
  rules: Script['rules'];
  drain: boolean;
  fails: string | null;
  readonly loads: Load[];
  readonly boots: Boot[];
  readonly ticks: number[];
  readonly expected: Expectations;
  /** Lines of the load that is being read; null: none is. */
  open: LoadLine[] | null;
}

const STATEMENTS: Readonly<Record<string, (words: Words, draft: Draft) => void>> = {
  windows: (words, draft) => {
    draft.rules = readRules(words);
  },
  load: (words, draft) => {
    draft.open = [];
    draft.loads.push(readLoad(words, draft.open));
  },
  boot: (words, { boots }) => {
    const at = words.time('the time of the boot');
    boots.push({ at, source: words.isEmpty() ? 'h' : words.next('the source') });
  },
  tick: (words, { ticks }) => {
    ticks.push(words.time('the time'));
  },
  drain: (_, draft) => {
    draft.drain = true;
  },
  expect: (words, { loads, expected }) => readExpectation(words, expected, onlyOf(loads)),
  fails: (words, draft) => {
    draft.fails = restOf(words);
    if (draft.fails === '') words.fail('say why it fails');
  },
};

function readScript(head: Words, lines: readonly Line[]): Script {
  const title = restOf(head);
  if (title === '') head.fail('the title is missing');
  const draft: Draft = {
    rules: DEFAULT_RULES,
    loads: [],
    boots: [],
    ticks: [],
    drain: false,
    expected: createExpectations(),
    fails: null,
    open: null,
  };
  for (const line of lines) readLine(line, draft);
  const { open: _, expected, ...rest } = draft;
  const { nothing, ...said } = expected;
  const script: Script = { place: head.place, title, ...rest, ...said };
  check(script, nothing);
  return script;
}

function readLine({ indented, words }: Line, draft: Draft): void {
  if (indented) {
    if (draft.open === null) words.fail('a line that is set in belongs under a load');
    draft.open?.push(readLoadLine(words));
    return;
  }
  draft.open = null;
  const name = words.next('');
  if (!Object.hasOwn(STATEMENTS, name)) {
    words.fail(`"${name}" is no statement; there are ${Object.keys(STATEMENTS).join(', ')}`);
  }
  STATEMENTS[name]?.(words, draft);
  if (!words.isEmpty()) words.fail(`"${words.peek()}" is too much`);
}

function check({ place, loads, windows, drops, events, totals, any }: Script, nothing: boolean): void {
  const empty = loads.find(({ lines }) => lines.length === 0);
  if (loads.length === 0) throw new ScriptError(place, 'nothing is loaded');
  if (empty) throw new ScriptError(empty.place, 'the load has no lines');
  const asks = windows.length + drops.length + events.length + totals.length;
  if (asks === 0 && !nothing) {
    throw new ScriptError(place, 'nothing is expected; if nothing is to come, say "expect nothing"');
  }
  if (nothing && (windows.length > 0 || any)) {
    throw new ScriptError(place, 'nothing is expected and something as well');
  }
  const known = new Set(loads.map(({ series }) => series.label));
  for (const asked of [...windows, ...totals]) {
    if (!known.has(asked.series)) throw new ScriptError(asked.place, `${asked.series} is not loaded`);
  }
}

/** The series, if only one is loaded. */
function onlyOf(loads: readonly Load[]): string | undefined {
  const labels = new Set(loads.map(({ series }) => series.label));
  return labels.size === 1 ? [...labels][0] : undefined;
}

function restOf(words: Words): string {
  const rest: string[] = [];
  while (!words.isEmpty()) rest.push(words.next(''));
  return rest.join(' ');
}
