/** One word of an expression. `at` is its offset in the text. */
export type Token =
  | { readonly kind: 'number'; readonly value: number | bigint; readonly at: number }
  | { readonly kind: 'text'; readonly value: string; readonly at: number }
  | { readonly kind: 'name'; readonly value: string; readonly at: number }
  | { readonly kind: 'sign'; readonly value: string; readonly at: number };

/** What is wrong with an expression, and the offset at which it shows. */
export class ExpressionFault extends Error {
  override readonly name = 'ExpressionFault';
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const SPACE = /[ \t]+/y;
const FLOAT = /(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/y;
/** As in Python, a leading zero is for zero alone. */
const INT = /0[xX][\da-fA-F]+|[1-9]\d*|0+/y;
const NAME = /[A-Za-z_]\w*/y;
const TEXT = /'[^'\\\n]*'|"[^"\\\n]*"/y;
/** Some that no expression may hold are words too: what they are part of is told then. */
const SIGN = /\*\*|\/\/|<=|>=|==|!=|[-+*/%().<>,:[\]]/y;

/** The words of an expression. Throws an ExpressionFault at the first character that begins none. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const read = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const space = read(SPACE);
    const word = space ?? readWord(read, tokens, at);
    if (word === undefined) throw new ExpressionFault(`"${text[at]}" is not allowed here`, at);
    at += word.length;
    const last = tokens.at(-1);
    if (space === undefined && last?.kind === 'number' && /[\w.]/.test(text[at] ?? ''))
      throw new ExpressionFault('a number ends in something else', at);
  }
  return tokens;
}

function readWord(read: (pattern: RegExp) => string | undefined, tokens: Token[], at: number): string | undefined {
  const float = read(FLOAT);
  const int = float === undefined ? read(INT) : undefined;
  const name = read(NAME);
  const text = read(TEXT);
  const sign = read(SIGN);
  if (float !== undefined) tokens.push({ kind: 'number', value: Number(float), at });
  else if (int !== undefined) tokens.push({ kind: 'number', value: BigInt(int), at });
  else if (name !== undefined) tokens.push({ kind: 'name', value: name, at });
  else if (text !== undefined) tokens.push({ kind: 'text', value: text.slice(1, -1), at });
  else if (sign !== undefined) tokens.push({ kind: 'sign', value: sign, at });
  return float ?? int ?? name ?? text ?? sign;
}
