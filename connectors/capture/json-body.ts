import { MalformedBody } from './malformed.ts';

/** Where a text stands: the keys and places in lists above it. */
export type Path = readonly (string | number)[];

/** What becomes of texts, and of the keys of objects; both may be left as they are. */
export interface TextRules {
  key(path: Path, name: string): string;
  string(path: Path, text: string): string;
}

/** As XenAPI's old hosts write it: numbers that are none, and keys without quotes. */
const TOKEN = /(\s+)|("[^"\\]*(?:\\.[^"\\]*)*")|([{}[\],:])|([+-]?[A-Za-z0-9_.][A-Za-z0-9_.+-]*)/y;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const LITERAL = /^(?:true|false|null|[+-]?(?:nan|inf(?:inity)?))$/i;
const BARE_KEY = /^[A-Za-z_]+$/;
const MAX_DEPTH = 64;

interface Frame {
  readonly close: '}' | ']';
  /** The key or the place of what comes next, or is. */
  at: string | number;
  expects: 'key' | 'colon' | 'value' | 'end';
  empty: boolean;
}

/**
 * Rewrites the texts of a JSON document and keeps everything else to the letter: numbers with all their digits, spaces.
 * Throws MalformedBody.
 */
export function rewriteJson(document: string, rules: TextRules): string {
  return new JsonWriter(rules).write(document);
}

class JsonWriter {
  readonly #rules: TextRules;
  readonly #stack: Frame[] = [];
  readonly #out: string[] = [];
  #path: (string | number)[] = [];
  #done = false;

  constructor(rules: TextRules) {
    this.#rules = rules;
  }

  write(document: string): string {
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < document.length) {
      const at = TOKEN.lastIndex;
      const [, space, string, mark, word] = TOKEN.exec(document) ?? [];
      if (space !== undefined) this.#out.push(space);
      else if (mark !== undefined) this.#mark(mark);
      else if (string !== undefined) this.#string(parsed(string));
      else if (word !== undefined) this.#word(word);
      else throw new MalformedBody(`no JSON at character ${at}`);
    }
    if (!this.#done || this.#stack.length > 0) throw new MalformedBody('the JSON ends too early');
    return this.#out.join('');
  }

  #mark(mark: string): void {
    const frame = this.#stack.at(-1);
    if (mark === '{' || mark === '[') this.#open(mark);
    else if (frame === undefined) throw new MalformedBody(`${mark} outside of the JSON`);
    else if (mark === ':' && frame.expects === 'colon') frame.expects = 'value';
    else if (mark === ',' && frame.expects === 'end') {
      frame.expects = frame.close === '}' ? 'key' : 'value';
      if (typeof frame.at === 'number') frame.at++;
    } else if (mark === frame.close && (frame.expects === 'end' || frame.empty)) {
      this.#stack.pop();
      this.#path.pop();
      this.#ended();
    } else throw new MalformedBody(`${mark} where the JSON cannot have it`);
    this.#out.push(mark);
  }

  #open(mark: '{' | '['): void {
    this.#begin();
    if (this.#stack.length >= MAX_DEPTH) throw new MalformedBody('the JSON is nested too deep');
    const isObject = mark === '{';
    this.#stack.push({
      close: isObject ? '}' : ']',
      at: isObject ? '' : 0,
      expects: isObject ? 'key' : 'value',
      empty: true,
    });
    this.#path.push('');
  }

  #value(written: string): void {
    this.#begin();
    this.#out.push(written);
    this.#ended();
  }

  #pathOfValue(): Path {
    const at = this.#stack.at(-1)?.at;
    return at === undefined ? [] : [...this.#path.slice(0, -1), at];
  }

  /** A value begins. */
  #begin(): void {
    const frame = this.#stack.at(-1);
    if (frame === undefined ? this.#done : frame.expects !== 'value')
      throw new MalformedBody('a value where the JSON cannot have it');
    if (frame === undefined) return;
    frame.empty = false;
    this.#path[this.#path.length - 1] = frame.at;
  }

  /** A value has ended. */
  #ended(): void {
    const frame = this.#stack.at(-1);
    if (frame === undefined) this.#done = true;
    else frame.expects = 'end';
  }

  #key(frame: Frame, name: string, isBare: boolean): void {
    frame.at = name;
    frame.expects = 'colon';
    frame.empty = false;
    const written = this.#rules.key(this.#path.slice(0, -1), name);
    this.#out.push(isBare && written === name ? name : JSON.stringify(written));
  }

  #string(text: string): void {
    const frame = this.#stack.at(-1);
    if (frame?.expects === 'key') this.#key(frame, text, false);
    else this.#value(JSON.stringify(this.#rules.string(this.#pathOfValue(), text)));
  }

  #word(word: string): void {
    const frame = this.#stack.at(-1);
    if (frame?.expects === 'key' && BARE_KEY.test(word)) this.#key(frame, word, true);
    else if (NUMBER.test(word) || LITERAL.test(word)) this.#value(word);
    else throw new MalformedBody('no JSON: a word that is no value');
  }
}

function parsed(string: string): string {
  try {
    return JSON.parse(string);
  } catch {
    throw new MalformedBody('no JSON: a string that is none');
  }
}
