import { describe, expect, it } from 'vitest';
import { Fault } from '../../../connectors/hyperv/fault.ts';
import { AnswerReader, encodeEnumerate, encodePull, type Portion } from '../../../connectors/hyperv/protocol.ts';
import { Numbers, textOf, textsOf } from '../../../connectors/hyperv/values.ts';
import { readXml } from '../../../connectors/xml-stream.ts';

async function* pieces(text: string, size = 7): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const NS =
  'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common" xmlns:p="urn:class"';
const envelope = (body: string): string =>
  `<s:Envelope ${NS}><s:Header><a:Action>EnumerateResponse</a:Action></s:Header><s:Body>${body}</s:Body></s:Envelope>`;

async function read(
  xml: string,
  expected: 'EnumerateResponse' | 'PullResponse' = 'EnumerateResponse',
): Promise<Portion> {
  const reader = new AnswerReader();
  await readXml(pieces(xml), reader);
  return reader.finish(expected);
}

const first = ({ rows }: Portion) => Object.fromEntries(rows[0] ?? []);

describe('an answer', () => {
  it('with what was asked for by name', async () => {
    const xml = envelope(
      '<n:EnumerateResponse><n:EnumerationContext>uuid:1</n:EnumerationContext><w:Items><w:XmlFragment><Name>web:Hv VP 0</Name><PercentTotalRunTime>18446744073709551615</PercentTotalRunTime><Caption xsi:nil="true"/></w:XmlFragment><w:XmlFragment><Name/></w:XmlFragment></w:Items></n:EnumerateResponse>',
    );
    const portion = await read(xml);
    expect(portion).toMatchObject({ context: 'uuid:1', isEnd: false });
    expect(first(portion)).toEqual({
      Name: ['web:Hv VP 0'],
      PercentTotalRunTime: ['18446744073709551615'],
      Caption: [null],
    });
    expect(portion.rows).toHaveLength(2);
  });

  it('with whole instances, arrays and times', async () => {
    const portion = await read(
      envelope(
        '<n:PullResponse><n:Items><p:Msvm_X xsi:type="p:Msvm_X_Type"><p:Notes>one</p:Notes><p:Notes>two</p:Notes><p:At><cim:Datetime>2026-11-26T11:00:00Z</cim:Datetime></p:At></p:Msvm_X></n:Items><n:EndOfSequence/></n:PullResponse>',
      ),
      'PullResponse',
    );
    expect(portion).toMatchObject({ context: null, isEnd: true });
    expect(first(portion)).toEqual({ Notes: ['one', 'two'], At: ['2026-11-26T11:00:00Z'] });
  });

  it.each(['<n:EndOfSequence/>', '<w:EndOfSequence/>'])('ends with %s, though a context is told', async (end) => {
    expect(
      await read(
        envelope(
          `<n:EnumerateResponse><n:EnumerationContext>c</n:EnumerationContext><w:Items/>${end}</n:EnumerateResponse>`,
        ),
      ),
    ).toEqual({
      rows: [],
      context: 'c',
      isEnd: true,
    });
  });

  it.each([
    ['another method', envelope('<n:PullResponse/>'), /no EnumerateResponse/],
    ['nothing', envelope(''), /no EnumerateResponse/],
    ['no envelope', '<html/>', /Envelope belongs/],
    [
      'rows without end',
      envelope(`<n:EnumerateResponse><w:Items>${'<x/>'.repeat(50_001)}</w:Items></n:EnumerateResponse>`),
      /50000/,
    ],
  ])('is not %s', async (_, xml, message) => {
    await expect(read(xml)).rejects.toThrow(message);
  });
});

describe('a fault', () => {
  const fault = (subcode: string, detail: string): string =>
    envelope(
      `<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>${subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="de">Der Vorgang ist nicht möglich.</s:Text></s:Reason><s:Detail>${detail}</s:Detail></s:Fault>`,
    );
  const wsman = (code: number | string, within = ''): string =>
    `<f:WSManFault xmlns:f="urn:f" Code="${code}" Machine="HV1"><f:Message>${within}</f:Message></f:WSManFault>`;

  it.each([
    ['n:InvalidEnumerationContext', '', 'context'],
    ['wsen:InvalidEnumerationContext', wsman(2150858779), 'context'],
    ['w:TimedOut', wsman(2150858793), 'timeout'],
    ['w:InternalError', wsman(2150858793), 'timeout'],
    ['w:QuotaLimit', wsman(2150859173), 'quota'],
    ['w:EncodingLimit', '', 'envelope'],
    ['w:AccessDenied', wsman(5), 'denied'],
    ['w:InternalError', wsman(2147749904), 'absent'],
    ['w:InternalError', wsman(1, wsman(2147749902)), 'absent'],
    ['w:InternalError', wsman(1, 'HRESULT 0x80041010 '), 'absent'],
    ['w:InternalError', '<p:MSFT_WmiError><p:error_Code>2147749904</p:error_Code></p:MSFT_WmiError>', 'absent'],
    ['a:DestinationUnreachable', wsman(2150858752), 'absent'],
    ['n:CannotProcessFilter', wsman(2150858778), 'query'],
    ['w:InternalError', wsman(2147749911), 'query'],
    ['w:InternalError', wsman('x'), 'other'],
    ['', '', 'other'],
  ])('%s with %s is %s', async (subcode, detail, kind) => {
    const error = await read(fault(subcode, detail)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Fault);
    expect(error).toMatchObject({ kind, message: expect.stringContaining('Der Vorgang ist nicht möglich.') });
  });
});

describe('a request', () => {
  const sender = { to: 'https://hv1:5986/wsman', sessionId: 's' };
  const query = { namespace: 'root/cimv2', wql: "select Name from X where Name<>'a&b'" };
  const asked = { messageId: 'm', timeoutMs: 3500 };

  it('asks for the rows with the first answer', () => {
    const xml = encodeEnumerate(sender, query, 1000, asked);
    for (const part of [
      '<w:ResourceURI s:mustUnderstand="true">http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/*</w:ResourceURI>',
      '<w:OperationTimeout>PT3.500S</w:OperationTimeout>',
      '<w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize>',
      '<w:OptimizeEnumeration/><w:MaxElements>1000</w:MaxElements>',
      "select Name from X where Name&lt;&gt;'a&amp;b'</w:Filter>",
    ])
      expect(xml).toContain(part);
  });

  it('goes on with the context', () => {
    expect(encodePull(sender, query, 'c<1>', 50, asked)).toContain(
      '<n:Pull><n:EnumerationContext>c&lt;1&gt;</n:EnumerationContext><n:MaxElements>50</n:MaxElements></n:Pull>',
    );
  });
});

describe('values', () => {
  const row = new Map([
    ['n', ['18446744073709551615']],
    ['nil', [null]],
    ['list', [null, '', 'a', 'b']],
    ['bad', ['-1']],
    ['big', ['18446744073709551616']],
    ['blank', [' 5 ']],
  ]);

  it('are exact, or null, and counted when they are neither', () => {
    const numbers = new Numbers();
    expect(['n', 'nil', 'none', 'blank'].map((name) => numbers.of(row, name))).toEqual([
      2n ** 64n - 1n,
      null,
      null,
      5n,
    ]);
    expect(numbers.malformed).toBe(0);
    expect(['bad', 'big'].map((name) => numbers.of(row, name))).toEqual([null, null]);
    expect([numbers.times(row, 'n', 100n), numbers.malformed]).toEqual([null, 3]);
    expect([textOf(row, 'list'), textsOf(row, 'list'), textOf(row, 'nil')]).toEqual(['a', ['a', 'b'], null]);
  });
});
