import { Agent, type IncomingMessage, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { type Element, parseElement } from '../vsphere/element.ts';
import { authenticate, negotiate } from './ntlm-client.ts';
import { Sealing } from './ntlm-seal.ts';
import type { Account } from './ntlm-server.ts';
import { isSealed, SEALED_TYPE, sealBody, unsealBody } from './sealed-body.ts';
import { ANSWER_TYPE, ENUMERATION, NS, WQL_DIALECT } from './soap.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** What an Enumerate asks beside its query. */
export interface Asked {
  readonly namespace?: string;
  readonly optimized?: boolean;
  readonly most?: number;
  readonly envelope?: number;
  readonly header?: string;
}

const VIRTUALIZATION = /FROM Msvm_/i;

export const IDENTIFY =
  `<s:Envelope xmlns:s="${NS.s}"><s:Header/><s:Body>` +
  '<i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>';

/** A WS-Man request. */
export function soap(action: string, namespace: string, body: string, { envelope, header = '' }: Asked = {}): string {
  const uri = `http://schemas.microsoft.com/wbem/wsman/1/wmi/${namespace}/*`;
  const size =
    envelope === undefined ? '' : `<w:MaxEnvelopeSize s:mustUnderstand="true">${envelope}</w:MaxEnvelopeSize>`;
  return (
    `<s:Envelope xmlns:s="${NS.s}" xmlns:a="${NS.a}" xmlns:n="${NS.n}" xmlns:w="${NS.w}"><s:Header>` +
    `<a:Action s:mustUnderstand="true">${ENUMERATION}/${action}</a:Action><a:MessageID>uuid:1</a:MessageID>` +
    `<w:ResourceURI s:mustUnderstand="true">${uri}</w:ResourceURI>${size}<w:OperationTimeout>PT20S</w:OperationTimeout>` +
    `${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`
  );
}

export const enumerateXml = (wql: string, asked: Asked = {}): string => {
  const { namespace = VIRTUALIZATION.test(wql) ? 'root/virtualization/v2' : 'root/cimv2', optimized = true } = asked;
  const opt = optimized ? '<w:OptimizeEnumeration/>' : '';
  const most = `<w:MaxElements>${asked.most ?? 1000}</w:MaxElements>`;
  const filter = `<w:Filter Dialect="${WQL_DIALECT}">${wql}</w:Filter>`;
  return soap('Enumerate', namespace, `<n:Enumerate>${opt}${most}${filter}</n:Enumerate>`, asked);
};

export function pullXml(context: string, most = 1000, asked: Asked = {}): string {
  const pull = `<n:EnumerationContext>${context}</n:EnumerationContext><n:MaxElements>${most}</n:MaxElements>`;
  return soap('Pull', 'root/cimv2', `<n:Pull>${pull}</n:Pull>`, asked);
}

/** A client over one connection, for the fake's own tests. */
export class PlainClient {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #headers: Readonly<Record<string, string>>;
  #outbound: Sealing | null = null;
  #inbound: Sealing | null = null;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}, tls: { key?: Buffer; cert?: Buffer } = {}) {
    this.#url = url;
    this.#headers = headers;
    const one = { keepAlive: true, maxSockets: 1 };
    this.#agent = url.startsWith('https')
      ? new TlsAgent({ ...one, ...tls, rejectUnauthorized: false })
      : new Agent(one);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Shakes hands, and seals from then on where that is over HTTP. */
  async login(account: Account, more: readonly (readonly [number, Buffer])[] = []): Promise<Reply> {
    const first = negotiate();
    const headers = (token: Buffer) => ({ authorization: `Negotiate ${token.toString('base64')}` });
    const asked = await this.post('', headers(first));
    const token = /^Negotiate (\S+)/.exec(String(asked.headers['www-authenticate']))?.[1] ?? '';
    const { message, sessionKey, flags } = authenticate(first, Buffer.from(token, 'base64'), account, more);
    const reply = await this.post('', headers(message));
    if (reply.status === 200 && this.#url.startsWith('http:')) {
      this.#outbound = new Sealing(flags, sessionKey, 'client');
      this.#inbound = new Sealing(flags, sessionKey, 'server');
    }
    return reply;
  }

  async post(xml: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    const body =
      this.#outbound && xml !== '' ? sealBody(ANSWER_TYPE, Buffer.from(xml), this.#outbound) : Buffer.from(xml);
    const type = this.#outbound && xml !== '' ? SEALED_TYPE : ANSWER_TYPE;
    const all = { 'content-type': type, 'content-length': String(body.length), ...this.#headers, ...headers };
    const { status, headers: got, bytes } = await this.#exchange(body, all);
    const text = this.#inbound && isSealed(got['content-type']) ? unsealBody(bytes, this.#inbound).text : bytes;
    return { status, headers: got, text: text.toString() };
  }

  #exchange(body: Buffer, headers: Record<string, string>) {
    const ask = this.#url.startsWith('https') ? tlsRequest : request;
    return new Promise<{ status: number; headers: IncomingMessage['headers']; bytes: Buffer }>((resolve, reject) => {
      const asked = ask(this.#url, { method: 'POST', agent: this.#agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
        );
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  /** All rows of a query, pulled to the end: properties by their local names; those that are nil are null. */
  async rows(wql: string, asked: Asked = {}): Promise<readonly Record<string, string | null>[]> {
    const rows: Record<string, string | null>[] = [];
    let answer = elements(await this.post(enumerateXml(wql, asked)));
    for (;;) {
      rows.push(...answer.filter(isInstance).map(rowOf));
      if (answer.some(({ name }) => name === 'EndOfSequence')) return rows;
      const context = answer.find(({ name }) => name === 'EnumerationContext')?.text ?? '';
      answer = elements(await this.post(pullXml(context, asked.most ?? 1000, asked)));
    }
  }
}

const isInstance = ({ name }: Element): boolean => name === 'XmlFragment' || /^(Win32|Msvm)_\w+$/.test(name);

/** Every element of an answer, in order of the document. */
export function elements({ status, text }: Reply): readonly Element[] {
  if (status !== 200) throw new Error(`${status}: ${text}`);
  const all = (element: Element): Element[] => [element, ...element.children.flatMap(all)];
  return all(parseElement(text));
}

const rowOf = ({ children }: Element): Record<string, string | null> =>
  Object.fromEntries(
    children.map(({ name, text, attributes, children: within }) => [
      name,
      attributes.nil === 'true' ? null : (within[0]?.text ?? text),
    ]),
  );

/** What a fault says: its subcode and the number of WSManFault. */
export function faultOf({ status, text }: Reply): readonly [status: number, subcode: string, code: number | null] {
  const subcode = /<s:Subcode><s:Value>(?:\w+:)?(\w+)</.exec(text)?.[1] ?? '';
  const code = /<f:WSManFault [^>]*?Code="(\d+)"/.exec(text)?.[1];
  return [status, subcode, code === undefined ? null : Number(code)];
}
