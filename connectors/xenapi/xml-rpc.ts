import { Double, isList, type Parameter, ProtocolError, resultOf, type Value } from './protocol.ts';
import { readXml } from './xml-stream.ts';

/**
 * One call of XAPI's XML-RPC. XAPI's integers are strings here, its floats `<double>`:
 *
 *     <methodCall><methodName>event.from</methodName><params><param><value>…</value></param></params></methodCall>
 *
 * A value is `<string>`, `<double>`, `<boolean>`, `<array><data>…` or `<struct><member><name>…`; text alone is a string.
 */
export function encodeXmlCall(method: string, params: readonly Parameter[]): string {
  const written = params.map((param) => `<param>${encodeValue(param)}</param>`).join('');
  return `<?xml version="1.0"?><methodCall><methodName>${xmlText(method)}</methodName><params>${written}</params></methodCall>`;
}

function encodeValue(value: Parameter): string {
  if (value instanceof Double) return `<value><double>${value.value}</double></value>`;
  if (typeof value === 'boolean') return `<value><boolean>${value ? 1 : 0}</boolean></value>`;
  if (isList(value)) return `<value><array><data>${value.map(encodeValue).join('')}</data></array></value>`;
  if (value === null || typeof value !== 'object') return `<value><string>${xmlText(String(value))}</string></value>`;
  const members = Object.entries(value).map(
    ([name, member]) => `<member><name>${xmlText(name)}</name>${encodeValue(member)}</member>`,
  );
  return `<value><struct>${members.join('')}</struct></value>`;
}

const xmlText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The value of an answer, read in pieces. Throws ProtocolError on what is no XML-RPC, XapiError on a refusal. */
export async function decodeXmlReply(chunks: AsyncIterable<Uint8Array>): Promise<Value> {
  const values = new ValueReader();
  await readXml(chunks, values);
  const { root, isFault } = values;
  if (root === undefined) throw new ProtocolError('an XML answer without a value');
  if (isFault) throw new ProtocolError('an XML-RPC fault');
  return resultOf(root);
}

type Open = { readonly items: Value[] } | { readonly members: { [name: string]: Value }; name: string };

/** Puts values together as their elements close. */
class ValueReader {
  root: Value | undefined;
  isFault = false;
  readonly #open: Open[] = [];
  /** The typed value within the `<value>` that is open. */
  #typed: Value | undefined;

  open(name: string): void {
    if (name === 'fault') this.isFault = true;
    else if (name === 'array') this.#open.push({ items: [] });
    else if (name === 'struct') this.#open.push({ members: Object.create(null), name: '' });
    else if (name === 'value') this.#typed = undefined;
  }

  close(name: string, text: string): void {
    const inner = this.#open.at(-1);
    switch (name) {
      case 'value':
        this.#place(this.#typed ?? text);
        this.#typed = undefined;
        break;
      case 'name':
        if (inner && 'members' in inner) inner.name = text;
        break;
      case 'array':
      case 'struct':
        this.#open.pop();
        this.#typed = inner && ('items' in inner ? inner.items : inner.members);
        break;
      default:
        this.#typed = scalar(name, text) ?? this.#typed;
    }
  }

  #place(value: Value): void {
    const outer = this.#open.at(-1);
    if (outer === undefined) this.root ??= value;
    else if ('items' in outer) outer.items.push(value);
    else outer.members[outer.name] = value;
  }
}

function scalar(type: string, text: string): Value | undefined {
  switch (type) {
    case 'string':
    case 'dateTime.iso8601':
      return text;
    case 'boolean':
      return text.trim() === '1';
    case 'int':
    case 'i4':
    case 'i8':
    case 'double':
      // Left as text, which the readers of records take as well: Number('') would be 0.
      return text.trim();
    default:
      return undefined;
  }
}
