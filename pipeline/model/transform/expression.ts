import { ExpressionFault, type Token, tokensOf } from './expression-tokens.ts';
import type { Binary } from './python-number.ts';

export type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!=';

/** An expression as read. */
export type Expression =
  | { readonly kind: 'constant'; readonly value: number | bigint | string | boolean | null }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'sign'; readonly sign: '+' | '-'; readonly operand: Expression }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'binary'; readonly operator: Binary; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'compare';
      readonly first: Expression;
      readonly rest: readonly { readonly operator: Comparison; readonly operand: Expression }[];
    }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly then: Expression;
      readonly otherwise: Expression;
    };

const MOST_CHARACTERS = 1000;
const MOST_DEPTH = 60;
const COMPARISONS: readonly string[] = ['<', '<=', '>', '>=', '==', '!='];
const CONSTANTS: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null };
const RESERVED = new Set(
  'and as assert break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);

/**
 * Reads the part of Python's expressions that scales and arithmetic need:
 *
 *     test       = or_test ["if" or_test "else" test]
 *     or_test    = and_test {"or" and_test}
 *     and_test   = not_test {"and" not_test}
 *     not_test   = "not" not_test | comparison
 *     comparison = sum {("<" | "<=" | ">" | ">=" | "==" | "!=") sum}
 *     sum        = product {("+" | "-") product}
 *     product    = factor {("*" | "/" | "//" | "%") factor}
 *     factor     = ("+" | "-") factor | power
 *     power      = atom {"." name} ["**" factor]
 *     atom       = number | text | name | "(" test ")"
 *
 * Nothing else: no call, no index, no name with two underscores before it. Throws an ExpressionFault.
 */
export function parseExpression(text: string): Expression {
  if (text.length > MOST_CHARACTERS)
    throw new ExpressionFault(`longer than ${MOST_CHARACTERS} characters`, MOST_CHARACTERS);
  // eval() strips what stands before, and newlines at the end.
  const reader = createReader(tokensOf(text.trim()), text.trim().length);
  const expression = readTest(reader, 0);
  const left = reader.peek();
  if (left !== undefined) throw new ExpressionFault(unexpected(left), left.at);
  return expression;
}

interface Reader {
  peek(): Token | undefined;
  /** Takes the next word if it is one of these signs or words. */
  take(...words: readonly string[]): string | undefined;
  next(): Token;
}

function createReader(tokens: readonly Token[], end: number): Reader {
  let index = 0;
  return {
    peek: () => tokens[index],
    take(...words) {
      const token = tokens[index];
      if (token === undefined || (token.kind !== 'sign' && token.kind !== 'name')) return undefined;
      if (!words.includes(token.value)) return undefined;
      index++;
      return token.value;
    },
    next() {
      const token = tokens[index++];
      if (token === undefined) throw new ExpressionFault('ends too early', end);
      return token;
    },
  };
}

function unexpected(token: Token): string {
  if (token.kind === 'sign' && token.value === '(') return 'calls are not allowed';
  if (token.kind === 'text') return 'a text is not expected here';
  return `"${token.value}" is not expected here`;
}

function readTest(reader: Reader, depth: number): Expression {
  if (depth > MOST_DEPTH) throw new ExpressionFault('nested too deep', reader.peek()?.at ?? 0);
  const then = readOr(reader, depth);
  if (reader.take('if') === undefined) return then;
  const condition = readOr(reader, depth);
  if (reader.take('else') === undefined) {
    const token = reader.next();
    throw new ExpressionFault('"else" is expected here', token.at);
  }
  return { kind: 'if', condition, then, otherwise: readTest(reader, depth + 1) };
}

function readOr(reader: Reader, depth: number): Expression {
  let left = readAnd(reader, depth);
  while (reader.take('or') !== undefined) left = { kind: 'or', left, right: readAnd(reader, depth) };
  return left;
}

function readAnd(reader: Reader, depth: number): Expression {
  let left = readNot(reader, depth);
  while (reader.take('and') !== undefined) left = { kind: 'and', left, right: readNot(reader, depth) };
  return left;
}

function readNot(reader: Reader, depth: number): Expression {
  if (depth > MOST_DEPTH) throw new ExpressionFault('nested too deep', reader.peek()?.at ?? 0);
  if (reader.take('not') !== undefined) return { kind: 'not', operand: readNot(reader, depth + 1) };
  const first = readSum(reader, depth);
  const rest: { operator: Comparison; operand: Expression }[] = [];
  for (let sign = reader.take(...COMPARISONS); sign !== undefined; sign = reader.take(...COMPARISONS))
    rest.push({ operator: sign as Comparison, operand: readSum(reader, depth) });
  return rest.length === 0 ? first : { kind: 'compare', first, rest };
}

function readSum(reader: Reader, depth: number): Expression {
  let left = readProduct(reader, depth);
  for (let sign = reader.take('+', '-'); sign !== undefined; sign = reader.take('+', '-'))
    left = { kind: 'binary', operator: sign as Binary, left, right: readProduct(reader, depth) };
  return left;
}

function readProduct(reader: Reader, depth: number): Expression {
  let left = readFactor(reader, depth);
  for (let sign = reader.take('*', '/', '//', '%'); sign !== undefined; sign = reader.take('*', '/', '//', '%'))
    left = { kind: 'binary', operator: sign as Binary, left, right: readFactor(reader, depth) };
  return left;
}

function readFactor(reader: Reader, depth: number): Expression {
  if (depth > MOST_DEPTH) throw new ExpressionFault('nested too deep', reader.peek()?.at ?? 0);
  const sign = reader.take('+', '-');
  if (sign !== undefined) return { kind: 'sign', sign: sign as '+' | '-', operand: readFactor(reader, depth + 1) };
  let base = readAtom(reader, depth);
  while (reader.take('.') !== undefined) {
    const token = reader.next();
    if (token.kind !== 'name') throw new ExpressionFault(unexpected(token), token.at);
    base = { kind: 'attribute', of: base, name: plainName(token.value, token.at) };
  }
  if (reader.take('**') === undefined) return base;
  return { kind: 'binary', operator: '**', left: base, right: readFactor(reader, depth + 1) };
}

function readAtom(reader: Reader, depth: number): Expression {
  const token = reader.next();
  if (token.kind === 'number' || token.kind === 'text') return { kind: 'constant', value: token.value };
  if (token.kind === 'name') {
    const constant = Object.hasOwn(CONSTANTS, token.value) ? CONSTANTS[token.value] : undefined;
    if (constant !== undefined) return { kind: 'constant', value: constant };
    return { kind: 'name', name: plainName(token.value, token.at) };
  }
  if (token.value !== '(') throw new ExpressionFault(unexpected(token), token.at);
  const inner = readTest(reader, depth + 1);
  if (reader.take(')') !== undefined) return inner;
  const other = reader.next();
  throw new ExpressionFault(unexpected(other), other.at);
}

function plainName(name: string, at: number): string {
  if (RESERVED.has(name) || Object.hasOwn(CONSTANTS, name))
    throw new ExpressionFault(`"${name}" is not expected here`, at);
  if (name.startsWith('__')) throw new ExpressionFault(`names such as ${name} are not allowed`, at);
  return name;
}
