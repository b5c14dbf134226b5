import { SaxesParser } from 'saxes';

/**
 * A value of XenAPI. Its 64-bit integers travel as strings; a number here is one of the few 32-bit ones
 * (`valid_ref_counts`), or a float where it has a fraction.
 */
export type Wire = string | boolean | number | Date | readonly Wire[] | { readonly [key: string]: Wire };
export type Outcome = { readonly value: Wire } | { readonly error: readonly string[] };

/** `20260310T12:00:00Z`, in both protocols. */
const timestamp = (date: Date): string => date.toISOString().replace(/[-]/g, '').replace(/\.\d+/, '');

const json = (value: Wire): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, key: string, converted: unknown) {
    const original = this[key];
    return original instanceof Date ? timestamp(original) : converted;
  });

/** JSON-RPC 2.0 as xapi answers it: errors have code 1, the name as message and the parameters as data. */
export function jsonAnswer(id: unknown, outcome: Outcome): string {
  const tail = `"id":${JSON.stringify(id ?? null)}}`;
  if ('value' in outcome) return `{"jsonrpc":"2.0","result":${json(outcome.value)},${tail}`;
  const [message, ...data] = outcome.error;
  return `{"jsonrpc":"2.0","error":${JSON.stringify({ code: 1, message, data })},${tail}`;
}

const escaped = (text: string): string => text.replace(/[<>&]/g, (mark) => `&#${mark.charCodeAt(0)};`);

function xml(value: Wire): string {
  if (typeof value === 'string') return `<value>${escaped(value)}</value>`;
  if (typeof value === 'boolean') return `<value><boolean>${value ? 1 : 0}</boolean></value>`;
  if (typeof value === 'number')
    return Number.isInteger(value) ? `<value><i4>${value}</i4></value>` : `<value><double>${value}</double></value>`;
  if (value instanceof Date) return `<value><dateTime.iso8601>${timestamp(value)}</dateTime.iso8601></value>`;
  if (Array.isArray(value)) return `<value><array><data>${value.map(xml).join('')}</data></array></value>`;
  const members = Object.entries(value).map(
    ([name, each]) => `<member><name>${escaped(name)}</name>${xml(each)}</member>`,
  );
  return `<value><struct>${members.join('')}</struct></value>`;
}

/** XML-RPC: a struct of Status and Value or ErrorDescription; `bare` for system.listMethods, which has none. */
export function xmlAnswer(outcome: Outcome, bare = false): string {
  const value = 'value' in outcome ? { Status: 'Success', Value: outcome.value } : undefined;
  const error = 'error' in outcome ? { Status: 'Failure', ErrorDescription: outcome.error } : undefined;
  const body = bare && 'value' in outcome ? outcome.value : (value ?? error ?? '');
  return `<?xml version="1.0"?><methodResponse><params><param>${xml(body)}</param></params></methodResponse>`;
}

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

interface Element {
  readonly name: string;
  text: string;
  readonly children: Element[];
}

/** The call in an XML-RPC request; throws where it is none. */
export function readXmlCall(body: string): RpcCall {
  const root: Element = { name: '', text: '', children: [] };
  const open = [root];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name }) => {
    const element = { name, text: '', children: [] };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('text', (text) => {
    const last = open.at(-1);
    if (last) last.text += text;
  });
  parser.on('closetag', () => open.pop());
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(body).close();
  const call = root.children[0];
  const method = call?.children.find(({ name }) => name === 'methodName')?.text;
  if (call?.name !== 'methodCall' || !method) throw new Error('not a methodCall');
  const params = call.children.find(({ name }) => name === 'params')?.children ?? [];
  return { method: method.trim(), params: params.map(({ children }) => read(children[0])) };
}

function read(value: Element | undefined): unknown {
  const typed = value?.children[0];
  if (!typed) return value?.text ?? '';
  const { name, text, children } = typed;
  if (name === 'boolean') return text.trim() === '1';
  if (name === 'double') return Number(text);
  if (name === 'array') return children[0]?.children.map(read) ?? [];
  if (name !== 'struct') return text;
  return Object.fromEntries(children.map(({ children: [key, member] }) => [key?.text ?? '', read(member)]));
}
