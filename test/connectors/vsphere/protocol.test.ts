import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { readCurrentTime, readMoref, readNothing } from '../../../connectors/vsphere/answers.ts';
import * as methods from '../../../connectors/vsphere/methods.ts';
import { encodeCall, escapeXml, type VimFault } from '../../../connectors/vsphere/protocol.ts';
import { answer, envelope, fault } from './answers.ts';
import { read } from './xml.ts';

describe('a call', () => {
  it('is an envelope around the method, with the object that it is of', () => {
    expect(encodeCall(methods.logout({ type: 'SessionManager', id: 'ha-sessionmgr' }))).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><Logout xmlns="urn:vim25"><_this type="SessionManager">ha-sessionmgr</_this></Logout></soapenv:Body></soapenv:Envelope>',
    );
  });

  it.each(['</password><evil/>', '&amp;', `"'<>&`, 'grüße 🔑', 'a\r\nb\tc ]]>'])('brings %j as it is', (password) => {
    const xml = encodeCall(methods.login({ type: 'SessionManager', id: 'sm' }, 'u', password));
    const parser = new SaxesParser();
    let open = '';
    const texts: Record<string, string> = {};
    parser.on('opentag', ({ name }) => {
      open = name;
    });
    parser.on('text', (text) => {
      texts[open] = text;
    });
    parser.write(xml).close();
    expect(texts).toMatchObject({ userName: 'u', password });
  });

  it.each(['\u0000', '\u001b[0m', '\ud800', '\uffff'])('refuses %j, which XML cannot hold', (text) => {
    expect(() => escapeXml(text)).toThrow(RangeError);
  });

  it('asks for samples in the order of the WSDL', () => {
    const query = { entity: { type: 'VirtualMachine', id: 'vm-1' }, startTime: 1_767_225_600_500_000, maxSample: 3 };
    const metrics = [
      { counterId: 14, instance: '' as const },
      { counterId: 462, instance: '*' as const },
    ];
    expect(methods.queryPerf({ type: 'PerformanceManager', id: 'PerfMgr' }, [{ ...query, metrics }]).body).toBe(
      '<querySpec><entity type="VirtualMachine">vm-1</entity><startTime>2026-01-01T00:00:00.500000Z</startTime><maxSample>3</maxSample>' +
        '<metricId><counterId>14</counterId><instance></instance></metricId><metricId><counterId>462</counterId><instance>*</instance></metricId>' +
        '<intervalId>20</intervalId><format>csv</format></querySpec>',
    );
  });
});

describe('an answer', () => {
  it('is what stands in the returnval', async () => {
    const xml = answer('CreateFilter', '<returnval type="PropertyFilter">f-1</returnval>');
    expect(await read('CreateFilter', xml, readMoref())).toEqual({ type: 'PropertyFilter', id: 'f-1' });
  });

  it('may be empty', async () => {
    await expect(read('Logout', answer('Logout', ''), readNothing())).resolves.toBeUndefined();
  });

  it.each([
    ['2026-01-01T00:00:20Z', 1_767_225_620_000_000],
    ['2026-01-01T01:00:20.5+01:00', 1_767_225_620_500_000],
    ['2025-12-31T18:00:20.123456789-06:00', 1_767_225_620_123_456],
    ['2026-01-01T00:00:20', 1_767_225_620_000_000],
  ])('tells the time as %s', async (text, us) => {
    const xml = answer('CurrentTime', `<returnval>${text}</returnval>`);
    expect(await read('CurrentTime', xml, readCurrentTime())).toBe(us);
  });

  it.each([
    ['of another method', answer('Login', '<returnval type="x">y</returnval>'), /no answer to CreateFilter/],
    ['without a returnval', answer('CreateFilter', ''), /no <returnval>/],
    ['of another kind', answer('CreateFilter', '<returnval>y</returnval>'), /reference/],
    ['an empty envelope', envelope(''), /no answer to CreateFilter/],
    ['another document', '<rss><channel/></rss>', /no answer to CreateFilter/],
  ])('%s is not understood', async (_, xml, message) => {
    await expect(read('CreateFilter', xml, readMoref())).rejects.toThrow(message);
  });
});

describe('a fault', () => {
  const refusal = (xml: string): Promise<VimFault> =>
    read('QueryPerf', xml, readNothing()).then(
      () => expect.unreachable('it is refused'),
      (error) => error,
    );

  it('has the name of its type, whatever the element is called', async () => {
    expect(await refusal(fault('NotAuthenticated'))).toMatchObject({ fault: 'NotAuthenticated', about: null });
    const untyped = envelope(
      '<soapenv:Fault><faultstring>no</faultstring><detail><InvalidLoginFault/></detail></soapenv:Fault>',
    );
    expect(await refusal(untyped)).toMatchObject({ fault: 'InvalidLogin', message: 'InvalidLogin: no' });
  });

  it.each([
    ['ManagedObjectNotFound', '<obj type="VirtualMachine">vm-9</obj>', 'vm-9'],
    ['NoPermission', '<object type="VirtualMachine">vm-8</object><privilegeId>System.Read</privilegeId>', 'vm-8'],
  ])('%s names its object', async (name, inner, about) => {
    expect(await refusal(fault(name, inner))).toMatchObject({ fault: name, about });
  });

  it('tells its details, in one line and not without end', async () => {
    const long = await refusal(
      fault('RestrictedByAdministrator', '<details>vpxd.stats.maxQueryMetrics</details>', `so\n${'x'.repeat(5000)}`),
    );
    expect(long.message.length).toBeLessThan(400);
    expect(long.message).not.toContain('\n');
    const short = await refusal(fault('RestrictedByAdministrator', '<details>vpxd.stats.maxQueryMetrics</details>'));
    expect(short.message).toBe('RestrictedByAdministrator: vpxd.stats.maxQueryMetrics');
  });

  it('without details is one all the same', async () => {
    expect(await refusal(envelope('<soapenv:Fault/>'))).toMatchObject({ fault: 'unnamed fault' });
  });
});
