import { SaxesParser } from 'saxes';

/** An element of a request: names without prefixes. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const EMPTY = /^\s*$/;

/**
 * The elements of a request. It throws where the text is not well-formed, where a prefix is bound to nothing, and where
 * there is a document type.
 */
export function parseElement(xml: string): Element {
  const parser = new SaxesParser({ xmlns: true });
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open: Element[] = [root];
  parser.on('doctype', () => {
    throw new Error('a document type');
  });
  parser.on('opentag', (tag) => {
    const attributes = Object.fromEntries(Object.values(tag.attributes).map(({ local, value }) => [local, value]));
    const element: Element = { name: tag.local, attributes, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('text', (text) => {
    const element = open.at(-1);
    if (element) element.text += text;
  });
  parser.on('closetag', () => {
    const element = open.pop();
    if (element && element.children.length > 0 && EMPTY.test(element.text)) element.text = '';
  });
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(xml).close();
  const [document] = root.children;
  if (document === undefined) throw new Error('no element');
  return document;
}

/** Throws unless the text is well-formed; faster than making elements of it. */
export function assertWellFormed(xml: string): void {
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(xml).close();
}

export const child = (element: Element, name: string): Element | undefined =>
  element.children.find((each) => each.name === name);

export const children = (element: Element, name: string): readonly Element[] =>
  element.children.filter((each) => each.name === name);

export const textOf = (element: Element, name: string): string | undefined => child(element, name)?.text;

export const isTrue = (element: Element, name: string): boolean => ['true', '1'].includes(textOf(element, name) ?? '');
