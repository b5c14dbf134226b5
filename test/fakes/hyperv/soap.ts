import { child, type Element } from '../vsphere/element.ts';
import type { Namespace } from './wmi-value.ts';

export const NS = {
  s: 'http://www.w3.org/2003/05/soap-envelope',
  a: 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
  n: 'http://schemas.xmlsoap.org/ws/2004/09/enumeration',
  w: 'http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd',
  p: 'http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd',
} as const;

export const ENUMERATION = 'http://schemas.xmlsoap.org/ws/2004/09/enumeration';
export const WQL_DIALECT = 'http://schemas.microsoft.com/wbem/wsman/1/WQL';
const WMI = 'http://schemas.microsoft.com/wbem/wsman/1/wmi/';
const SOAP_TYPE = 'application/soap+xml';

export const ANSWER_TYPE = `${SOAP_TYPE};charset=UTF-8`;
export const isSoap = (contentType: string | undefined): boolean =>
  (contentType ?? '').split(';')[0]?.trim().toLowerCase() === SOAP_TYPE;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escapeXml = (text: string): string => text.replaceAll(/[&<>"]/g, (each) => ESCAPES[each] ?? each);

/** An answer's envelope around the XML of its body. */
export function envelope(action: string, relatesTo: string, messageId: string, body: string): string {
  const namespaces = Object.entries(NS)
    .map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`)
    .join(' ');
  const relates = relatesTo === '' ? '' : `<a:RelatesTo>${escapeXml(relatesTo)}</a:RelatesTo>`;
  const to = 'http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous';
  return (
    `<s:Envelope xml:lang="en-US" ${namespaces}><s:Header><a:Action>${action}</a:Action>` +
    `<a:MessageID>${messageId}</a:MessageID><a:To>${to}</a:To>${relates}</s:Header><s:Body>${body}</s:Body></s:Envelope>`
  );
}

/** `root/cimv2/Name` of a resource URI of WMI; the name is `*` where a query says it. Null: no such resource. */
export function resourceOf(uri: string): { readonly namespace: Namespace; readonly name: string } | null {
  if (!uri.startsWith(WMI)) return null;
  const path = uri.slice(WMI.length);
  const slash = path.lastIndexOf('/');
  const namespace = path.slice(0, slash).toLowerCase();
  if (namespace !== 'root/cimv2' && namespace !== 'root/virtualization/v2') return null;
  return { namespace, name: path.slice(slash + 1) };
}

export const classUri = (namespace: Namespace, name: string): string => `${WMI}${namespace}/${name}`;

const UNDERSTOOD = new Set(
  ['To', 'Action', 'ResourceURI', 'ReplyTo', 'MessageID', 'MaxEnvelopeSize', 'OperationTimeout', 'Locale'].concat([
    'DataLocale',
    'SessionId',
    'OperationID',
    'SequenceId',
    'SelectorSet',
    'OptionSet',
  ]),
);

/** A header that must be understood and is not; undefined if there is none. */
export const notUnderstood = (header: Element): string | undefined =>
  header.children.find(
    ({ name, attributes }) => ['true', '1'].includes(attributes.mustUnderstand ?? '') && !UNDERSTOOD.has(name),
  )?.name;

export interface Envelope {
  readonly header: Element;
  readonly body: Element;
}

/** The text of an element, without the space around it. */
export const text = (element: Element | undefined, name: string): string =>
  (element && child(element, name)?.text.trim()) ?? '';

/** Seconds of `PT20S`, `PT20.000S` or `PT1M`; null: another form. */
export function seconds(duration: string): number | null {
  const [, minutes, rest] = /^PT(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$/.exec(duration) ?? [];
  return minutes === undefined && rest === undefined ? null : Number(minutes ?? 0) * 60 + Number(rest ?? 0);
}
