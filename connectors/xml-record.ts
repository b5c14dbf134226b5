import { type Attributes, XmlError, type XmlHandler } from './xml-stream.ts';

/** One element of an answer with what is in it: an object, a counter, a device. Never a whole answer. */
export interface XmlRecord extends Attributes {
  readonly name: string;
  /** Of an element without children. */
  readonly text: string;
  readonly children: readonly XmlRecord[];
}

interface Growing extends XmlRecord {
  text: string;
  readonly children: Growing[];
}

/** A VM with hundreds of devices has some ten thousand. */
const MAX_ELEMENTS = 100_000;

/** Hands over every outermost element that `wanted` names as a record, as soon as it is complete; passes over the rest. */
export function eachRecord(wanted: readonly string[], onRecord: (record: XmlRecord) => void): XmlHandler {
  const open: Growing[] = [];
  let elements = 0;
  return {
    open: (name, _depth, attributes) => {
      const parent = open.at(-1);
      if (parent === undefined && !wanted.includes(name)) return;
      if (++elements > MAX_ELEMENTS)
        throw new XmlError(`a <${open[0]?.name ?? name}> of more than ${MAX_ELEMENTS} elements`);
      const record: Growing = { name, ...attributes(), text: '', children: [] };
      parent?.children.push(record);
      open.push(record);
    },
    close: (_name, _depth, text) => {
      const record = open.pop();
      if (record === undefined) return;
      record.text = text;
      if (open.length > 0) return;
      elements = 0;
      onRecord(record);
    },
  };
}

/** The first child of that name. */
export const child = (of: XmlRecord | undefined, name: string): XmlRecord | undefined =>
  of?.children.find((record) => record.name === name);

/** The text of the first child of that name; null if it is absent or empty. */
export const textOf = (of: XmlRecord | undefined, name: string): string | null => child(of, name)?.text || null;
