import { describe, expect, it } from 'vitest';
import { proxmox, proxmoxSchema } from '../../../connectors/proxmox/proxmox.ts';
import { parseSettings } from '../../../pipeline/runtime/config/load.ts';

const BARE = { name: 'pve', type: 'proxmox', url: 'https://pve1:8006' };
const TOKEN = { tokenId: 'metering@pve!hm', tokenSecret: 's' };
const USER = { username: 'metering@pve', password: 'p' };
const entry = (words: object) => proxmoxSchema.safeParse({ ...BARE, ...words });

describe('configuration', () => {
  it('wants a token or a user', () => {
    expect(entry(TOKEN).data).toMatchObject({ tls: { verify: true } });
    expect(entry(USER).success).toBe(true);
    expect(entry({ ...TOKEN, url: ['https://pve1:8006', 'https://pve2:8006'], cluster: 'c' }).success).toBe(true);
  });

  it.each<[string, object, RegExp]>([
    ['neither', {}, /either tokenId/],
    ['both', { ...TOKEN, ...USER }, /either tokenId/],
    ['a half of each', { tokenId: TOKEN.tokenId, password: 'p' }, /either tokenId/],
    ['a token without its secret', { tokenId: TOKEN.tokenId }, /either tokenId/],
    ['a token id without its name', { ...TOKEN, tokenId: 'metering@pve' }, /no token id/],
    ['a user without a realm', { ...USER, username: 'metering' }, /realm/],
    ['a path', { ...TOKEN, url: 'https://pve1:8006/api2/json' }, /behind host and port/],
    ['a user in the url', { ...TOKEN, url: 'https://u:p@pve1:8006' }, /words of their own/],
    ['no http', { ...TOKEN, url: 'ssh://pve1' }, /expected https/],
    ['an unknown word', { ...TOKEN, realm: 'pve' }, /realm/],
  ])('refuses %s', (_, words, message) => {
    expect(JSON.stringify(entry(words).error?.issues)).toMatch(message);
  });
});

describe('a bare address', () => {
  const of = (text: string) => {
    const settings = proxmox.fromUri?.(new URL(text));
    return settings && parseSettings(proxmox.schema, settings);
  };

  it.each<[string, object]>([
    [
      'proxmox://metering%40pve!hm:s%2Fx@pve1',
      { name: 'pve1', url: 'https://pve1:8006', tokenId: 'metering@pve!hm', tokenSecret: 's/x' },
    ],
    ['proxmox://metering%40pve!hm:s@pve1:443', { url: 'https://pve1:443' }],
    ['proxmox://metering%40pve!hm:s@[::1]', { url: 'https://[::1]:8006' }],
    [
      'proxmox://root%40pam:p%40ss@pve1:8443?verify=false',
      { username: 'root@pam', password: 'p@ss', tls: { verify: false } },
    ],
    ['proxmox://root%40pam:p@pve1?cluster=lab', { cluster: 'lab' }],
  ])('%s', (text, words) => {
    expect(of(text)).toMatchObject(words);
  });

  it('with a path is none', () => {
    expect(of('https://pve1')).toBeUndefined();
    expect(() => of('proxmox://a%40b!c:d@pve1/api2')).toThrow();
  });
});
