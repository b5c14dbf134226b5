/** A regular expression or its replacement that cannot be used; the message is a sentence. */
export class PatternFault extends Error {
  override readonly name = 'PatternFault';
}

/** `re.sub(pattern, replacement, text)` of Python 3.6. */
export type Substitution = (text: string) => string;

/**
 * Makes a substitution of a pattern and a replacement in Python's words: `(?P<name>…)`, `\1`, `\g<name>`. Throws a
 * PatternFault for what does not compile, and for what Python and JavaScript read differently.
 */
export function substitution(pattern: string, replacement: string): Substitution {
  const expression = compile(pattern);
  const parts = partsOf(replacement, expression);
  return (text) => substitute(text, expression, parts);
}

const DIFFERENT = [
  [/\(\?[aiLmsux-]+[:)]/, 'flags within a pattern are not supported'],
  [/\(\?#/, 'comments within a pattern are not supported'],
  [/\(\?\(/, 'conditions within a pattern are not supported'],
  [/\(\?<[=!]/, 'looking behind is not supported'],
] as const;

function compile(pattern: string): RegExp {
  for (const [sign, message] of DIFFERENT) if (sign.test(pattern)) throw new PatternFault(message);
  const source = pattern
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(
      /\\([\s\S])/g,
      (escaped, letter: string) => ESCAPES[letter] ?? (/[\w\\.*+?^$(){}[\]|/-]/.test(letter) ? escaped : letter),
    );
  try {
    return new RegExp(source, 'g');
  } catch (error) {
    throw new PatternFault(`is no regular expression: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Escapes that JavaScript has not, or has with another meaning. */
const ESCAPES: Readonly<Record<string, string>> = { A: '^', Z: '$', a: '\\x07' };

/** A piece of a replacement: text as it is, or what a group took. */
type Part = string | { readonly group: number } | { readonly name: string };

function partsOf(replacement: string, expression: RegExp): readonly Part[] {
  const groups = new RegExp(`${expression.source}|`).exec('');
  const known = (groups?.length ?? 1) - 1;
  const parts: Part[] = [];
  const group = (number: number): Part => {
    if (number > known) throw new PatternFault(`the pattern has no group ${number}`);
    return { group: number };
  };
  for (const [all, digits, named, letter] of replacement.matchAll(/\\(?:(\d{1,2})|g<(\w+)>|([\s\S]?))|[^\\]+/g)) {
    if (digits !== undefined) {
      // Leading zeros and three digits are octal.
      if (digits.startsWith('0')) throw new PatternFault(`${all} in the replacement is not supported`);
      parts.push(group(Number(digits)));
    } else if (named !== undefined) {
      if (/^\d+$/.test(named)) parts.push(group(Number(named)));
      else if (groups?.groups !== undefined && named in groups.groups) parts.push({ name: named });
      else throw new PatternFault(`the pattern has no group ${named}`);
    } else if (letter === undefined) parts.push(all);
    else if (letter === '\\' || letter === 'n' || letter === 't') parts.push({ '\\': '\\', n: '\n', t: '\t' }[letter]);
    else throw new PatternFault(`${all} in the replacement is not supported`);
  }
  return parts;
}

function substitute(text: string, expression: RegExp, parts: readonly Part[]): string {
  let result = '';
  let end = 0;
  let replaced = 0;
  expression.lastIndex = 0;
  for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
    const [found] = match;
    // Until 3.7 Python leaves out an empty match right behind another one.
    if (!(found === '' && match.index === end && replaced > 0)) {
      result += text.slice(end, match.index) + parts.map((part) => textOf(part, match)).join('');
      end = match.index + found.length;
      replaced++;
    }
    if (found === '') expression.lastIndex++;
  }
  return result + text.slice(end);
}

function textOf(part: Part, match: RegExpExecArray): string {
  if (typeof part === 'string') return part;
  return ('group' in part ? match[part.group] : match.groups?.[part.name]) ?? '';
}
