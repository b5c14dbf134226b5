import { isAscii } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { SaxesParser } from 'saxes';

/** Where the `type` of an element's value is said, and that it has none; the prefix bound to it varies from server to server. */
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

/** The attributes that mean something to a reader here. */
export interface Attributes {
  /** `<obj type="VirtualMachine">`: of vim25, which kind of managed object a reference is to. */
  readonly type: string | null;
  /** `xsi:type`, without a prefix in the value. */
  readonly xsiType: string | null;
  /** `xsi:nil="true"`: the element stands for null. */
  readonly isNil: boolean;
  /** `<WSManFault Code="5">`: of WS-Management. */
  readonly code: string | null;
}

/** Told of elements by their local names. Depth is 1 for the root. May throw XmlError. */
export interface XmlHandler {
  /** `attributes` reads those of this element, while it is being opened: most nobody wants. */
  open(name: string, depth: number, attributes: () => Attributes): void;
  /** `text`: what stood between the element's last tag within and its end; all of it for an element without children. */
  close(name: string, depth: number, text: string): void;
}

/** Not well-formed, hostile, or not what was asked for. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

/** Deeper than any answer that is asked for: devices of vim25 nest some 12 deep, lists of XML-RPC some 22. */
const MAX_DEPTH = 64;
/** In an answer no text is longer than an hour of one counter's samples or a note, some kilobytes. */
const MAX_PIECE = 1024 * 1024;
const NONE: Attributes = { type: null, xsiType: null, isNil: false, code: null };

/**
 * Reads a document piece by piece and keeps nothing of it. Rejects with an XmlError on what is not well-formed, on a
 * DTD, on entities other than the five, on elements nested too deep and on single pieces (a text, a tag) too long.
 */
export async function readXml(chunks: AsyncIterable<Uint8Array>, handler: XmlHandler): Promise<void> {
  const stream = new XmlStream(handler);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let isPlain = true;
  for await (const chunk of chunks) {
    // What TextDecoder makes takes saxes twice as long to read.
    isPlain &&= isAscii(chunk);
    stream.write(isPlain ? latin1(chunk) : decode(decoder, chunk));
  }
  stream.write(decode(decoder));
  stream.end();
}

const latin1 = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('latin1');

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new XmlError('the XML is not UTF-8', { cause });
  }
}

class XmlStream {
  readonly #parser = new SaxesParser({ xmlns: true });
  #depth = 0;
  #text = '';
  /** Characters in chunks since something was complete: what the parser holds on to. */
  #held = 0;

  constructor(handler: XmlHandler) {
    const parser = this.#parser;
    let given: SaxesAttributes = {};
    const attributes = (): Attributes => attributesOf(given);
    parser.on('error', (error) => {
      throw new XmlError(`the XML is not well-formed: ${error.message.slice(0, 200)}`);
    });
    parser.on('doctype', () => {
      throw new XmlError('the XML has a DTD, which is refused');
    });
    parser.on('opentag', (tag) => {
      this.#held = 0;
      this.#text = '';
      if (++this.#depth > MAX_DEPTH) throw new XmlError(`the XML is nested more than ${MAX_DEPTH} deep`);
      given = tag.attributes;
      handler.open(tag.local, this.#depth, attributes);
    });
    parser.on('text', (text) => this.#append(text));
    parser.on('cdata', (text) => this.#append(text));
    parser.on('closetag', (tag) => {
      this.#held = 0;
      const text = this.#text;
      this.#text = '';
      handler.close(tag.local, this.#depth--, text);
    });
  }

  write(text: string): void {
    this.#held += text.length;
    this.#parser.write(text);
    this.#check(this.#held);
  }

  end(): void {
    this.#parser.close();
  }

  #append(text: string): void {
    this.#text += text;
    this.#check(this.#text.length);
  }

  #check(length: number): void {
    if (length > MAX_PIECE) throw new XmlError(`the XML has a text or tag of more than ${MAX_PIECE} characters`);
  }
}

type SaxesAttributes = Readonly<
  Record<string, { readonly uri: string; readonly local: string; readonly value: string }>
>;

function attributesOf(given: SaxesAttributes): Attributes {
  let attributes = NONE;
  for (const { uri, local, value } of Object.values(given)) {
    if (uri === '' && local === 'type') attributes = { ...attributes, type: value };
    else if (uri === '' && local === 'Code') attributes = { ...attributes, code: value };
    else if (uri !== XSI) continue;
    else if (local === 'type') attributes = { ...attributes, xsiType: value.slice(value.indexOf(':') + 1) };
    else if (local === 'nil') attributes = { ...attributes, isNil: value === 'true' || value === '1' };
  }
  return attributes;
}
