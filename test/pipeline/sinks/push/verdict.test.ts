import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../../pipeline/sinks/push/client.ts';
import { oneLine, verdictOf } from '../../../../pipeline/sinks/push/verdict.ts';

const answer = (status: number, body = '', headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  header: (name) => headers[name],
  body: Buffer.from(body),
});
const NOW_US = Date.UTC(2026, 10, 22, 14) * 1000;

describe('verdict of an answer', () => {
  it.each([
    [200, 'done'],
    [204, 'done'],
    [413, 'too_large'],
    [400, 'refused'],
    [409, 'refused'],
    [422, 'refused'],
    [301, 'unavailable'],
    [401, 'unavailable'],
    [403, 'unavailable'],
    [404, 'unavailable'],
    [405, 'unavailable'],
    [402, 'unavailable'],
    [410, 'unavailable'],
    [412, 'unavailable'],
    [418, 'unavailable'],
    [423, 'unavailable'],
    [451, 'unavailable'],
    [499, 'unavailable'],
    [408, 'unavailable'],
    [415, 'unavailable'],
    [425, 'unavailable'],
    [429, 'unavailable'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('%i is %s', (status, is) => {
    expect(verdictOf(answer(status), NOW_US).is).toBe(is);
  });

  it.each([
    [401, 'answer 401: no token: it does not know us: check auth'],
    [404, 'answer 404: no token: nothing takes samples there: check the path of url'],
    [418, 'answer 418: no token: it says so of whatever is sent: check url, auth and headers, and what is between'],
    [429, 'answer 429: no token'],
    [503, 'answer 503: no token'],
  ])('says of %i what the server says and what to do', (status, why) => {
    expect(verdictOf(answer(status, 'no token\n'), NOW_US)).toMatchObject({ why });
  });

  it.each([
    [
      '<center><h1>400 Bad Request</h1></center>\n<center>The plain HTTP request was sent to HTTPS port</center>',
      'https://',
    ],
    ['Client sent an HTTP request to an HTTPS server.\n', 'https://'],
    ["You're speaking plain HTTP to an SSL-enabled server port.", 'https://'],
    [
      '<title>400 No required SSL certificate was sent</title>',
      'a client certificate: set tls.certFile and tls.keyFile',
    ],
    ['<title>400 The SSL certificate error</title>', 'renew what tls.certFile and tls.keyFile name'],
  ])('takes a 400 that tells of TLS for our settings: %s', (body, remedy) => {
    expect(verdictOf(answer(400, body), NOW_US)).toMatchObject({
      is: 'unavailable',
      why: expect.stringContaining(remedy),
    });
  });

  it('says where a redirection leads, and does not go there', () => {
    const { why } = verdictOf(answer(307, '', { location: 'https://b/\u001b[2Jv1' }), NOW_US) as { why: string };
    expect(why).toBe('answer 307: it redirects to https://b/ [2Jv1: set url to where samples are taken');
  });

  it.each([
    ['7', 7000],
    ['0', 0],
    ['Sun, 22 Nov 2026 14:00:09 GMT', 9000],
    ['Sun, 22 Nov 2026 13:00:00 GMT', 0],
    ['999999999', 300_000],
    ['99999999999999999999', 0],
    ['-5', 0],
    ['soon', 0],
    [undefined, 0],
  ])('waits after Retry-After %s for %i ms', (after, afterMs) => {
    const headers = after === undefined ? {} : { 'retry-after': after };
    expect(verdictOf(answer(429, '', headers), NOW_US)).toMatchObject({ afterMs });
  });

  it('does not show bytes as words', () => {
    expect(verdictOf(answer(400, '\u0008\u0001', { 'content-type': 'application/x-protobuf' }), NOW_US)).toEqual({
      is: 'refused',
      words: 'answer 400',
    });
  });

  it('keeps words to one bounded line', () => {
    expect(oneLine('a\r\n\u001b[31mb\u2028c\u202e')).toBe('a [31mb c');
    expect(oneLine('x'.repeat(100_000))).toHaveLength(301);
  });
});
