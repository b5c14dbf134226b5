import { child, eachRecord, textOf, type XmlRecord } from '../xml-record.ts';
import type { Attributes, XmlHandler } from '../xml-stream.ts';

/**
 * What a fault means for whoever asked:
 *
 * - `context`: the enumeration is forgotten, it must begin anew
 * - `timeout`: WMI did not answer in the time it was given
 * - `envelope`: the answer does not fit
 * - `quota`: too much at once, later it may do
 * - `absent`: no such class or namespace: an older build, or no Hyper-V
 * - `query`: no such property, as a rule: an older build
 * - `denied`: the user may not
 * - `other`
 */
export type FaultKind = 'context' | 'timeout' | 'envelope' | 'quota' | 'absent' | 'query' | 'denied' | 'other';

/** The service refuses: a SOAP fault, with the codes of Windows within. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly kind: FaultKind;
  constructor(kind: FaultKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

export const isFault = (error: unknown, ...kinds: readonly FaultKind[]): error is Fault =>
  error instanceof Fault && kinds.includes(error.kind);

/** By the local name of the fault's subcode (DSP0226 clause 14.6). */
const BY_SUBCODE: Readonly<Record<string, FaultKind>> = {
  InvalidEnumerationContext: 'context',
  TimedOut: 'timeout',
  EncodingLimit: 'envelope',
  QuotaLimit: 'quota',
  AccessDenied: 'denied',
  DestinationUnreachable: 'absent',
  CannotProcessFilter: 'query',
};

/** By the codes of WS-Management and WMI, which say more than a subcode does (`InternalError`, as a rule). */
const BY_CODE: Readonly<Record<string, FaultKind>> = {
  2150858793: 'timeout',
  5: 'denied',
  2147942405: 'denied',
  2147749891: 'denied',
  2147749902: 'absent',
  2147749904: 'absent',
  2147749911: 'query',
};

const MOST_TEXT = 300;

/** Reads the Fault of an answer. */
export class FaultReader implements XmlHandler {
  #record: XmlRecord | undefined;
  readonly #records = eachRecord(['Fault'], (record) => {
    this.#record = record;
  });

  open(name: string, depth: number, attributes: () => Attributes): void {
    this.#records.open(name, depth, attributes);
  }

  close(name: string, depth: number, text: string): void {
    this.#records.close(name, depth, text);
  }

  /** Throws the Fault, if there was one. */
  finish(): void {
    if (this.#record) throw faultOf(this.#record);
  }
}

function faultOf(record: XmlRecord): Fault {
  const value = textOf(child(child(record, 'Code'), 'Subcode'), 'Value') ?? '';
  const subcode = value.trim().slice(value.indexOf(':') + 1);
  const detail = child(record, 'Detail');
  const reason = textOf(child(record, 'Reason'), 'Text');
  const said = [...textsOf(detail)].filter((text) => /\s/.test(text.trim()));
  const codes = [...codesOf(detail)];
  const kind = codes.map((code) => BY_CODE[code]).find((known) => known !== undefined) ?? BY_SUBCODE[subcode];
  const words = [...new Set([reason, ...said].map((text) => (text ?? '').replace(/\s+/g, ' ').trim()))]
    .filter((text) => text !== '')
    .join(' ')
    .slice(0, MOST_TEXT);
  const shown = [subcode, ...codes.slice(0, 1).map((code) => `0x${code.toString(16)}`)].filter((text) => text !== '');
  return new Fault(kind ?? 'other', `${shown.join(' ')}: ${words || 'no reason is given'}`);
}

function* textsOf(record: XmlRecord | undefined): Generator<string> {
  if (!record) return;
  if (record.text.trim() !== '') yield record.text;
  for (const part of record.children) yield* textsOf(part);
}

/** What faults of providers within faults bear: as an attribute, as WMI's error object, or in the words. */
/** Of WMI's error objects, MSFT_WmiError and __ExtendedStatus. */
const ERROR_CODES = ['error_Code', 'StatusCode'];

function* codesOf(record: XmlRecord | undefined): Generator<number> {
  if (!record) return;
  // What is within knows more exactly.
  for (const part of record.children) yield* codesOf(part);
  if (record.code !== null && /^\d{1,10}$/.test(record.code)) yield Number(record.code);
  if (ERROR_CODES.includes(record.name) && /^\d{1,10}$/.test(record.text)) yield Number(record.text);
  for (const [hex] of record.text.matchAll(/\b0x80[0-9a-f]{6}\b/gi)) yield Number(hex);
}
