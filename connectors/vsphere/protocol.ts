import { child, eachRecord, textOf, type XmlRecord } from '../xml-record.ts';
import { readXml, XmlError, type XmlHandler } from '../xml-stream.ts';

/**
 * SOAP 1.1 as vim25 speaks it, document style:
 *
 *   Envelope = <soapenv:Envelope><soapenv:Body> Call | Answer | Fault </soapenv:Body></soapenv:Envelope>
 *   Call     = <Method xmlns="urn:vim25"><_this type="Type">id</_this> argument … </Method>
 *   Answer   = <MethodResponse xmlns="urn:vim25"> <returnval>…</returnval> … </MethodResponse>
 *   Fault    = <soapenv:Fault><faultcode/><faultstring/><detail><NameFault xsi:type="Name">…</NameFault></detail></soapenv:Fault>
 *
 * An answer comes with HTTP 200, a fault with 500. Optional arguments and properties are left out, never empty.
 */

/** A reference to an object of the server: its type, and an id that means something to that server only. */
export interface Moref {
  readonly type: string;
  readonly id: string;
}

/** One method of one object with its arguments as XML, in the order of the WSDL. */
export interface SoapCall {
  readonly method: string;
  readonly on: Moref;
  readonly body: string;
  /** Made beside the polls: not one of their calls. */
  readonly isAside?: boolean;
}

/** What the server refuses, by the fault's name in the API reference (NotAuthenticated, InvalidLogin …). */
export class VimFault extends Error {
  override readonly name = 'VimFault';
  readonly fault: string;
  /** The object that it is about, if it says so. */
  readonly about: string | null;
  constructor(fault: string, message: string, about: string | null) {
    super(message);
    this.fault = fault;
    this.about = about;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to write these
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;

/** Text as it stands in an element or an attribute. Throws a RangeError on characters that XML cannot hold. */
export function escapeXml(text: string): string {
  if (UNWRITABLE.test(text)) throw new RangeError('a character that XML cannot hold');
  // A carriage return would be read as a line feed.
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string).replaceAll('\r', '&#13;');
}

export const element = (name: string, text: string | number | boolean): string =>
  `<${name}>${escapeXml(String(text))}</${name}>`;

export const moref = (name: string, { type, id }: Moref): string =>
  `<${name} type="${escapeXml(type)}">${escapeXml(id)}</${name}>`;

export const encodeCall = ({ method, on, body }: SoapCall): string =>
  '<?xml version="1.0" encoding="UTF-8"?>' +
  '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"' +
  ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>' +
  `<${method} xmlns="urn:vim25">${moref('_this', on)}${body}</${method}>` +
  '</soapenv:Body></soapenv:Envelope>';

/** Where an answer or a fault stands: Envelope, Body, then it. */
const ANSWER_DEPTH = 3;

/**
 * Reads the answer to a method: what is in it goes to `handler`. Rejects with a VimFault where the server refuses,
 * with an XmlError where it is neither.
 */
export async function readAnswer(
  method: string,
  chunks: AsyncIterable<Uint8Array>,
  handler: XmlHandler,
): Promise<void> {
  let fault: VimFault | undefined;
  let answered = false;
  const faults = eachRecord(['Fault'], (record) => {
    fault = faultOf(record);
  });
  let target: XmlHandler | undefined;
  await readXml(chunks, {
    open: (name, depth, attributes) => {
      if (depth === ANSWER_DEPTH) {
        answered ||= name === `${method}Response`;
        target = name === 'Fault' ? faults : name === `${method}Response` ? handler : undefined;
      }
      if (depth < ANSWER_DEPTH || (depth === ANSWER_DEPTH && target === handler)) return;
      target?.open(name, depth, attributes);
    },
    close: (name, depth, text) => {
      if (depth < ANSWER_DEPTH || (depth === ANSWER_DEPTH && target === handler)) return;
      target?.close(name, depth, text);
    },
  });
  if (fault) throw fault;
  if (!answered) throw new XmlError(`no answer to ${method} in it`);
}

/** Where the faults that matter here name an object. */
const ABOUT = ['obj', 'object', 'entity'];
const MOST_TEXT = 300;

function faultOf(record: XmlRecord): VimFault {
  const [detail] = child(record, 'detail')?.children ?? [];
  const name = detail?.xsiType ?? detail?.name.replace(/Fault$/, '') ?? 'unnamed fault';
  const said = [textOf(record, 'faultstring'), textOf(detail, 'details'), textOf(detail, 'name')];
  const words = said
    .filter((text) => text !== null)
    .join(', ')
    .replace(/\s+/g, ' ')
    .slice(0, MOST_TEXT);
  const about = detail?.children.find((part) => ABOUT.includes(part.name))?.text ?? null;
  return new VimFault(name, words === '' ? name : `${name}: ${words}`, about || null);
}
