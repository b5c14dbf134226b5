import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { selfSigned } from '../../fakes/certificate.ts';
import {
  type ComputeHost,
  CREDENTIAL,
  FakeOpenStack,
  type FakeOptions,
  USER,
} from '../../fakes/openstack/openstack.ts';
import { look, sourceOf, watched } from './sources.ts';

const HOSTS: readonly ComputeHost[] = [
  { hostname: 'cmp1.example.org', ip: '192.0.2.11' },
  { hostname: 'cmp2.example.org', ip: '2001:db8::2', state: 'down' },
  { hostname: 'cmp3.example.org', ip: '192.0.2.13', status: 'disabled' },
  { hostname: 'domain-c7.1f6c', ip: '192.0.2.14', type: 'VMware vCenter Server' },
  { hostname: '2f1bd1d6-4a2b', ip: '192.0.2.15', type: 'ironic' },
];
const QEMU = { when: { hypervisor_type: 'QEMU|KVM' }, type: 'libvirt', uri: 'qemu+tls://{host_ip}/system' };

let fake: FakeOpenStack | undefined;
afterEach(() => fake?.down());
const cloud = async (options: FakeOptions = {}, hosts = HOSTS): Promise<FakeOpenStack> => {
  fake = await new FakeOpenStack(options).up(hosts);
  return fake;
};
const { username, password, project } = USER;
const source = (about: Readonly<Record<string, unknown>> = {}, clock = systemClock) =>
  sourceOf(
    { type: 'nova', authUrl: fake?.authUrl, username, password, project, entry: QEMU, exclude: '2f1bd1d6.*', ...about },
    { clock },
  );

describe("nova's hosts", () => {
  it('are entries by the template for their type', async () => {
    await cloud();
    const vcenter = { type: 'vsphere', name: 'vc1', url: 'https://vc1/sdk', username: 'u', password: 'p' };
    const entry = [QEMU, { when: { hypervisor_type: 'VMware.*' }, ...vcenter }];
    const { entries, rejected, remarks } = await look(source({ entry }));
    expect(rejected).toEqual([]);
    expect(entries).toMatchObject([
      { name: 'cmp1.example.org', uri: 'qemu+tls://192.0.2.11/system' },
      { name: 'cmp2.example.org', uri: 'qemu+tls://[2001:db8::2]/system' },
      { name: 'cmp3.example.org', uri: 'qemu+tls://192.0.2.13/system' },
      { name: 'vc1', type: 'vsphere' },
    ]);
    expect(remarks).toEqual(['nova-compute is down on cmp2.example.org', 'disabled: cmp3.example.org']);
    expect((await look(source())).rejected).toMatchObject([{ reason: 'unmatched', where: 'nova: domain-c7.1f6c' }]);
    const up = { ...QEMU, when: { ...QEMU.when, state: 'up', status: 'enabled' } };
    expect((await look(source({ entry: up }))).entries.map(({ name }) => name)).toEqual(['cmp1.example.org']);
  });

  it.each(['2.33', '2.53', '2.88'])(
    'come page after page, a thousand of them, at microversion %s',
    async (microversion) => {
      const hosts = Array.from({ length: 1000 }, (_, n) => ({ hostname: `cmp${n}`, ip: `192.0.${n >> 8}.${n & 255}` }));
      const { lists } = await cloud({ maxLimit: 300, oldLinks: true }, hosts);
      expect(lists).toBe(0);
      expect((await look(source({ microversion }))).entries).toHaveLength(1000);
      expect(fake?.lists).toBe(4);
    },
  );

  it('come by an application credential, from the root of Keystone, at a given endpoint', async () => {
    const { id, secret } = CREDENTIAL;
    await cloud();
    const about = { username: undefined, password: undefined, project: undefined };
    const credential = { applicationCredentialId: id, applicationCredentialSecret: secret };
    const given = { authUrl: `${fake?.origin}/identity/`, endpoint: `${fake?.origin}/compute/v2.1/` };
    expect((await look(source({ ...about, ...credential, ...given }))).entries).toHaveLength(3);
  });

  it('come with one token for as long as it lasts, and a new one when it was revoked', async () => {
    let now = systemClock.now();
    const { logins } = await cloud({ tokenSeconds: 3600, now: () => now / 1000 });
    expect(logins).toBe(0);
    const one = source({}, { ...systemClock, now: () => now });
    for (let again = 0; again < 3; again++) await look(one);
    expect(fake?.logins).toBe(1);
    now += 3590e6;
    await look(one);
    expect(fake?.logins).toBe(2);
    fake?.revokeAll();
    expect((await look(one)).entries).toHaveLength(3);
    expect(fake?.logins).toBe(3);
    await one.close();
  });

  it('lose one that is none, and no other', async () => {
    await cloud();
    const hypervisors = [
      { id: 1, hypervisor_type: 'QEMU' },
      { id: 2, hypervisor_hostname: 'h', hypervisor_type: 'QEMU', host_ip: '192.0.2.1' },
    ];
    if (fake) fake.instead = (path) => (path.endsWith('detail') ? { status: 200, body: { hypervisors } } : undefined);
    const { entries, rejected } = await look(source());
    expect(entries.map(({ name }) => name)).toEqual(['h']);
    expect(rejected).toMatchObject([
      { message: expect.stringContaining('hypervisor 0 of page 0: hypervisor_hostname') },
    ]);
  });
});

