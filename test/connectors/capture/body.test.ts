import { describe, expect, it } from 'vitest';
import { rewriteBody } from '../../../connectors/capture/body.ts';
import { Product } from '../../../connectors/capture/product.ts';
import { Pseudonyms } from '../../../connectors/capture/pseudonyms.ts';

const SOAP =
  'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
const soap = (body: string): string =>
  `<soapenv:Envelope ${SOAP}><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`;

function rewriter({ keepNames = false, isLogin = false, users = [] as string[], secrets = [] as string[] } = {}) {
  const texts = new Pseudonyms({ keepNames, endpoint: 'vc1', users, secrets });
  const product = new Product();
  return {
    texts,
    product,
    rewrite: (body: string, login = isLogin): string =>
      rewriteBody(Buffer.from(body), { texts, product, isLogin: login }),
  };
}

const inSoap = (body: string): string => {
  const written = rewriter().rewrite(soap(body));
  const [, inner] = /<soapenv:Body>(.*)<\/soapenv:Body>/s.exec(written) ?? [];
  return inner ?? written;
};

const change = (name: string, type: string, value: string): string =>
  `<changeSet><name>${name}</name><op>assign</op><val xsi:type="${type}">${value}</val></changeSet>`;

describe('SOAP of vim25', () => {
  it.each([
    [
      'references, numbers, enumerations and booleans',
      '<objectSet><kind>enter</kind><obj type="VirtualMachine">vm-12</obj></objectSet><truncated>true</truncated>',
    ],
    ['a power state', change('runtime.powerState', 'VirtualMachinePowerState', 'poweredOn')],
    ['a power state without its type', change('runtime.powerState', 'xsd:string', 'poweredOn')],
    ['a count', change('config.hardware.numCPU', 'xsd:int', '4')],
    ['a time', change('runtime.bootTime', 'xsd:dateTime', '2026-03-01T10:00:00.123Z')],
    [
      'a counter',
      '<PerfCounterInfo><key>6</key><nameInfo><key>usage</key></nameInfo><rollupType>average</rollupType></PerfCounterInfo>',
    ],
    [
      'samples',
      '<returnval><sampleInfoCSV>20,2026-03-01T10:00:00Z,20,2026-03-01T10:00:20Z</sampleInfoCSV><value><id><counterId>2</counterId><instance>scsi0:1</instance></id><value>1,-1,,18446744073709551615</value></value></returnval>',
    ],
    [
      'which properties',
      '<propSet><type>VirtualMachine</type><pathSet>config.extraConfig[&quot;nvp.vm-uuid&quot;]</pathSet></propSet>',
    ],
    ['spaces between elements', '<a>\n  <key>1</key>\n</a>'],
  ])('keeps %s', (_, body) => {
    expect(inSoap(body)).toBe(body);
  });

  it.each([
    ['a name', change('name', 'xsd:string', 'web server'), change('name', 'xsd:string', 'name-1')],
    ['a name of digits', change('name', 'xsd:string', '4711'), change('name', 'xsd:string', 'name-1')],
    [
      'a name that looks like a power state',
      change('name', 'xsd:string', 'poweredOn'),
      change('name', 'xsd:string', 'name-1'),
    ],
    [
      'a uuid',
      change('config.instanceUuid', 'xsd:string', '5026DA5B-0D14-4A73-9D4D-2CD2AC8ED09C'),
      change('config.instanceUuid', 'xsd:string', '00000000-0000-4000-8000-000000000001'),
    ],
    [
      'a file',
      '<backing><fileName>[store 1] web/web_1.vmdk</fileName></backing>',
      '<backing><fileName>[name-1] name-2/name-3.vmdk</fileName></backing>',
    ],
    ['a MAC', '<macAddress>00:50:56:AB:cd:ef</macAddress>', '<macAddress>02:00:00:00:00:01</macAddress>'],
    [
      'a label',
      '<deviceInfo><label>Hard disk 1</label></deviceInfo>',
      '<deviceInfo><label>name-1</label></deviceInfo>',
    ],
    [
      'an ESXi network',
      '<network type="Network">HaNetwork-Secret</network>',
      '<network type="Network">ref-1</network>',
    ],
    [
      'a view, whose id holds the session',
      '<returnval type="ContainerView">session[52a4…]52b5…</returnval>',
      '<returnval type="ContainerView">ref-1</returnval>',
    ],
    [
      'what a refusal says',
      '<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>no web1</faultstring></soapenv:Fault>',
      '<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>name-1</faultstring></soapenv:Fault>',
    ],
    ['comments', '<a><!-- web1 --><key>1</key></a>', '<a><key>1</key></a>'],
    ['attributes', '<a b="web1 &quot;" type="web 1"/>', '<a b="name-1" type="name-2"/>'],
  ])('replaces %s', (_, body, written) => {
    expect(inSoap(body)).toBe(written);
  });

  it("keeps the keys and numbers of nova's note", () => {
    const note = 'name:web\nuserid:u1\nprojectid:p1\nflavor:name:m1\nflavor:vcpus:2\npackage:None';
    const written = 'name:name-1\nuserid:name-2\nprojectid:name-3\nflavor:name:name-4\nflavor:vcpus:2\npackage:None';
    const annotation = (text: string): string => change('summary.config.annotation', 'xsd:string', text);
    expect(inSoap(annotation(note))).toBe(annotation(written));
    expect(inSoap(annotation('call 555 1234'))).toBe(annotation('name-1'));
  });

  it('notes what the server is', () => {
    const { rewrite, product } = rewriter();
    const about =
      '<about><fullName>VMware vCenter Server 8.0.2</fullName><apiType>VirtualCenter</apiType><instanceUuid>5026da5b-0d14-4a73-9d4d-2cd2ac8ed09c</instanceUuid></about>';
    expect(rewrite(soap(about))).toContain('<fullName>VMware vCenter Server 8.0.2</fullName>');
    expect(rewrite(soap(about))).not.toContain('5026da5b');
    expect(product.told).toEqual({ apiType: 'VirtualCenter', fullName: 'VMware vCenter Server 8.0.2' });
  });

  it('writes nothing of a login, and of nothing that the session is in', () => {
    const { rewrite } = rewriter({ users: ['metering@vsphere.local'] });
    const answer =
      '<LoginResponse><returnval><key>52773cd3-35c6-b40a</key><userName>VSPHERE\\meter</userName><loginTime>2026-01-01T00:00:00Z</loginTime></returnval></LoginResponse>';
    expect(rewrite(soap(answer), true)).toContain(
      '<key>removed</key><userName>removed</userName><loginTime>removed</loginTime>',
    );
    expect(rewrite(soap('<a>x52773cd3-35c6-b40ax</a><b>by metering@vsphere.local</b>'))).toContain(
      '<a>removed</a><b>removed</b>',
    );
  });

  it('is not written if the password stands where nothing is replaced', () => {
    const { rewrite } = rewriter({ users: ['assign'], secrets: ['poweredOn'] });
    const body = change('runtime.powerState', 'VirtualMachinePowerState', 'poweredOn');
    expect(() => rewrite(soap(body))).toThrow('a secret stands where none was looked for');
    expect(rewrite(soap(body.replace('poweredOn', 'poweredOff')))).toContain('poweredOff');
  });

  it('is whole or not at all', () => {
    for (const body of [
      '<Envelope><a></Envelope>',
      '<!DOCTYPE a [<!ENTITY b "c">]><Envelope>&b;</Envelope>',
      '<html>web1</html>',
      'web1',
      '{"a":',
      '{"a" 1}',
      '[1,]',
      '{"a":01x}',
    ])
      expect(() => rewriter().rewrite(body), body).toThrow(/XML|JSON|neither/);
  });
});

