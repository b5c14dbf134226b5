import { describe, expect, it } from 'vitest';
import { eachRecord, type XmlRecord } from '../../connectors/xml-record.ts';
import { readXml } from '../../connectors/xml-stream.ts';
import { pieces } from './vsphere/xml.ts';

async function records(xml: string | Buffer, wanted: readonly string[], size?: number): Promise<XmlRecord[]> {
  const found: XmlRecord[] = [];
  await readXml(
    pieces(xml, size),
    eachRecord(wanted, (record) => found.push(record)),
  );
  return found;
}

const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

describe('a document in pieces', () => {
  it.each([1, 2, 3, 1000])('is the same in pieces of %i bytes', async (size) => {
    const xml = '<a><b>grü&lt;ße&#33; <![CDATA[<x>]]></b><b/><c><b>not outermost? it is</b></c></a>';
    const texts = (await records(xml, ['b'], size)).map(({ text }) => text);
    expect(texts).toEqual(['grü<ße! <x>', '', 'not outermost? it is']);
  });

  it.each([
    ['the usual prefix', `<v ${XSI} xsi:type="xsd:string" xmlns:xsd="x">1</v>`],
    [
      "vcsim's",
      '<v xmlns:_XMLSchema-instance="http://www.w3.org/2001/XMLSchema-instance" _XMLSchema-instance:type="string">1</v>',
    ],
    [
      'any other, of an ancestor',
      '<r xmlns:q="http://www.w3.org/2001/XMLSchema-instance"><v q:type="ns2:string">1</v></r>',
    ],
  ])('tells what xsi:type says under %s', async (_, xml) => {
    expect(await records(xml, ['v'])).toMatchObject([{ xsiType: 'string', type: null }]);
  });

  it('knows the type of a reference from the type of a value', async () => {
    const xml = `<v ${XSI} type="HostSystem" xsi:type="ManagedObjectReference">host-1</v>`;
    expect(await records(xml, ['v'])).toMatchObject([
      { type: 'HostSystem', xsiType: 'ManagedObjectReference', text: 'host-1' },
    ]);
  });

  it('ignores a type of another namespace', async () => {
    expect(await records('<v xmlns:o="urn:other" o:type="x">1</v>', ['v'])).toMatchObject([
      { type: null, xsiType: null },
    ]);
  });
});

describe('what is refused', () => {
  it.each<[string, string | Buffer, RegExp]>([
    ['a DTD', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', /DTD/],
    ['a bomb of entities', '<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><a>&z;</a>', /DTD/],
    ['an entity of its own', '<a>&xxe;</a>', /well-formed/],
    ['what is cut off', '<a><b>1</b>', /well-formed/],
    ['nothing', '', /well-formed/],
    ['a page of HTML', '<html><br></html>', /well-formed/],
    ['a prefix that is not bound', '<a x:type="y"/>', /well-formed/],
    ['control characters', '<a>\u0001</a>', /well-formed/],
    ['another encoding', Buffer.from([0x3c, 0x61, 0x3e, 0xe9, 0x3c, 0x2f, 0x61, 0x3e]), /UTF-8/],
    ['nesting without end', '<a>'.repeat(1000), /nested/],
    ['a text without end', `<a>${'x'.repeat(1_200_000)}</a>`, /characters/],
    ['a tag without end', `<a b="${'x'.repeat(1_200_000)}"/>`, /characters/],
    ['a comment without end', `<a><!--${'x'.repeat(1_200_000)}--></a>`, /characters/],
    ['text in many pieces', `<a>${'<![CDATA[xxxxxxxxxx]]>'.repeat(150_000)}</a>`, /characters/],
    ['an object of too many elements', `<r><b>${'<c/>'.repeat(100_001)}</b></r>`, /100000 elements/],
  ])('%s', async (_, xml, message) => {
    await expect(records(xml, ['b'], 65_536)).rejects.toThrow(message);
  });
});