describe('nova that does not tell', () => {
  it.each<[string, Readonly<Record<string, unknown>>, FakeOptions, string, RegExp]>([
    [
      'password',
      { password: 'other' },
      {},
      'refused',
      /refuses the login \(401\): check username, userDomain, password/,
    ],
    ['domain', { userDomain: 'heat' }, {}, 'refused', /refuses the login/],
    ['policy', {}, { mayList: () => false }, 'refused', /os_compute_api:os-hypervisors:list-detail/],
    [
      'region',
      { region: 'RegionTwo' },
      {},
      'refused',
      /it has public in RegionOne, internal in RegionOne, admin in RegionOne/,
    ],
    ['regions', {}, { regions: ['a', 'b'] }, 'refused', /several regions, .*: set region/],
    ['microversion', { microversion: '2.999' }, {}, 'unsupported', /no microversion 2.999 \(406\): set microversion/],
  ])('because of the %s', async (_, about, options, code, message) => {
    await cloud(options);
    const failure = look(source(about));
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining(password) });
  });

  it.each<[string, number, unknown, string, RegExp]>([
    ['detail', 503, 'sorry', 'lost', /nova answers 503: see its log/],
    ['detail', 401, {}, 'refused', /refuses a token that Keystone has just given/],
    ['detail', 200, '<html>', 'protocol', /what nova answers is no JSON/],
    ['detail', 200, { hypervisors: 3 }, 'protocol', /no list of hypervisors/],
    [
      'detail',
      200,
      { hypervisors: [], hypervisors_links: [{ rel: 'next', href: '?marker=1' }] },
      'protocol',
      /have no end/,
    ],
    ['tokens', 201, {}, 'protocol', /answers with no token/],
    ['tokens', 404, {}, 'protocol', /no Identity API v3/],
    ['tokens', 500, {}, 'lost', /Keystone answers 500/],
  ])('%s answers %s %j', async (end, status, body, code, message) => {
    const { instead } = await cloud();
    expect(instead).toBeUndefined();
    if (fake) fake.instead = (path) => (path.endsWith(end) ? { status, body } : undefined);
    await expect(look(source())).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('because nobody is there, or answers', async () => {
    await cloud();
    await expect(look(source({ authUrl: 'http://127.0.0.1:1/v3' }))).rejects.toMatchObject({ code: 'unreachable' });
    if (fake) fake.instead = () => 'hang';
    await expect(look(source({ timeout: '300ms' }))).rejects.toMatchObject({ code: 'timeout' });
  });

  it('because its certificate is not trusted, until its CA is named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hypermeter-keystone-'));
    const tls = selfSigned(folder);
    await cloud({ tls });
    await expect(look(source())).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('name the CA in tls.caFile'),
    });
    const ca = join(folder, 'ca.pem');
    const trusting = source({ tls: { caFile: ca } });
    await expect(look(trusting)).rejects.toMatchObject({
      message: expect.stringContaining(`cannot read tls.caFile ${ca}`),
    });
    await writeFile(ca, tls.cert);
    expect((await look(trusting)).entries).toHaveLength(3);
    await trusting.close();
  });

  it('says nothing all of a sudden: its hosts stay until it has said so twice', async () => {
    await cloud();
    const seen = watched(source({ refresh: '1s' }));
    await expect.poll(() => seen.names().length).toBe(3);
    fake?.set([]);
    await expect.poll(() => seen.told('discovery.empty').length, { timeout: 5000 }).toBe(1);
    expect(seen.names()).toHaveLength(3);
    await expect.poll(() => seen.names().length, { timeout: 5000 }).toBe(0);
    seen.stop();
  });
});
