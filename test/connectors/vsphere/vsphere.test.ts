import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseUrl } from '../../../connectors/vsphere/address.ts';
import { vsphere, vsphereSchema } from '../../../connectors/vsphere/vsphere.ts';
import { parseSettings } from '../../../pipeline/runtime/config/load.ts';

const WORDS = { name: 'vc1', type: 'vsphere', url: 'https://vc1.example.org/sdk', username: 'u', password: 'p' };
const entry = (words: object = {}) => vsphereSchema.safeParse({ ...WORDS, ...words });

describe('configuration', () => {
  it('has defaults for all but where and who', () => {
    expect(entry().data).toEqual({
      ...WORDS,
      tls: { verify: true },
      backfill: 3_600_000_000,
      batch: { entities: 250, metrics: 5000 },
      concurrency: 2,
      events: true,
      hosts: true,
      counters: [],
    });
  });

  it.each<[string, object, RegExp]>([
    ['no address', { url: 'vc1' }, /not a URL/],
    ['an address of another kind', { url: 'qemu+tls://vc1/system' }, /where https/],
    ['a password in the address', { url: 'https://u:p@vc1/sdk' }, /words of their own/],
    ['a query', { url: 'https://vc1/sdk?verify=false' }, /query/],
    ['an unknown word', { insecure: true }, /insecure/],
    ['no password', { password: '' }, /password/],
    ['more than hosts keep', { backfill: '2h' }, /at most 1h/],
    ['a counter that is none', { counters: ['cpu.used'] }, /no counter/],
  ])('refuses %s', (_, words, message) => {
    expect(entry(words).error?.message).toMatch(message);
  });

  it.each([
    ['https://vc1.example.org', { origin: 'https://vc1.example.org', path: '/sdk' }],
    ['https://vc1.example.org/', { origin: 'https://vc1.example.org', path: '/sdk' }],
    ['https://[fd00::1]:8443/vc/sdk', { origin: 'https://[fd00::1]:8443', path: '/vc/sdk' }],
  ])('%s is a place', (url, address) => {
    expect(parseUrl(url)).toEqual(address);
  });

  it('opens nothing yet', () => {
    const config = vsphereSchema.parse(WORDS);
    expect(vsphere.create(config, { clock: {} as never, report: () => undefined })).toMatchObject({
      id: 'vc1',
      kind: 'vsphere',
    });
  });
});

describe('a bare address', () => {
  const of = (text: string) => {
    const settings = vsphere.fromUri?.(new URL(text));
    return settings && parseSettings(vsphere.schema, settings);
  };

  it('is enough', () => {
    expect(of('vsphere://metering%40vsphere.local:p%26p@vc1:8989?verify=false')).toMatchObject({
      name: 'vc1:8989',
      url: 'https://vc1:8989/sdk',
      username: 'metering@vsphere.local',
      password: 'p&p',
      tls: { verify: false },
    });
    expect(of('vsphere://u:p@vc1/sdk?caFile=/ca.pem')).toMatchObject({
      url: 'https://vc1/sdk',
      tls: { caFile: '/ca.pem', verify: true },
    });
  });

  it('may name a file with the password', () => {
    const directory = mkdtempSync(join(tmpdir(), 'hypermeter-vsphere.'));
    writeFileSync(join(directory, 'password'), 'from a file\n');
    expect(of(`vsphere://u@vc1?passwordFile=${directory}/password`)).toMatchObject({ password: 'from a file' });
    rmSync(directory, { recursive: true });
  });

  it('of another kind is not taken', () => {
    expect(of('https://vc1/sdk')).toBeUndefined();
  });

  it.each<[string, RegExp]>([
    ['vsphere://vc1', /username: is missing.*password: is missing/s],
    ['vsphere://u:secret@vc1?thumbprint=zz', /tls.thumbprint: is no SHA-256/],
    ['vsphere://u:secret@vc1?verfy=false', /verfy: unknown key/],
    ['vsphere://u@vc1?passwordFile=/nowhere', /passwordFile: cannot read \/nowhere/],
  ])('%s is told what is wrong with it', (text, message) => {
    expect(() => of(text)).toThrow(message);
    expect(() => of(text)).not.toThrow(/secret/);
  });
});
