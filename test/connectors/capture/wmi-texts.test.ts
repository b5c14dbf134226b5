import { describe, expect, it } from 'vitest';
import { rewriteBody } from '../../../connectors/capture/body.ts';
import { Product } from '../../../connectors/capture/product.ts';
import { Pseudonyms } from '../../../connectors/capture/pseudonyms.ts';
import { WmiTexts } from '../../../connectors/capture/wmi-texts.ts';
import { diskKey } from '../../../connectors/wmi-names.ts';

const plain = () => new Pseudonyms({ keepNames: false, endpoint: 'hv1', users: ['LAB\\meter'], secrets: [] });
const VM = '0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0';
const PORT = 'AAAAAAAA-4B5A-6978-8796-A5B4C3D2E1F0';

describe('names of rows', () => {
  it.each([
    [
      ['web', 'web:Hv VP 0', 'web:Hv VP 12#1', '_Total'],
      ['name-1', 'name-1:Hv VP 0', 'name-1:Hv VP 12#1', '_Total'],
    ],
    [
      ['a:b', 'a:b:Hv VP 0', 'a'],
      ['name-1', 'name-1:Hv VP 0', 'name-2'],
    ],
    [
      ['Hv LP 12', 'Hv LP x'],
      ['Hv LP 12', 'name-1'],
    ],
    // A VM that is called like a row.
    [
      ['x:Hv VP 1', 'x:Hv VP 1:Hv VP 2'],
      ['name-1:Hv VP 1', 'name-1:Hv VP 1:Hv VP 2'],
    ],
    [
      ['web', 'web#1'],
      ['name-1', 'name-1#1'],
    ],
    [
      [`web_Network Adapter_${VM}--${PORT}`, PORT.toLowerCase(), `my ${VM}`],
      [
        'name-1_00000000-0000-4000-8000-000000000001--00000000-0000-4000-8000-000000000002',
        '00000000-0000-4000-8000-000000000002',
        'name-2 00000000-0000-4000-8000-000000000001',
      ],
    ],
    [
      ['HV1__DEVICE_vEthernet', 'HV1__TEAMNIC_Team'],
      ['name-1__DEVICE_name-2', 'name-1__TEAMNIC_name-3'],
    ],
  ])('%j', (given, expected) => {
    const texts = new WmiTexts(plain());
    expect(given.map((name) => texts.name(name))).toEqual(expected);
  });

  it('of a disk fit its path, and the epoch that has it', () => {
    const texts = new WmiTexts(plain());
    const path = 'D:\\VMs\\pay roll@home.vhdx';
    const key = diskKey(texts.path(path));
    expect(key).toBe('c:-name-1.vhdx');
    expect(diskKey(texts.name('--?-D:-VMs-pay roll@home.vhdx'))).toBe(key);
    expect(texts.text(path)).toBe('C:\\name-1.vhdx');
    expect(texts.epoch(`hv1/${VM.toLowerCase()}/4001/${diskKey(path)}`)).toBe(
      `captured/00000000-0000-4000-8000-000000000001/4001/${key}`,
    );
    expect(texts.epoch(`hv1/${VM.toLowerCase()}/4001`)).toBe('captured/00000000-0000-4000-8000-000000000001/4001');
    expect(texts.epoch('hv1/host')).toBe('captured/host');
    const passedThrough = '\\\\HV1\\root\\virtualization\\v2:Msvm_DiskDrive.DeviceID="x"';
    expect(texts.epoch(`hv1/${VM.toLowerCase()}/1/${diskKey(passedThrough)}`)).toBe(
      `captured/00000000-0000-4000-8000-000000000001/1/${diskKey(texts.path(passedThrough))}`,
    );
  });

  it('MACs, places and notes keep their form', () => {
    const texts = new WmiTexts(plain());
    expect(['00155D0A0B0C', '000000000000'].map((mac) => texts.mac(mac))).toEqual(['020000000001', '000000000000']);
    expect(texts.text('00:15:5d:0a:0b:0c')).toBe('02:00:00:00:00:01');
    expect(texts.device(`${VM}\\0\\1\\L`)).toBe('00000000-0000-4000-8000-000000000001\\0\\1\\L');
    expect([`{${VM}}`, 'owner: Jane', 'LAB\\meter'].map((line) => texts.line(line))).toEqual([
      '00000000-0000-4000-8000-000000000001',
      'name-1',
      'removed',
    ]);
  });
});

describe('SOAP of WS-Management', () => {
  const rewrite = (body: string): string =>
    rewriteBody(Buffer.from(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">${body}</s:Envelope>`), {
      texts: plain(),
      product: new Product(),
      isLogin: false,
    }).replace(/^<[^>]*>|<[^>]*>$/g, '');

  it.each([
    ['numbers', '<PercentTotalRunTime>18446744073709551615</PercentTotalRunTime><ProcessID>12</ProcessID>'],
    ['null', '<PercentTotalRunTime xsi:nil="true"/>'],
    ['a query', '<w:Filter>select Name,PercentTotalRunTime from Win32_PerfRawData_HvStats</w:Filter>'],
    ['times', '<TimeOfLastStateChange><cim:Datetime>2026-11-26T12:00:00Z</cim:Datetime></TimeOfLastStateChange>'],
    ['times of WMI', '<TimeOfLastStateChange>20261126120000.000000-000</TimeOfLastStateChange>'],
    ['types', '<ResourceSubType>Microsoft:Hyper-V:Virtual CD/DVD Disk</ResourceSubType>'],
    ['codes', '<s:Fault><s:Value>w:TimedOut</s:Value><f:WSManFault Code="2150858793"/></s:Fault>'],
  ])('keeps %s', (_, body) => {
    expect(rewrite(body)).toBe(body);
  });

  it.each([
    ['a number that is none', '<ProcessID>payroll</ProcessID>', '<ProcessID>name-1</ProcessID>'],
    ['another query', "<w:Filter>select * from x where Name='web'</w:Filter>", '<w:Filter>name-1</w:Filter>'],
    [
      'words of a fault, but for its codes',
      '<s:Fault><s:Text>no HV1 there (0x80041010)</s:Text></s:Fault>',
      '<s:Fault><s:Text>name-1 0x80041010</s:Text></s:Fault>',
    ],
    ['a machine', '<f:WSManFault Machine="HV1"/>', '<f:WSManFault Machine="name-1"/>'],
    [
      'a context',
      '<n:EnumerationContext>secret of HV1</n:EnumerationContext>',
      '<n:EnumerationContext>name-1</n:EnumerationContext>',
    ],
  ])('replaces %s', (_, body, expected) => {
    expect(rewrite(body)).toBe(expected);
  });
});
