/** A reference to a managed object. */
export interface Ref {
  readonly type: string;
  readonly value: string;
}

export type Field = readonly [name: string, value: Value];

/** A value of vim25 with its type, as it is written into XML. */
export type Value =
  /** One of a simple type: xsd:string, xsd:int, or an enumeration's name. `any`: where the schema has any type, so it is named. */
  | { readonly is: 'text'; readonly type: string; readonly text: string; readonly any?: true }
  | { readonly is: 'ref'; readonly ref: Ref }
  /** `derived`: a subtype of what stands in the schema, so that it names its type wherever it is. */
  | { readonly is: 'object'; readonly type: string; readonly fields: readonly Field[]; readonly derived: boolean }
  /** An array. `item` is the name of an element in an ArrayOf…, and the declared type. */
  | { readonly is: 'list'; readonly item: string; readonly values: readonly Value[] };

export const string = (text: string): Value => ({ is: 'text', type: 'xsd:string', text });
export const anyString = (text: string): Value => ({ is: 'text', type: 'xsd:string', text, any: true });
export const int = (value: number): Value => ({ is: 'text', type: 'xsd:int', text: String(value) });
export const short = (value: number): Value => ({ is: 'text', type: 'xsd:short', text: String(value) });
export const long = (value: number | bigint): Value => ({ is: 'text', type: 'xsd:long', text: String(value) });
export const bool = (value: boolean): Value => ({ is: 'text', type: 'xsd:boolean', text: String(value) });
export const time = (us: number): Value => ({ is: 'text', type: 'xsd:dateTime', text: isoTime(us) });
/** A constant of an enumeration. */
export const constant = (type: string, text: string): Value => ({ is: 'text', type, text });
export const ref = (of: Ref): Value => ({ is: 'ref', ref: of });
export const object = (type: string, fields: readonly Field[]): Value => ({
  is: 'object',
  type,
  fields,
  derived: false,
});
export const derived = (type: string, fields: readonly Field[]): Value => ({
  is: 'object',
  type,
  fields,
  derived: true,
});
export const list = (item: string, values: readonly Value[]): Value => ({ is: 'list', item, values });
export const refs = (all: readonly Ref[]): Value => list('ManagedObjectReference', all.map(ref));

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

export const escapeXml = (text: string): string =>
  /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char) : text;

/** Microseconds since 1970 as an xsd:dateTime in UTC, with as much of a fraction as there is. */
export function isoTime(us: number): string {
  const second = Math.floor(us / 1e6);
  const fraction = us - second * 1e6;
  const whole = new Date(second * 1000).toISOString().slice(0, 19);
  return fraction === 0 ? `${whole}Z` : `${whole}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}Z`;
}

/**
 * An element of a value. `typed`: where any type may stand, so its own has to be named.
 *
 * @param xsi the prefix that is bound to XML Schema's instance namespace
 */
export function toXml(name: string, value: Value, typed: boolean, xsi: string): string {
  const type = (of: string): string => (typed ? ` ${xsi}:type="${of}"` : '');
  switch (value.is) {
    case 'text':
      return `<${name}${value.any ? ` ${xsi}:type="${value.type}"` : type(value.type)}>${escapeXml(value.text)}</${name}>`;
    case 'ref':
      return `<${name} type="${value.ref.type}"${type('ManagedObjectReference')}>${escapeXml(value.ref.value)}</${name}>`;
    case 'object': {
      const named = typed || value.derived ? ` ${xsi}:type="${value.type}"` : '';
      return `<${name}${named}>${fieldsXml(value.fields, xsi)}</${name}>`;
    }
    case 'list': {
      const items = value.values.map((item) => toXml(value.item, item, false, xsi)).join('');
      return `<${name}${type(arrayType(value.item))}>${items}</${name}>`;
    }
  }
}

function fieldsXml(fields: readonly Field[], xsi: string): string {
  let xml = '';
  for (const [name, value] of fields) {
    // An array that is a field is its elements, one after the other.
    if (value.is === 'list') for (const item of value.values) xml += toXml(name, item, false, xsi);
    else xml += toXml(name, value, false, xsi);
  }
  return xml;
}

const arrayType = (item: string): string => `ArrayOf${item.charAt(0).toUpperCase()}${item.slice(1)}`;

/** What is at a path within a value, as `hardware.device` or `extraConfig["a.b"].value`; undefined: it is unset. */
export function lookUp(value: Value, path: string): Value | undefined {
  if (path === '') return value;
  const step = /^\.?(\w+)|^\["?([^\]"]*)"?\]/.exec(path);
  if (step === null) return undefined;
  const next = step[1] === undefined ? byKey(value, step[2] ?? '') : field(value, step[1]);
  return next && lookUp(next, path.slice(step[0].length));
}

export function field(value: Value, name: string): Value | undefined {
  return value.is === 'object' ? value.fields.find(([each]) => each === name)?.[1] : undefined;
}

function byKey(value: Value, key: string): Value | undefined {
  if (value.is !== 'list') return undefined;
  return value.values.find((item) => {
    const own = field(item, 'key');
    return own?.is === 'text' && own.text === key;
  });
}