const record = (fields: object): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    result: {
      events: [
        {
          id: '4',
          class: 'vm',
          operation: 'add',
          ref: 'OpaqueRef:5026da5b-0d14-4a73-9d4d-2cd2ac8ed09c',
          snapshot: fields,
        },
      ],
      token: '00000000000000000012,00000000000000000015',
      valid_ref_counts: { vm: 1 },
    },
    id: 7,
  });
const fieldsIn = (written: string): object => JSON.parse(written).result.events[0].snapshot;

describe('JSON of XenAPI', () => {
  it('keeps what the fields of records say by themselves', () => {
    const fields = {
      power_state: 'Running',
      domid: '12',
      VCPUs_max: '4',
      memory_target: 12345678901234,
      start_time: '20260308T10:00:00Z',
      device: 'xvda',
      resident_on: 'OpaqueRef:NULL',
      is_a_template: false,
      software_version: { product_version: '8.3.0' },
      cpu_info: { cpu_count: '8' },
      tags: [],
    };
    const { rewrite, product } = rewriter();
    expect(fieldsIn(rewrite(record(fields)))).toEqual(fields);
    expect(product.told).toEqual({ product_version: '8.3.0' });
  });

  it('replaces every other text, and the keys that people choose', () => {
    const fields = {
      uuid: '5026da5b-0d14-4a73-9d4d-2cd2ac8ed09c',
      name_label: 'web',
      name_description: '12',
      MAC: '0a:00:00:00:00:07',
      address: '10.1.2.3',
      tags: ['gold', 'web'],
      other_config: {
        nova_uuid: '5026DA5B-0D14-4A73-9D4D-2CD2AC8ED09C',
        'x project': 'p 1',
        domid: '12',
        boot_time: '1772964000.',
      },
      networks: { '0/ip': '10.1.2.3', '0/ipv6/0': 'fe80::1' },
    };
    const uuid = '00000000-0000-4000-8000-000000000001';
    expect(fieldsIn(rewriter().rewrite(record(fields)))).toEqual({
      uuid,
      name_label: 'name-1',
      name_description: 'name-2',
      MAC: '02:00:00:00:00:01',
      address: '192.0.2.1',
      tags: ['name-3', 'name-1'],
      other_config: { nova_uuid: uuid, 'name-4': 'name-5', 'name-6': 'name-2', boot_time: '1772964000.' },
      networks: { 'name-7/name-8': '192.0.2.1', 'name-7/name-9/name-7': '2001:db8::0:1' },
    });
  });

  it('keeps every digit, and the forms of old hosts', () => {
    const { rewrite } = rewriter();
    const text =
      '{meta: {start:1, "step":"60", legend: ["AVERAGE:vm:5026da5b-0d14-4a73-9d4d-2cd2ac8ed09c:cpu0","AVERAGE:host:5026da5b-0d14-4a73-9d4d-2cd2ac8ed09c:secret_column"]},\n "data":[{"t":"1","values":["1.50000000000000","NaN"]},{"t":2,"values":[0.10,NaN]}]}';
    expect(rewrite(text)).toBe(
      text
        .replaceAll('5026da5b-0d14-4a73-9d4d-2cd2ac8ed09c', '00000000-0000-4000-8000-000000000001')
        .replace('secret_column', 'name-1'),
    );
  });

  it('writes neither session nor what it logged in with', () => {
    const { rewrite } = rewriter({ users: ['root'], secrets: ['hunter22'] });
    const session = 'OpaqueRef:aaaaaaaa-0d14-4a73-9d4d-2cd2ac8ed09c';
    expect(rewrite(JSON.stringify({ jsonrpc: '2.0', result: session, id: 1 }), true)).toBe(
      '{"jsonrpc":"2.0","result":"removed","id":1}',
    );
    expect(rewrite(JSON.stringify({ method: 'event.from', params: [session, ['VM'], '', 30.1] }))).toBe(
      '{"method":"event.from","params":["removed",["VM"],"",30.1]}',
    );
    expect(
      rewrite(
        JSON.stringify({ error: { code: 1, message: 'SESSION_INVALID', data: ['SESSION_INVALID', session, 'root'] } }),
      ),
    ).toBe('{"error":{"code":1,"message":"SESSION_INVALID","data":["SESSION_INVALID","removed","removed"]}}');
  });

  it('keeps names with keepNames, and nothing else', () => {
    const { rewrite } = rewriter({ keepNames: true });
    expect(fieldsIn(rewrite(record({ name_label: 'web', name_description: 'web', tags: ['web'] })))).toEqual({
      name_label: 'web',
      name_description: 'name-1',
      tags: ['name-1'],
    });
  });
});

