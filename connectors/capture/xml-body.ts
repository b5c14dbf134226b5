import { type SaxesAttributePlain, SaxesParser } from 'saxes';
import { MalformedBody } from './malformed.ts';

/** An element that is open, without prefixes. */
export interface OpenElement {
  readonly name: string;
  /** The attribute `type`, without a prefix: of a reference, what it refers to. */
  readonly type: string | null;
  /** The attribute `xsi:type`, whatever its prefix is. */
  readonly xsiType: string | null;
}

/** What becomes of the texts of a document. `stack` has the element that a text stands in at its end. */
export interface XmlRules {
  text(stack: readonly OpenElement[], text: string): string;
  /** An attribute that is neither a namespace nor a type; `name` without its prefix. */
  attribute(value: string, name: string): string;
  /** An element begins, or ends; it is the last of the stack. */
  open?(stack: readonly OpenElement[]): void;
  close?(stack: readonly OpenElement[]): void;
}

const MAX_DEPTH = 64;
const KNOWN_NAMESPACE =
  /^(?:urn:[a-z0-9]{1,20}|http:\/\/(?:schemas\.(?:xmlsoap|dmtf)\.org|www\.w3\.org|schemas\.microsoft\.com\/wbem)\/[\w./-]{0,120})$/;
const ELEMENT = /^(?:[A-Za-z]\w{0,39}:)?[A-Za-z_][\w.-]{0,79}$/;
const TYPE = /^(?:[A-Za-z]\w{0,39}:)?[A-Za-z]\w{0,79}$/;

/**
 * Rewrites the texts of an XML document; elements, their order and the space between them stay, comments go. Throws
 * MalformedBody on what is not well-formed or has a document type.
 */
export function rewriteXml(document: string, rules: XmlRules): string {
  const writer = new XmlWriter(rules);
  return writer.write(document);
}

class XmlWriter {
  readonly #rules: XmlRules;
  readonly #stack: OpenElement[] = [];
  readonly #out: string[] = [];
  #text = '';

  constructor(rules: XmlRules) {
    this.#rules = rules;
  }

  write(document: string): string {
    const parser = new SaxesParser({ xmlns: false });
    parser.on('error', () => {
      throw new MalformedBody('XML that is not well-formed');
    });
    parser.on('doctype', () => {
      throw new MalformedBody('XML with a document type');
    });
    parser.on('xmldecl', () => {
      this.#out.push('<?xml version="1.0" encoding="UTF-8"?>');
    });
    parser.on('opentag', ({ name, attributes, isSelfClosing }) => this.#open(name, attributes, isSelfClosing));
    parser.on('closetag', ({ name, isSelfClosing }) => this.#close(name, isSelfClosing));
    const append = (text: string): void => {
      this.#text += text;
    };
    parser.on('text', append);
    parser.on('cdata', append);
    parser.write(document).close();
    return this.#out.join('');
  }

  #open(name: string, attributes: Readonly<Record<string, string | SaxesAttributePlain>>, isEmpty: boolean): void {
    this.#flush();
    if (!ELEMENT.test(name) || this.#stack.length >= MAX_DEPTH) throw new MalformedBody('XML with unlikely elements');
    let type: string | null = null;
    let xsiType: string | null = null;
    const written = Object.entries(attributes).map(([key, given]) => {
      const value = typeof given === 'string' ? given : given.value;
      if (localOf(key) === 'type' && TYPE.test(value)) {
        if (key === 'type') type = value;
        else xsiType = localOf(value);
        return ` ${key}="${value}"`;
      }
      return ` ${key}="${escaped(this.#attribute(key, value))}"`;
    });
    this.#out.push(`<${name}${written.join('')}${isEmpty ? '/>' : '>'}`);
    this.#stack.push({ name: localOf(name), type, xsiType });
    this.#rules.open?.(this.#stack);
  }

  #attribute(key: string, value: string): string {
    if (!ELEMENT.test(key)) throw new MalformedBody('XML with unlikely attributes');
    const isNamespace = key === 'xmlns' || key.startsWith('xmlns:');
    return isNamespace && KNOWN_NAMESPACE.test(value) ? value : this.#rules.attribute(value, localOf(key));
  }

  #close(name: string, isEmpty: boolean): void {
    this.#flush();
    this.#rules.close?.(this.#stack);
    this.#stack.pop();
    if (!isEmpty) this.#out.push(`</${name}>`);
  }

  #flush(): void {
    const text = this.#text;
    this.#text = '';
    if (text === '') return;
    this.#out.push(/^\s*$/.test(text) ? escaped(text) : escaped(this.#rules.text(this.#stack, text)));
  }
}

const localOf = (name: string): string => name.slice(name.indexOf(':') + 1);

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

const escaped = (text: string): string => text.replace(/[&<>"\r]/g, (mark) => ESCAPES[mark] ?? mark);
