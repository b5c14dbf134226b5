import { rewriteLegendEntry } from './rrd-legend.ts';
import { isBoolean, isMethod, isNumber, isTime } from './shapes.ts';
import { type XapiOptions, XapiRules } from './xapi-rules.ts';
import { type OpenElement, rewriteXml, type XmlRules } from './xml-body.ts';

/** Rewrites XenAPI's XML-RPC: keys and texts stand where they would in its JSON. Throws MalformedBody. */
export const rewriteXmlRpc = (document: string, options: XapiOptions): string =>
  rewriteXml(document, new XmlRpcRules(options));

/** Rewrites statistics as rrdtool exports them. Throws MalformedBody. */
export const rewriteXport = (document: string, { texts }: XapiOptions): string =>
  rewriteXml(document, {
    attribute: (value) => texts.text(value),
    text: (stack, text) => {
      const name = stack.at(-1)?.name ?? '';
      if (name === 'entry') return rewriteLegendEntry(text.trim(), texts);
      return XPORT.has(name) && isNumber(text) ? text : texts.text(text);
    },
  });

const XPORT = new Set(['start', 'step', 'end', 'rows', 'columns', 't', 'v']);

class XmlRpcRules implements XmlRules {
  readonly #rules: XapiRules;
  readonly #options: XapiOptions;
  /** As in JSON: the key in each struct that is open, the place in each list. */
  readonly #path: (string | number)[] = [];

  constructor(options: XapiOptions) {
    this.#options = options;
    this.#rules = new XapiRules(options);
  }

  attribute(value: string): string {
    return this.#options.texts.text(value);
  }

  open(stack: readonly OpenElement[]): void {
    const name = stack.at(-1)?.name;
    if (name === 'struct') this.#path.push('');
    else if (name === 'data') this.#path.push(0);
    else if (isParameters(stack)) this.#path.push('params', 0);
  }

  close(stack: readonly OpenElement[]): void {
    const name = stack.at(-1)?.name;
    if (name === 'struct' || name === 'data') this.#path.pop();
    else if (isParameters(stack)) this.#path.length -= 2;
    else if (name === 'param' || (name === 'value' && stack.at(-2)?.name === 'data')) this.#next();
  }

  text(stack: readonly OpenElement[], text: string): string {
    const { texts } = this.#options;
    const name = stack.at(-1)?.name ?? '';
    switch (name) {
      case 'methodName':
        return isMethod(text) ? text : texts.text(text);
      case 'name':
        this.#path[this.#path.length - 1] = text;
        return this.#rules.key(this.#path.slice(0, -1), text);
      case 'string':
      case 'value':
        return this.#rules.string(this.#path, text);
      default:
        return SCALARS[name]?.(text) ? text : texts.text(text);
    }
  }

  #next(): void {
    const place = this.#path.at(-1);
    if (typeof place === 'number') this.#path[this.#path.length - 1] = place + 1;
  }
}

const SCALARS: Readonly<Record<string, (text: string) => boolean>> = {
  int: isNumber,
  i4: isNumber,
  i8: isNumber,
  double: isNumber,
  boolean: isBoolean,
  'dateTime.iso8601': isTime,
};

/** An answer's only parameter is its value. */
const isParameters = (stack: readonly OpenElement[]): boolean =>
  stack.at(-1)?.name === 'params' && stack.at(-2)?.name === 'methodCall';
