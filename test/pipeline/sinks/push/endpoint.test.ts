import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { endpointFields, shownUrl } from '../../../../pipeline/sinks/push/endpoint.ts';

const schema = z.strictObject(endpointFields);

describe('endpoint configuration', () => {
  it('needs no more than a url', () => {
    expect(schema.parse({ url: 'https://meters.test/v1' })).toEqual({
      url: 'https://meters.test/v1',
      timeout: 10_000_000,
      headers: {},
      tls: { verify: true },
    });
  });

  it.each([
    [{ auth: { username: 'u', password: 'p' } }],
    [{ auth: { bearerToken: 't' } }],
    [{ headers: { 'X-Scope-OrgID': 'team-a' } }],
    [{ tls: { certFile: 'a', keyFile: 'b' } }],
  ])('takes %j', (fields) => {
    expect(schema.safeParse({ url: 'http://m', ...fields }).error).toBeUndefined();
  });

  it.each([
    [{ url: 'meters.test' }, 'must be an http:// or https:// address'],
    [{ url: 'ftp://m' }, 'must be an http:// or https:// address'],
    [{ url: 'http://u:p@m' }, 'without a password'],
    [{ url: 'http://m/#f' }, 'or a fragment'],
    [{ auth: { username: 'u' } }, 'username and password belong together'],
    [{ auth: {} }, 'give username and password, or bearerToken'],
    [{ auth: { username: 'u', password: 'p', bearerToken: 't' } }, 'give username and password, or bearerToken'],
    [{ auth: { username: 'a:b', password: 'p' } }, 'no colon'],
    [{ auth: { bearerToken: 'a\nb' } }, 'one line of visible characters'],
    [{ headers: { Authorization: 'x' } }, 'use auth'],
    [{ headers: { 'Content-Type': 'x' } }, 'the sink decides it'],
    [{ headers: { 'X-A': 'b\r\nX-C: d' } }, 'one line of visible characters'],
    [{ tls: { certFile: 'a' } }, 'certFile and keyFile belong together'],
    [{ timeout: '1ms' }, 'at least 100ms'],
  ])('refuses %j', (fields, message) => {
    const { error } = schema.safeParse({ url: 'http://m', ...fields });
    expect(JSON.stringify(error?.issues)).toContain(message);
  });

  it('shows an address without its query, which may hold a key', () => {
    expect(shownUrl('https://m.test:8443/write?key=s3cr3t')).toBe('https://m.test:8443/write');
    expect(shownUrl('http://m.test')).toBe('http://m.test');
  });
});
