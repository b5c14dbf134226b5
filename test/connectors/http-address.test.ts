import { expect, it } from 'vitest';
import { httpSettings } from '../../connectors/http-address.ts';

it.each([
  ['vsphere://vc1', { name: 'vc1', url: 'https://vc1/sdk', tls: {} }],
  ['vsphere://vc1/', { url: 'https://vc1/sdk' }],
  ['vsphere://me@[::1]:8443/own', { name: '[::1]:8443', url: 'https://[::1]:8443/own', username: 'me' }],
  ['vsphere://a%40b:c%2fd@vc1', { username: 'a@b', password: 'c/d' }],
  ['vsphere://a%zz@vc1', { username: 'a%zz' }],
  [
    'vsphere://vc1?verify=false&caFile=/ca.pem&backfill=5m',
    { tls: { verify: 'false', caFile: '/ca.pem' }, backfill: '5m' },
  ],
])('%s', (address, settings) => {
  expect(httpSettings(new URL(address), '/sdk')).toEqual({
    name: 'vc1',
    type: 'vsphere',
    url: expect.any(String),
    tls: {},
    ...settings,
  });
});
