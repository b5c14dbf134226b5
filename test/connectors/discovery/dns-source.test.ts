import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeDns, type Said } from '../../fakes/dns.ts';
import { look, sourceOf, watched } from './sources.ts';

const NAME = '_libvirt._tcp.example.org';
const record = (target: string, port = 16514, priority = 10) => ({ priority, weight: 5, port, target });
const dns = new FakeDns();
beforeAll(() => dns.up());
afterAll(() => dns.down());
beforeEach(() => dns.zone.clear());

const source = (about: Readonly<Record<string, unknown>> = {}) =>
  sourceOf({
    type: 'dns',
    name: NAME,
    servers: [dns.address],
    entry: { type: 'libvirt', uri: 'qemu+tls://{target}:{port}/system' },
    ...about,
  });

describe('SRV records', () => {
  it('are entries by the template, in an order of their own', async () => {
    dns.zone.set(NAME, [record('kvm2.example.org'), record('kvm1.example.org', 16515)]);
    for (let turn = 0; turn < 3; turn++)
      expect((await look(source())).entries).toMatchObject([
        { name: 'kvm1.example.org', type: 'libvirt', uri: 'qemu+tls://kvm1.example.org:16515/system' },
        { name: 'kvm2.example.org', type: 'libvirt', uri: 'qemu+tls://kvm2.example.org:16514/system' },
      ]);
  });

  it('come by the hundred, over TCP', async () => {
    dns.zone.set(
      NAME,
      Array.from({ length: 400 }, (_, n) => record(`kvm${n}.example.org`)),
    );
    expect((await look(source())).entries).toHaveLength(400);
  });

  it('are told apart by their ports if the template says so', async () => {
    dns.zone.set(NAME, [record('h.example.org', 1), record('h.example.org', 2)]);
    expect((await look(source())).rejected).toMatchObject([
      { reason: 'duplicate_name', where: `${NAME}: h.example.org:2` },
    ]);
    const entry = { type: 'libvirt', name: '{host}:{port}', uri: 'qemu+tls://{target}:{port}/system' };
    expect((await look(source({ entry }))).entries.map(({ name }) => name)).toEqual([
      'h.example.org:1',
      'h.example.org:2',
    ]);
  });

  it('are filtered, and chosen for by what they say', async () => {
    dns.zone.set(NAME, [record('a.example.org', 1, 10), record('b.example.org', 1, 20), record('c.example.net')]);
    const entry = [
      { when: { priority: '10' }, type: 'libvirt', uri: 'qemu+tls://{host}/system' },
      { type: 'hyperv', url: 'https://{host}:5986/wsman', username: 'u', password: 'p' },
    ];
    const { entries, rejected } = await look(source({ entry, include: '.*\\.example\\.org' }));
    expect(rejected).toEqual([]);
    expect(entries.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'a.example.org libvirt',
      'b.example.org hyperv',
    ]);
  });

  it.each<[string, Said | undefined]>([
    ['no such name', undefined],
    ['no such records', []],
    ['a service that is decidedly not there', [record('.', 0)]],
  ])('of %s are none', async (_, said) => {
    if (said) dns.zone.set(NAME, said);
    expect((await look(source())).entries).toEqual([]);
  });

  it.each<[Said, string, RegExp]>([
    ['servfail', 'protocol', /SERVFAIL/],
    ['refused', 'refused', /let this address ask it/],
    ['silence', 'timeout', /check its address and the firewall/],
  ])('do not come: %s', async (said, code, message) => {
    dns.zone.set(NAME, said);
    await expect(look(source({ timeout: '400ms' }))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('are asked for at every refresh, and stay while nobody answers', async () => {
    dns.zone.set(NAME, [record('a.example.org')]);
    const seen = watched(source({ refresh: '1s', timeout: '500ms' }));
    await expect.poll(() => seen.names()).toEqual(['a.example.org']);
    dns.zone.set(NAME, 'silence');
    await expect.poll(() => seen.told('discovery.failed').length, { timeout: 5000 }).toBeGreaterThan(0);
    expect(seen.names()).toEqual(['a.example.org']);
    dns.zone.set(NAME, [record('a.example.org'), record('b.example.org')]);
    await expect.poll(() => seen.names(), { timeout: 5000 }).toEqual(['a.example.org', 'b.example.org']);
    seen.stop();
  });
});
