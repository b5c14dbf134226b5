import { type Attributes, XmlError, type XmlHandler } from '../xml-stream.ts';
import { FaultReader } from './fault.ts';

/**
 * WS-Management over SOAP 1.2, as much as a WQL query takes ([MS-WSMV]; DMTF DSP0226):
 *
 *   Enumerate → EnumerateResponse: EnumerationContext, w:Items, w:EndOfSequence
 *   Pull      → PullResponse: EnumerationContext, n:Items, n:EndOfSequence
 *   Release   → an empty Body, or nothing
 *
 * What is asked for by name comes as `<w:XmlFragment>`, `select *` as an element of the class's own name. In it, an
 * element a property: `<Name>text</Name>`, `xsi:nil="true"` for null, the element again and again for an array, and for
 * a time `<cim:Datetime>` within. The namespaces of Items and EndOfSequence differ from server to server, their local
 * names do not. A context may still be told with the last of them: only EndOfSequence is the end.
 */

const NS = {
  s: 'http://www.w3.org/2003/05/soap-envelope',
  a: 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
  w: 'http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd',
  n: 'http://schemas.xmlsoap.org/ws/2004/09/enumeration',
  p: 'http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd',
} as const;
const ANONYMOUS = `${NS.a}/role/anonymous`;
const WQL = 'http://schemas.microsoft.com/wbem/wsman/1/WQL';

/** Rows in one answer; what the envelope has no room for comes with the next. */
export const MAX_ELEMENTS = 1000;
/** Bytes. Since Windows Server 2012 half a megabyte is allowed. */
const MAX_ENVELOPE = 512_000;

/** A WQL query: `namespace` as `root/cimv2`. */
export interface Query {
  readonly namespace: string;
  readonly wql: string;
}

/** What all requests of a session say of themselves. */
export interface Sender {
  /** The service's own url. */
  readonly to: string;
  readonly sessionId: string;
}

/** What one request says. `messageId` is a uuid. */
export interface Asked {
  readonly messageId: string;
  readonly timeoutMs: number;
}

type Action = 'Enumerate' | 'Pull' | 'Release';

/** At most `maxElements` rows with the answer, others with Pull. */
export const encodeEnumerate = (sender: Sender, query: Query, maxElements: number, asked: Asked): string =>
  envelope(
    sender,
    'Enumerate',
    query,
    asked,
    `<w:OptimizeEnumeration/><w:MaxElements>${maxElements}</w:MaxElements>` +
      `<w:Filter Dialect="${WQL}">${escapeXml(query.wql)}</w:Filter>`,
  );

export const encodePull = (sender: Sender, query: Query, context: string, maxElements: number, asked: Asked): string =>
  envelope(
    sender,
    'Pull',
    query,
    asked,
    `<n:EnumerationContext>${escapeXml(context)}</n:EnumerationContext><n:MaxElements>${maxElements}</n:MaxElements>`,
  );

export const encodeRelease = (sender: Sender, query: Query, context: string, asked: Asked): string =>
  envelope(sender, 'Release', query, asked, `<n:EnumerationContext>${escapeXml(context)}</n:EnumerationContext>`);

function envelope({ to, sessionId }: Sender, action: Action, { namespace }: Query, asked: Asked, body: string): string {
  const { messageId, timeoutMs } = asked;
  const namespaces = Object.entries(NS)
    .map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`)
    .join('');
  return (
    `<?xml version="1.0" encoding="UTF-8"?><s:Envelope${namespaces}><s:Header>` +
    `<a:To>${escapeXml(to)}</a:To>` +
    `<w:ResourceURI s:mustUnderstand="true">http://schemas.microsoft.com/wbem/wsman/1/wmi/${namespace}/*</w:ResourceURI>` +
    `<a:ReplyTo><a:Address s:mustUnderstand="true">${ANONYMOUS}</a:Address></a:ReplyTo>` +
    `<a:Action s:mustUnderstand="true">${NS.n}/${action}</a:Action>` +
    `<w:MaxEnvelopeSize s:mustUnderstand="true">${MAX_ENVELOPE}</w:MaxEnvelopeSize>` +
    `<a:MessageID>uuid:${messageId}</a:MessageID>` +
    '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/><p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>' +
    `<p:SessionId s:mustUnderstand="false">uuid:${sessionId}</p:SessionId>` +
    `<w:OperationTimeout>PT${(timeoutMs / 1000).toFixed(3)}S</w:OperationTimeout>` +
    `</s:Header><s:Body><n:${action}>${body}</n:${action}></s:Body></s:Envelope>`
  );
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escapeXml = (text: string): string => text.replace(/[&<>]/g, (character) => ESCAPES[character] as string);

