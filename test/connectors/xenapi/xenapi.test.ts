import { describe, expect, it } from 'vitest';
import { xenapi, xenapiSchema } from '../../../connectors/xenapi/xenapi.ts';
import { parseSettings } from '../../../pipeline/runtime/config/load.ts';

const entry = (words: object) =>
  xenapiSchema.safeParse({
    name: 'pool1',
    type: 'xenapi',
    url: 'https://xs1',
    username: 'meter',
    password: 'secret',
    ...words,
  });

describe('configuration', () => {
  it('has defaults for all but name, url and user', () => {
    expect(entry({}).data).toMatchObject({
      tls: { verify: true },
      step: 60,
      backfill: 7200e6,
      concurrency: 8,
      hosts: true,
      tenant: { resourceId: 'nova_uuid' },
    });
    expect(entry({ url: ['https://xs1', 'https://xs2:8443'], step: 5 }).success).toBe(true);
  });

  it.each<[string, object, RegExp]>([
    ['an unknown word', { uri: 'x' }, /uri/],
    ['another step', { step: 10 }, /step|60/],
    ['no url', { url: [] }, /url|small/i],
    ['a path', { url: 'https://xs1/sdk' }, /behind host and port/],
    ['a password in the url', { url: 'https://u:p@xs1' }, /words of their own/],
    ['no http', { url: 'ssh://xs1' }, /expected https/],
    ['more than the archive has', { backfill: '3h' }, /at most 2h/],
    ['no password', { password: undefined }, /password/],
  ])('refuses %s', (_, words, message) => {
    expect(JSON.stringify(entry(words).error?.issues)).toMatch(message);
  });
});

describe('a bare address', () => {
  const of = (text: string) => {
    const settings = xenapi.fromUri?.(new URL(text));
    return settings && parseSettings(xenapi.schema, settings);
  };

  it('is enough', () => {
    const pin = 'ab'.repeat(32);
    expect(of(`xenapi://me%40x:s%2Fp@xs1:8443?verify=false&step=5&thumbprint=${pin}`)).toMatchObject({
      name: 'xs1:8443',
      url: 'https://xs1:8443',
      username: 'me@x',
      password: 's/p',
      step: 5,
      tls: { verify: false, thumbprint: pin },
    });
    expect(of('xenapi://me:p@xs1')).toMatchObject({ step: 60, tls: { verify: true } });
  });

  it('of another kind is not taken', () => {
    expect(of('https://xs1')).toBeUndefined();
  });
});
