import type { Chosen } from './property-filter.ts';
import { isProperty, propertyAt } from './property-filter.ts';
import { escapeXml, type Ref, toXml } from './value.ts';

/** A property that may not be read: the type of the fault that stands in its place; null: it may. */
export type Withhold = (of: Ref, path: string) => string | null;

/** The wanted properties of an object as XML of their values, and those that are not there with the fault that says why. */
export interface Content {
  readonly values: ReadonlyMap<string, string>;
  readonly missing: ReadonlyMap<string, string>;
}

export function contentOf({ object, paths }: Chosen, withhold: Withhold, xsi: string): Content {
  const values = new Map<string, string>();
  const missing = new Map<string, string>();
  for (const path of paths ?? object.names) {
    const fault = isProperty(object, path) ? withhold(object.ref, path) : 'InvalidProperty';
    if (fault !== null) missing.set(path, fault);
    else {
      const value = propertyAt(object, path);
      // What is unset is told by neither set.
      if (value) values.set(path, toXml('val', value, true, xsi));
    }
  }
  return { values, missing };
}

export const objXml = ({ type, value }: Ref): string => `<obj type="${type}">${escapeXml(value)}</obj>`;

/** An ObjectContent. */
export function objectXml(name: string, of: Ref, { values, missing }: Content, xsi: string): string {
  let xml = `<${name}>${objXml(of)}`;
  for (const [path, val] of values) xml += `<propSet><name>${escapeXml(path)}</name>${val}</propSet>`;
  return `${xml}${missingXml(of, missing, xsi)}</${name}>`;
}

export function missingXml(of: Ref, missing: ReadonlyMap<string, string>, xsi: string): string {
  let xml = '';
  for (const [path, fault] of missing) {
    const fields =
      fault === 'InvalidProperty'
        ? `<name>${escapeXml(path)}</name>`
        : `<object type="${of.type}">${escapeXml(of.value)}</object><privilegeId>System.Read</privilegeId>`;
    xml +=
      `<missingSet><path>${escapeXml(path)}</path><fault><fault ${xsi}:type="${fault}">${fields}</fault>` +
      `<localizedMessage>${fault}</localizedMessage></fault></missingSet>`;
  }
  return xml;
}
