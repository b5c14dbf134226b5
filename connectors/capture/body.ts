import { rewriteJson } from './json-body.ts';
import { MalformedBody } from './malformed.ts';
import type { Product } from './product.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { rewriteVim25 } from './vim25-body.ts';
import { rewriteWsman } from './wsman-body.ts';
import { XapiRules } from './xapi-rules.ts';
import { rewriteXmlRpc, rewriteXport } from './xapi-xml-body.ts';

export interface BodyOptions {
  readonly texts: Pseudonyms;
  readonly product: Product;
  readonly isLogin: boolean;
}

const ROOT = /^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:\w+:)?(\w+)/s;
/** Of which version the envelope is: WS-Management takes this one, vim25 the other. */
const SOAP_1_2 = /<(?:\w+:)?Envelope\s[^>]*['"]http:\/\/www\.w3\.org\/2003\/05\/soap-envelope['"]/;
const DIALECTS: Readonly<Record<string, (document: string, options: BodyOptions) => string>> = {
  Envelope: (document, options) =>
    SOAP_1_2.test(document) ? rewriteWsman(document, options) : rewriteVim25(document, options),
  methodCall: rewriteXmlRpc,
  methodResponse: rewriteXmlRpc,
  xport: rewriteXport,
};

/**
 * A body with every text in it replaced that is not known to be harmless: SOAP of vim25 and of
 * WS-Management, XML-RPC and JSON-RPC of XenAPI, and
 * statistics in both of theirs. Throws MalformedBody where it is none of these or not well-formed.
 */
export function rewriteBody(bytes: Uint8Array, options: BodyOptions): string {
  const document = decode(bytes);
  if (document.trim() === '') return document;
  const written = rewriteDocument(document, options);
  if (options.texts.betrays(written)) throw new MalformedBody('a secret stands where none was looked for');
  return written;
}

function rewriteDocument(document: string, options: BodyOptions): string {
  const root = ROOT.exec(document)?.[1];
  const rewrite = root === undefined ? undefined : DIALECTS[root];
  if (rewrite !== undefined) return rewrite(document, options);
  if (/^\s*[{[]/.test(document)) return rewriteJson(document, new XapiRules(options));
  throw new MalformedBody('neither SOAP, XML-RPC, statistics nor JSON');
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new MalformedBody('no UTF-8');
  }
}
