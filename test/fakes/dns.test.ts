import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available } from '../services/service.ts';
import { FakeDns } from './dns.ts';

const here = await available('dig');
const run = promisify(execFile);

describe.skipIf(!here)('the fake name server, to dig', () => {
  const dns = new FakeDns();
  beforeAll(async () => {
    await dns.up();
    dns.zone.set('_libvirt._tcp.example.org', [
      { priority: 10, weight: 5, port: 16514, target: 'kvm1.example.org' },
      { priority: 20, weight: 0, port: 16514, target: 'kvm2.example.org' },
    ]);
    dns.zone.set(
      '_many._tcp.example.org',
      Array.from({ length: 200 }, (_, n) => ({ priority: 0, weight: 0, port: 16514, target: `kvm${n}.example.org` })),
    );
    dns.zone.set('_none._tcp.example.org', []);
    dns.zone.set('_ill._tcp.example.org', 'servfail');
  });
  afterAll(() => dns.down());

  const dig = async (name: string, ...words: readonly string[]): Promise<string> => {
    const { stdout } = await run('dig', ['@127.0.0.1', '-p', `${dns.port}`, name, 'SRV', ...words]);
    return stdout;
  };

  it('has SRV records', async () => {
    const lines = (await dig('_libvirt._tcp.example.org', '+short')).trim().split('\n').sort();
    expect(lines).toEqual(['10 5 16514 kvm1.example.org.', '20 0 16514 kvm2.example.org.']);
  });

  it('gives by TCP what does not fit a datagram', async () => {
    expect((await dig('_many._tcp.example.org', '+short')).trim().split('\n')).toHaveLength(200);
    expect(await dig('_many._tcp.example.org')).toContain('(TCP)');
  });

  it.each([
    ['_none._tcp.example.org', 'NOERROR'],
    ['_other._tcp.example.org', 'NXDOMAIN'],
    ['_ill._tcp.example.org', 'SERVFAIL'],
  ])('of %s it says %s', async (name, status) => {
    expect(await dig(name)).toContain(`status: ${status}`);
  });
});
