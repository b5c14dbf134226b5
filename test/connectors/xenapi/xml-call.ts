import type { Value } from '../../../connectors/xenapi/protocol.ts';
import { decodeXmlReply } from '../../../connectors/xenapi/xml-rpc.ts';

/** Reads a method call: its parameters are read as a reply's value would be, of a list. */
export async function parseCall(body: string): Promise<{ method: string; params: readonly Value[] }> {
  const method = /<methodName>(.*?)<\/methodName>/.exec(body)?.[1] ?? '';
  const inner = /<params>(.*)<\/params>/s.exec(body)?.[1] ?? '';
  const list = inner.replaceAll('<param>', '').replaceAll('</param>', '');
  const text = `<r><value><struct><member><name>Status</name><value>Success</value></member><member><name>Value</name><value><array><data>${list}</data></array></value></member></struct></value></r>`;
  async function* whole(): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
  }
  return { method, params: (await decodeXmlReply(whole())) as readonly Value[] };
}

const plain = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** As xapi writes values: whole numbers as text. */
function xmlValue(value: Value): string {
  if (typeof value === 'boolean') return `<value><boolean>${value ? 1 : 0}</boolean></value>`;
  if (Array.isArray(value)) return `<value><array><data>${value.map(xmlValue).join('')}</data></array></value>`;
  if (value === null || typeof value !== 'object') return `<value>${plain(String(value))}</value>`;
  const members = Object.entries(value).map(
    ([name, member]) => `<member><name>${plain(name)}</name>${xmlValue(member)}</member>`,
  );
  return `<value><struct>${members.join('')}</struct></value>`;
}

export const xmlReply = (result: { value: Value } | { fail: readonly string[] }): string => {
  const outcome: Value =
    'fail' in result
      ? { Status: 'Failure', ErrorDescription: result.fail }
      : { Status: 'Success', Value: result.value };
  return `<?xml version="1.0"?><methodResponse><params><param>${xmlValue(outcome)}</param></params></methodResponse>`;
};
