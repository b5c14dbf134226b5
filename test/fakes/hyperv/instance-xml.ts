import { classUri, escapeXml } from './soap.ts';
import type { Found } from './wmi.ts';
import { dateTime, type Namespace, type Value } from './wmi-value.ts';

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const CIM = 'http://schemas.dmtf.org/wbem/wscim/1/common';

/** An instance of a whole class: an element of the class, in the namespace of the class. */
export function classElement(namespace: Namespace, { className, row }: Found): string {
  const attributes =
    `xmlns:p="${classUri(namespace, className)}" xmlns:xsi="${XSI}" xmlns:cim="${CIM}" ` +
    `xsi:type="p:${className}_Type" xml:lang="en-US"`;
  const properties = Object.entries(row).map(([name, value]) => property(`p:${name}`, value, 'cim:'));
  return `<p:${className} ${attributes}>${properties.join('')}</p:${className}>`;
}

/** What was projected of an instance: a fragment whose elements are in no namespace. */
export function fragment({ row }: Found): string {
  const properties = Object.entries(row).map(([name, value]) => property(name, value, ''));
  return `<w:XmlFragment xmlns:xsi="${XSI}">${properties.join('')}</w:XmlFragment>`;
}

function property(name: string, value: Value, cim: string): string {
  if (value === null) return `<${name} xsi:nil="true"/>`;
  if (Array.isArray(value)) return value.map((each) => property(name, each, cim)).join('');
  if (typeof value === 'object' && 'us' in value)
    return `<${name}><${cim}Datetime>${dateTime(value)}</${cim}Datetime></${name}>`;
  return `<${name}>${escapeXml(String(value))}</${name}>`;
}
