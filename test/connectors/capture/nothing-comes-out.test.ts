import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { EMPTY_IDENTITY, EMPTY_ROW, type Instance } from '../../../avro/snapshot.ts';
import { rewriteBody } from '../../../connectors/capture/body.ts';
import { describeObservation } from '../../../connectors/capture/observation.ts';
import { Product } from '../../../connectors/capture/product.ts';
import { Pseudonyms } from '../../../connectors/capture/pseudonyms.ts';
import { escapeXml } from '../../../connectors/vsphere/protocol.ts';
import { exactJson } from '../../../pipeline/runtime/json.ts';

/** Places for ten texts, each where people can put what they like. */
const PLACES = 10;
type Texts = readonly string[];

const val = (name: string, text: string): string =>
  `<changeSet><name>${name}</name><op>assign</op><val xsi:type="xsd:string">${text}</val></changeSet>`;

const vim25 = (texts: Texts): string => {
  const [name, note, file, label, network, port, model, fault, option, guest] = texts.map(escapeXml);
  return `<?xml version="1.0"?><Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Body><WaitForUpdatesExResponse xmlns="urn:vim25"><returnval>
    <objectSet><kind>enter</kind><obj type="VirtualMachine">vm-7</obj>${val('name', name as string)}${val('summary.config.annotation', `name:${note}\nprojectid:${note}\nflavor:vcpus:2\n${note}\npackage:${option}`)}
    ${val('config.guestFullName', guest as string)}${val('summary.hardware.model', model as string)}
    <changeSet><name>config.extraConfig["nvp.vm-uuid"]</name><val xsi:type="OptionValue"><key>${option}</key><value xsi:type="xsd:string">${option}</value></val></changeSet>
    <changeSet><name>config.hardware.device</name><val><VirtualDevice xsi:type="VirtualDisk"><key>2000</key><deviceInfo><label>${label}</label><summary>${label}</summary></deviceInfo><backing><fileName>${file}</fileName><deviceName>${network}</deviceName><network type="Network">${network}</network><port><portKey>${port}</portKey></port></backing></VirtualDevice></val></changeSet>
    </objectSet><fault><localizedMessage>${fault}</localizedMessage></fault><value><id><counterId>1</counterId><instance>${label}</instance></id></value></returnval></WaitForUpdatesExResponse></Body></Envelope>`;
};

