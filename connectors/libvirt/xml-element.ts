import { SaxesParser } from 'saxes';

/** An XML element with its namespace; text is its own, without its children's. */
export interface Element {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

interface Growing extends Element {
  readonly children: Element[];
  text: string;
}

/** Deeper than any domain's XML; keeps a hostile one from growing the stack of whoever walks the tree. */
const MAX_DEPTH = 64;

/** Parses a document into its root element. Throws an Error on what is not well-formed, or nested beyond reason. */
export function parseXml(xml: string): Element {
  const parser = new SaxesParser({ xmlns: true });
  const open: Growing[] = [];
  let root: Element | undefined;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    const attributes: Record<string, string> = Object.create(null);
    for (const { local, value } of Object.values(tag.attributes)) attributes[local] = value;
    const element: Growing = { name: tag.local, namespace: tag.uri, attributes, children: [], text: '' };
    open.at(-1)?.children.push(element);
    root ??= element;
    if (open.push(element) > MAX_DEPTH) throw new Error(`elements are nested more than ${MAX_DEPTH} deep`);
  });
  const append = (text: string): void => {
    const element = open.at(-1);
    if (element) element.text += text;
  };
  parser.on('text', append);
  parser.on('cdata', append);
  parser.on('closetag', () => {
    open.pop();
  });
  parser.write(xml).close();
  if (!root) throw new Error('an empty document');
  return root;
}

/** The first child of that name. */
export const child = (of: Element | undefined, name: string): Element | undefined =>
  of?.children.find((element) => element.name === name);

/** An element's trimmed text, null if it is absent or empty. */
export const textOf = (element: Element | undefined): string | null => element?.text.trim() || null;

/** An attribute, null if it is absent or empty. */
export const attribute = (element: Element | undefined, name: string): string | null =>
  element?.attributes[name] || null;