/** An instance as it was sent: each property's values, null for nil; one unless it is an array. */
export type WmiRow = ReadonlyMap<string, readonly (string | null)[]>;

export interface Portion {
  readonly rows: readonly WmiRow[];
  /** For the next Pull; null: there is none. */
  readonly context: string | null;
  readonly isEnd: boolean;
}

/** Envelope, Body, the answer, Items, an instance, a property. */
const DEPTH = { section: 2, answer: 3, items: 4, row: 5, property: 6 } as const;
const MOST_ROWS = 50_000;

/** Reads an answer: what is in it is handed to the reader as it comes. `finish` throws the Fault that it is, if it is one. */
export class AnswerReader implements XmlHandler {
  readonly #rows: WmiRow[] = [];
  readonly #fault = new FaultReader();
  #row: Map<string, (string | null)[]> | undefined;
  #isBody = false;
  #answer: string | undefined;
  #isItems = false;
  #isNil = false;
  /** What an element within a property said. */
  #within: string | undefined;
  #context: string | null = null;
  #isEnd = false;

  open(name: string, depth: number, attributes: () => Attributes): void {
    if (depth === 1 && name !== 'Envelope') throw new XmlError(`<${name}> where an Envelope belongs`);
    if (depth === DEPTH.section) this.#isBody = name === 'Body';
    if (!this.#isBody) return;
    if (depth === DEPTH.answer) this.#answer ??= name;
    if (this.#answer === 'Fault') {
      this.#fault.open(name, depth, attributes);
      return;
    }
    if (depth === DEPTH.items) this.#isItems = name === 'Items';
    if (depth === DEPTH.row && this.#isItems) this.#row = new Map();
    if (depth !== DEPTH.property) return;
    this.#isNil = attributes().isNil;
    this.#within = undefined;
  }

  close(name: string, depth: number, text: string): void {
    if (!this.#isBody || depth < DEPTH.answer) return;
    if (this.#answer === 'Fault') this.#fault.close(name, depth, text);
    else if (depth === DEPTH.items) this.#closePart(name, text);
    else if (depth === DEPTH.row && this.#row) this.#closeRow(this.#row);
    else if (depth === DEPTH.property && this.#row) this.#closeProperty(this.#row, name, text);
    else if (depth > DEPTH.property) this.#within = text;
  }

  #closePart(name: string, text: string): void {
    this.#isItems = false;
    if (!this.#answer?.endsWith('Response')) return;
    if (name === 'EnumerationContext') this.#context = text.trim() || null;
    if (name === 'EndOfSequence') this.#isEnd = true;
  }

  #closeRow(row: WmiRow): void {
    if (this.#rows.length >= MOST_ROWS) throw new XmlError(`an answer of more than ${MOST_ROWS} instances`);
    this.#rows.push(row);
    this.#row = undefined;
  }

  #closeProperty(row: Map<string, (string | null)[]>, name: string, text: string): void {
    const value = this.#isNil ? null : (this.#within ?? text);
    const values = row.get(name);
    if (values) values.push(value);
    else row.set(name, [value]);
  }

  /** Throws a Fault if it was one, an XmlError if it was neither. */
  finish(expected: 'EnumerateResponse' | 'PullResponse'): Portion {
    this.#fault.finish();
    if (this.#answer !== expected) throw new XmlError(`no ${expected} in it`);
    return { rows: this.#rows, context: this.#context, isEnd: this.#isEnd };
  }
}
