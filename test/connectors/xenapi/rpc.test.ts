import { describe, expect, it } from 'vitest';
import { decodeJsonReply, encodeJsonCall } from '../../../connectors/xenapi/json-rpc.ts';
import { Double, type Value, XapiError } from '../../../connectors/xenapi/protocol.ts';
import { decodeXmlReply, encodeXmlCall } from '../../../connectors/xenapi/xml-rpc.ts';
import { pieces } from './encodings.ts';

const xml = (value: string): string =>
  `<?xml version="1.0"?><methodResponse><params><param>${value}</param></params></methodResponse>`;
const struct = (members: Record<string, string>): string =>
  `<value><struct>${Object.entries(members)
    .map(([name, value]) => `<member><name>${name}</name>${value}</member>`)
    .join('\n')}</struct></value>`;
const success = (value: string): string => xml(struct({ Status: '<value>Success</value>', Value: value }));
const list = (...values: string[]): string => `<value><array><data>${values.join('')}</data></array></value>`;

describe('JSON-RPC', () => {
  it('asks', () => {
    expect(JSON.parse(encodeJsonCall('event.from', ['s', ['VM'], '', new Double(30.1)], 7))).toEqual({
      jsonrpc: '2.0',
      id: 7,
      method: 'event.from',
      params: ['s', ['VM'], '', 30.1],
    });
  });

  it.each<[string, string, Value]>([
    ['a result', '{"jsonrpc":"2.0","result":{"a":[1,true,null]},"id":1}', { a: [1, true, null] }],
    ['a nothing', '{"result":null,"id":1}', null],
    ['the result of old', '{"result":{"Status":"Success","Value":"x"},"error":null,"id":1}', 'x'],
  ])('takes %s', (_, text, value) => {
    expect(decodeJsonReply(text)).toEqual(value);
  });

  it.each([
    ['a refusal', '{"error":{"code":1,"message":"HOST_IS_SLAVE","data":["10.0.0.2"]}}'],
    [
      'a refusal that says it twice',
      '{"error":{"code":1,"message":"HOST_IS_SLAVE","data":["HOST_IS_SLAVE","10.0.0.2"]}}',
    ],
    ['a refusal of old', '{"result":null,"error":["HOST_IS_SLAVE","10.0.0.2"]}'],
    ['a refusal of older', '{"result":{"Status":"Failure","ErrorDescription":["HOST_IS_SLAVE","10.0.0.2"]}}'],
  ])('takes %s', (_, text) => {
    expect(() => decodeJsonReply(text)).toThrow(
      expect.objectContaining({ code: 'HOST_IS_SLAVE', parameters: ['10.0.0.2'] }),
    );
  });

  it.each(['', 'null', '[]', '<html>', '{"id":1}', '{"error":{}}'])('refuses %j', (text) => {
    expect(() => decodeJsonReply(text)).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
  });

  it('keeps the session out of the message of an error', () => {
    expect(new XapiError(['SESSION_INVALID', 'OpaqueRef:secret']).message).toBe('SESSION_INVALID');
  });
});

describe('XML-RPC', () => {
  it('asks, floats as doubles', () => {
    expect(encodeXmlCall('event.from', ['s<&', ['VM'], '', new Double(30.1), true, { a: '1' }])).toBe(
      '<?xml version="1.0"?><methodCall><methodName>event.from</methodName><params>' +
        '<param><value><string>s&lt;&amp;</string></value></param>' +
        '<param><value><array><data><value><string>VM</string></value></data></array></value></param>' +
        '<param><value><string></string></value></param>' +
        '<param><value><double>30.1</double></value></param>' +
        '<param><value><boolean>1</boolean></value></param>' +
        '<param><value><struct><member><name>a</name><value><string>1</string></value></member></struct></value></param>' +
        '</params></methodCall>',
    );
  });

  it.each<[string, string, Value]>([
    ['text', '<value>a &lt; b</value>', 'a < b'],
    ['a string', '<value><string><![CDATA[<x>]]></string></value>', '<x>'],
    ['no text', '<value/>', ''],
    ['an empty string', '<value>\n<string/>\n</value>', ''],
    ['a truth', '<value><boolean>1</boolean></value>', true],
    ['an untruth', '<value><boolean>0</boolean></value>', false],
    ['a time', '<value><dateTime.iso8601>20260308T10:00:00Z</dateTime.iso8601></value>', '20260308T10:00:00Z'],
    ['a float', '<value><double>0.5</double></value>', '0.5'],
    ['lists in lists', list(list(), list('<value>1</value>'), '<value>2</value>'), [[], ['1'], '2']],
    ['structures', struct({ a: struct({}), b: list('<value>x</value>') }), { a: {}, b: ['x'] }],
  ])('takes %s', async (_, value, expected) => {
    expect(await decodeXmlReply(pieces(success(value)))).toEqual(expected);
  });

  it('takes a refusal', async () => {
    const text = xml(
      struct({
        Status: '<value>Failure</value>',
        ErrorDescription: list('<value>SESSION_INVALID</value>', '<value>OpaqueRef:1</value>'),
      }),
    );
    await expect(decodeXmlReply(pieces(text))).rejects.toMatchObject({
      code: 'SESSION_INVALID',
      parameters: ['OpaqueRef:1'],
    });
  });

  it.each([
    ['a document type', `<!DOCTYPE a SYSTEM "file:///etc/passwd">${success('<value>x</value>')}`, /DTD/],
    ['an entity of its own', success('<value>&lol;</value>'), /cannot be read/],
    ['a fault', `<methodResponse><fault>${struct({})}</fault></methodResponse>`, /fault/],
    ['HTML', '<html></html>', /without a value/],
    ['a bare value', xml('<value>x</value>'), /neither success nor failure/],
    ['half of it', success('<value>x</value>').slice(0, -9), /cannot be read/],
  ])('refuses %s', async (_, text, message) => {
    await expect(decodeXmlReply(pieces(text))).rejects.toThrow(message);
  });
});