const wsman = (texts: Texts): string => {
  const [name, note, file, label, network, port, model, fault, option, guest] = texts.map(escapeXml);
  // An attribute has spaces where a text has other ones.
  const machine = (fault as string).replaceAll(/\s/g, (space) => `&#${space.charCodeAt(0)};`);
  return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:w="urn:w"><s:Header><To>${model}</To><MessageID>uuid:${guest}</MessageID></s:Header><s:Body><EnumerateResponse><EnumerationContext>${option}</EnumerationContext><w:Items>
    <w:XmlFragment><Name>${name}</Name><ElementName>${label}</ElementName><EnabledState>${label}</EnabledState><ProcessID>${port}</ProcessID></w:XmlFragment>
    <w:XmlFragment><Name>${name}:Hv VP 3</Name><PercentTotalRunTime>${port}</PercentTotalRunTime><Timestamp_Sys100NS>${option}</Timestamp_Sys100NS></w:XmlFragment>
    <w:XmlFragment><Name>${network}_Network Adapter_0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0</Name><Address>${port}</Address><VirtualSystemType>Microsoft:Hyper-V:System:${model} </VirtualSystemType></w:XmlFragment>
    <w:XmlFragment><Name>c:-${file}.vhdx</Name><HostResource>C:\\${file}.vhdx</HostResource><InstanceID>Microsoft:${option}\\0</InstanceID><Notes>${note}</Notes><Other>${guest}</Other></w:XmlFragment>
    </w:Items></EnumerateResponse><s:Fault><s:Code><s:Value>${model} </s:Value></s:Code><s:Reason><s:Text>${fault}</s:Text></s:Reason><WSManFault Machine="${machine}" Code="${machine}"><Message>${fault} 0x80041010</Message></WSManFault></s:Fault></s:Body></s:Envelope>`;
};

const fieldsOf = ([name, note, file, label, network, port, model, fault, option, guest]: Texts) => ({
  name_label: name,
  name_description: note,
  tags: [file, label],
  other_config: { [`k==${network}`]: port, [option as string]: model },
  domid: guest,
  power_state: '',
  device: label,
  address: fault,
  start_time: note,
  software_version: { [`h==${model}`]: guest, hostname: name },
  os_version: { name: guest, [`d==${guest}`]: guest },
});

const xapi = (texts: Texts): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    result: { events: [{ class: 'vm', operation: 'mod', ref: texts[0], snapshot: fieldsOf(texts) }], token: texts[1] },
  });

type Tree = string | readonly Tree[] | { readonly [name: string]: Tree };

const xmlRpcValue = (value: Tree): string => {
  if (typeof value === 'string') return `<value>${escapeXml(value)}</value>`;
  if (Array.isArray(value)) return `<value><array><data>${value.map(xmlRpcValue).join('')}</data></array></value>`;
  const members = Object.entries(value).map(
    ([key, of]) => `<member><name>${escapeXml(key)}</name>${xmlRpcValue(of)}</member>`,
  );
  return `<value><struct>${members.join('')}</struct></value>`;
};

const xmlRpc = (texts: Texts): string =>
  `<methodResponse><params><param>${xmlRpcValue({ Status: 'Success', Value: { 'OpaqueRef:x': fieldsOf(texts) as unknown as Tree } })}</param></params></methodResponse>`;

const statistics = ([cpu, memory, vif, pif, vbd]: Texts): string =>
  JSON.stringify({
    meta: {
      legend: [
        `AVERAGE:vm:x:${cpu}`,
        `AVERAGE:host:${memory}:memory`,
        vif,
        `AVERAGE:host:x:pif_${pif}_rx`,
        `AVERAGE:vm:x:vbd_${vbd}_read`,
      ],
    },
    data: [{ t: '1', values: ['0.5', 'NaN'] }],
  });

const observation = ([name, note, file, label, network, port, model, fault, option, guest]: Texts): string => {
  const instance: Instance = {
    uuid: Buffer.alloc(16, 1),
    epoch: `e/${name}/1`,
    startedAt: 1,
    deletedAt: null,
    state: 'RUNNING',
    disks: [{ id: label as string, epoch: null }],
    nics: [],
    rows: [
      { ...EMPTY_ROW, observedAt: 1, extras: [{ name: 'a.b.c', device: port as string, counter: true, value: 1n }] },
    ],
    identity: {
      ...EMPTY_IDENTITY,
      name: name as string,
      host: fault as string,
      projectId: note as string,
      osType: guest as string,
      metadata: { [`m==${model}`]: model as string },
      disks: [{ id: 'x', path: file as string, serial: option as string, bus: network as string }],
    },
  };
  const texts = new Pseudonyms({ keepNames: false, endpoint: 'e', users: [], secrets: [] });
  const seen = {
    startedAt: 0,
    endedAt: 0,
    bootedAt: null,
    partial: `not ${name}`,
    calls: 1,
    hosts: [instance],
    instances: [instance],
  };
  return exactJson(describeObservation(seen, 'xenapi', texts));
};

const written = (document: string): string =>
  rewriteBody(Buffer.from(document), {
    texts: new Pseudonyms({ keepNames: false, endpoint: 'e', users: [], secrets: [] }),
    product: new Product(),
    isLogin: false,
  });

const isXml = (document: string): void => {
  const parser = new SaxesParser({ xmlns: false });
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(document).close();
};
const isJson = (document: string): void => void JSON.parse(document);

/** Each form of document, and what tells that it is well-formed. */
const FORMS = [
  ['vim25', (texts: Texts) => written(vim25(texts)), isXml],
  ['WS-Management', (texts: Texts) => written(wsman(texts)), isXml],
  ['XenAPI JSON', (texts: Texts) => written(xapi(texts)), isJson],
  ['XenAPI XML-RPC', (texts: Texts) => written(xmlRpc(texts)), isXml],
  ['statistics', (texts: Texts) => written(statistics(texts)), isJson],
  ['an observation', observation, isJson],
] as const;

/** What XML can hold. */
const isWritable = (text: string): boolean => {
  try {
    escapeXml(text);
    return true;
  } catch {
    return false;
  }
};
const anyText = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.string(),
    fc.constantFrom(
      'true',
      '12',
      'poweredOn',
      'Running',
      '2026-01-01T00:00:00Z',
      '../',
      '[a] ',
      '%2f',
      ']]>',
      '<!--',
      '&amp;',
      '"',
      'AVERAGE:vm:',
      'OpaqueRef:',
    ),
  )
  .filter(isWritable);

/** A word that nothing else has; it stands for all of the text. */
const MARK = 'Zq9Ky';
const marked = fc.tuple(anyText, anyText).map(([before, after]) => `${before}${MARK}${after}`);

/** Texts that are names: no paths, addresses or uuids, whose forms are kept, and without what divides epochs, legends and notes. */
const isName = (text: string): boolean =>
  isWritable(text) &&
  text.trim() === text &&
  !/[/\\%:@]|[\r\n]|OpaqueRef|^[0-9a-f:.-]*$|\.(?:vm|nv|is|im|vh|qc)\w*$/i.test(text) &&
  !/\.\d/.test(text);
const names = fc.uniqueArray(anyText.map((text) => `${text}~`).filter(isName), {
  minLength: PLACES,
  maxLength: PLACES,
});
const PLAIN: Texts = Array.from({ length: PLACES }, (_, n) => `plain ${n}`);

describe.each(FORMS)('%s', (_, write, check) => {
  it('holds nothing of what people call their things, and is well-formed', () => {
    fc.assert(
      fc.property(fc.array(marked, { minLength: PLACES, maxLength: PLACES }), (texts) => {
        const out = write(texts);
        check(out);
        expect(out).not.toContain(MARK);
      }),
      { numRuns: 300 },
    );
  });

  it('is the same whatever the names are', () => {
    const plain = write(PLAIN);
    fc.assert(
      fc.property(names, (texts) => void expect(write(texts)).toBe(plain)),
      { numRuns: 300 },
    );
  });
});