describe('XML-RPC of XenAPI', () => {
  const struct = (members: Readonly<Record<string, string>>): string =>
    `<value><struct>${Object.entries(members)
      .map(([name, value]) => `<member><name>${name}</name>${value}</member>`)
      .join('')}</struct></value>`;
  const list = (...values: string[]): string => `<value><array><data>${values.join('')}</data></array></value>`;
  const value = (text: string): string => `<value>${text}</value>`;
  const answer = (of: string): string =>
    `<methodResponse><params><param>${struct({ Status: value('Success'), Value: of })}</param></params></methodResponse>`;

  it('is rewritten as the JSON is', () => {
    const records = (fields: Readonly<Record<string, string>>, ref: string): string =>
      answer(struct({ [ref]: struct(fields) }));
    const uuid = '5026da5b-0d14-4a73-9d4d-2cd2ac8ed09c';
    const given = records(
      {
        uuid: value(uuid),
        power_state: value('Running'),
        domid: value('12'),
        tags: list(value('gold'), value('web')),
        other_config: struct({ nova_uuid: value(uuid), project: value('p'), cpu_count: value('8') }),
        start_time: '<value><dateTime.iso8601>20260308T10:00:00Z</dateTime.iso8601></value>',
        is_a_template: '<value><boolean>0</boolean></value>',
        name_label: value('gold'),
      },
      `OpaqueRef:${uuid}`,
    );
    expect(rewriter().rewrite(given)).toBe(
      given
        .replaceAll(uuid, '00000000-0000-4000-8000-000000000001')
        .replaceAll('>gold<', '>name-1<')
        .replaceAll('>web<', '>name-2<')
        .replace('>project<', '>name-3<')
        .replace('>p<', '>name-4<'),
    );
  });

  it('has its session removed', () => {
    const call = (session: string): string =>
      `<methodCall><methodName>event.from</methodName><params><param>${value(session)}</param><param>${list(value('VM'), value('host'))}</param><param>${value('')}</param><param><value><double>30.1</double></value></param></params></methodCall>`;
    expect(rewriter().rewrite(call('OpaqueRef:x'))).toBe(call('removed'));
    expect(rewriter().rewrite(answer(value('OpaqueRef:x')), true)).toBe(answer(value('removed')));
  });

  it('statistics keep their numbers', () => {
    const xport = (vm: string, column: string): string =>
      `<xport><meta><start>1</start><step>60</step><legend><entry>AVERAGE:vm:${vm}:${column}</entry><entry>AVERAGE:vm:${vm}:vbd_xvda_read</entry></legend></meta><data><row><t>1</t><v>NaN</v><v>1.5000e-03</v></row></data></xport>`;
    expect(rewriter().rewrite(xport('5026da5b-0d14-4a73-9d4d-2cd2ac8ed09c', 'vbd_my disk_read'))).toBe(
      xport('00000000-0000-4000-8000-000000000001', 'vbd_name-1_read'),
    );
  });
});
