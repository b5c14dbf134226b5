import type { Page, Placed } from './markdown.ts';

/** A line of a shell that runs the program: all of it, and the words that the program gets. */
export interface Command extends Placed {
  readonly words: readonly string[];
}

/** The commands of a page that run the program: what is in its blocks of `sh`, continued lines joined. */
export function commandsOf(page: Page): readonly Command[] {
  const lines = page.blocks
    .filter(({ language }) => ['sh', 'bash', 'console'].includes(language))
    .flatMap((block) => joined(block.lines));
  return lines.flatMap(commandIn);
}

/** The commands in a help text, which begin with the program's name after some spaces. */
export function commandsIn(name: string, help: string): readonly Command[] {
  const lines = help.split('\n').map((text, index) => ({ file: name, line: index + 1, text: text.trim() }));
  return lines.filter(({ text }) => text.startsWith('hypermeter ')).flatMap(commandIn);
}

function joined(lines: readonly Placed[]): readonly Placed[] {
  const whole: Placed[] = [];
  let begun: Placed | undefined;
  for (const placed of lines) {
    const text = begun === undefined ? placed.text : `${begun.text}${placed.text.trimStart()}`;
    begun = { ...(begun ?? placed), text: text.replace(/\\$/, '') };
    if (text.endsWith('\\')) continue;
    whole.push(begun);
    begun = undefined;
  }
  return whole;
}

function commandIn(placed: Placed): readonly Command[] {
  const text = placed.text.replace(/^\s*(\$ )?(npx )?/, '');
  if (!text.startsWith('hypermeter ')) return [];
  const { words, line } = split(text);
  return [{ ...placed, text: line, words: words.slice(1) }];
}

/** The words up to the first pipe, redirection or end of a command, and the line without its comment. */
function split(text: string): { readonly words: readonly string[]; readonly line: string } {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  let ended = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text.charAt(at);
    if (quote !== '') {
      if (sign === quote) quote = '';
      else word = (word ?? '') + sign;
    } else if (sign === "'" || sign === '"') {
      quote = sign;
      word ??= '';
    } else if (sign === '#' && word === undefined) {
      return { words, line: text.slice(0, at).trimEnd() };
    } else if (' \t'.includes(sign) || '|>&;'.includes(sign)) {
      if (word !== undefined && !ended) words.push(word);
      word = undefined;
      ended ||= '|>&;'.includes(sign);
    } else word = (word ?? '') + sign;
  }
  if (word !== undefined && !ended) words.push(word);
  return { words, line: text.trimEnd() };
}
