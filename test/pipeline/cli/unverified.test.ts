import { describe, expect, it } from 'vitest';
import { openPasswords, unverifiedTls } from '../../../pipeline/cli/unverified.ts';

describe('certificates that are not checked', () => {
  it('are warned of, each where it is written', () => {
    const config = {
      service: { id: 'a' },
      kafka: { brokers: ['a:9092'], tls: { verify: false } },
      state: { type: 'redis', tls: { verify: true } },
      connectors: [
        { name: 'kvm1', tls: { verify: true } },
        { name: 'vc1', tls: { verify: false } },
        { name: 'vc2', tls: { verify: false, thumbprint: 'AB:CD' } },
        { name: 'vc3' },
      ],
      meters: ['*'],
      sinks: [{ type: 'stdout' }, { type: 'http', tls: { verify: false, caFile: undefined } }],
    };
    const remarks = unverifiedTls(config);
    expect(remarks.map(({ path }) => path.join('.'))).toEqual([
      'kafka.tls.verify',
      'connectors.1.tls.verify',
      'sinks.1.tls.verify',
    ]);
    expect(remarks[0]).toMatchObject({ severity: 'warning', message: expect.stringContaining('caFile') });
  });

  const placesOf = (config: object): readonly string[] => unverifiedTls(config).map(({ path }) => path.join('/'));

  it.each<[string, readonly string[]]>([
    ['qemu+tls://h/system?no_verify=1', ['connectors/0/uri']],
    ['qemu+ssh://h/system?keyfile=/k&no_verify=1', ['connectors/0/uri']],
    ['qemu+tls://h/system?no_verify=0', []],
    ['qemu+tls://h/system?pkipath=/no_verify=1', []],
    ['qemu+tls://h/system', []],
  ])("are warned of in libvirt's own words: %s", (uri, expected) => {
    expect(placesOf({ connectors: [{ name: 'kvm1', type: 'libvirt', uri }] })).toEqual(expected);
  });

  it('are warned of in the templates of discovery', () => {
    const uri = 'qemu+tls://{host}/system?no_verify=1';
    const discovery = [
      { type: 'dns', entry: { type: 'vsphere', url: 'https://{host}', tls: { verify: false } } },
      { type: 'file', entry: [{ type: 'libvirt', uri }, { type: 'xenapi', tls: { verify: 'false' } }, { type: 'x' }] },
      { type: 'file', paths: ['a.yaml'] },
    ];
    expect(placesOf({ discovery })).toEqual([
      'discovery/0/entry/tls/verify',
      'discovery/1/entry/0/uri',
      'discovery/1/entry/1/tls/verify',
    ]);
  });

  it.each<[object, readonly string[]]>([
    [{ 'enable.ssl.certificate.verification': 'false' }, ['kafka/librdkafka/enable.ssl.certificate.verification']],
    [{ 'enable.ssl.certificate.verification': false }, ['kafka/librdkafka/enable.ssl.certificate.verification']],
    [{ 'ssl.endpoint.identification.algorithm': 'none' }, ['kafka/librdkafka/ssl.endpoint.identification.algorithm']],
    [{ 'enable.ssl.certificate.verification': 'true', 'ssl.endpoint.identification.algorithm': 'https' }, []],
  ])('are warned of among the properties of librdkafka: %j', (librdkafka, expected) => {
    expect(placesOf({ kafka: { librdkafka } })).toEqual(expected);
  });
});

describe('passwords without TLS', () => {
  const warned = (place: object): readonly string[] =>
    openPasswords({ meters: ['*'], service: { id: 'a' }, connectors: [place] }).map(({ path }) => path.join('.'));

  it.each<[string, object, readonly string[]]>([
    ['vSphere', { type: 'vsphere', url: 'http://vc1/sdk', password: 'x' }, ['connectors.0.url']],
    ['vSphere with TLS', { type: 'vsphere', url: 'https://vc1/sdk', password: 'x' }, []],
    ['one of several', { type: 'xenapi', url: ['https://x1', 'http://x2'], password: 'x' }, ['connectors.0.url']],
    ['a token', { type: 'proxmox', url: 'http://pve1:8006', tokenSecret: 'x' }, ['connectors.0.url']],
    ['Keystone', { type: 'nova', authUrl: 'http://keystone:5000/v3', password: 'x' }, ['connectors.0.authUrl']],
    ['what a sink shows', { type: 'http', url: 'http://receiver/', auth: { bearerToken: 'x' } }, ['connectors.0.url']],
    [
      'a name that begins as loopback does',
      { type: 'http', url: 'http://127.evil.example/', auth: {} },
      ['connectors.0.url'],
    ],
    ['nothing to read', { type: 'http', url: 'http://receiver/' }, []],
    ['Hyper-V, which seals', { type: 'hyperv', url: 'http://hv1:5985/wsman', password: 'x' }, []],
    [
      'this machine',
      { type: 'xenapi', url: ['http://localhost:80', 'http://127.0.0.1', 'http://[::1]:80'], password: 'x' },
      [],
    ],
    ['another kind of address', { type: 'amqp', url: 'amqp://u@rabbit/', password: 'x' }, []],
  ])('%s', (_, place, expected) => {
    expect(warned(place)).toEqual(expected);
  });

  it('are warned of in the templates of discovery', () => {
    const entry = { type: 'vsphere', url: 'http://{host}/sdk', username: 'm', passwordFile: '/p' };
    const [remark] = openPasswords({ discovery: [{ type: 'dns', entry }] });
    expect(remark).toMatchObject({ path: ['discovery', 0, 'entry', 'url'] });
  });

  it('are warned of with what to do', () => {
    const [remark] = openPasswords({ sinks: [{ url: 'http://r/', auth: {} }] });
    expect(remark).toMatchObject({ severity: 'warning', message: expect.stringContaining('Use https://') });
  });
});
