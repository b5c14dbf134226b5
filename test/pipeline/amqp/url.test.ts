import { describe, expect, it } from 'vitest';
import { serversOf, UrlError } from '../../../pipeline/amqp/url.ts';

const guest = { username: 'guest', password: 'guest' };
const plain = { tls: false, vhost: '/', ...guest };

describe('a transport URL', () => {
  it.each([
    ['amqp://h', [{ host: 'h', port: 5672, ...plain }]],
    ['amqps://h/', [{ host: 'h', port: 5671, ...plain, tls: true }]],
    ['rabbit://h:1//', [{ host: 'h', port: 1, ...plain }]],
    ['rabbit://h:1/?ssl=1', [{ host: 'h', port: 1, ...plain, tls: true }]],
    ['rabbit://h:1/?ssl=0', [{ host: 'h', port: 1, ...plain }]],
    ['amqp://h/%2F', [{ host: 'h', port: 5672, ...plain }]],
    ['amqp://h/nova', [{ host: 'h', port: 5672, ...plain, vhost: 'nova' }]],
    ['amqp://h//nova', [{ host: 'h', port: 5672, ...plain, vhost: '/nova' }]],
    ['amqp://[::1]:5673', [{ host: '::1', port: 5673, ...plain }]],
    ['amqp://u@h', [{ host: 'h', port: 5672, ...plain, username: 'u', password: '' }]],
    ['amqp://u:p%40%2Fw:x@h', [{ host: 'h', port: 5672, ...plain, username: 'u', password: 'p@/w:x' }]],
    [
      'amqp://u:p@h1:5672,h2:5673/v',
      [
        { host: 'h1', port: 5672, tls: false, vhost: 'v', username: 'u', password: 'p' },
        { host: 'h2', port: 5673, tls: false, vhost: 'v', username: 'u', password: 'p' },
      ],
    ],
    [
      'rabbit://u:p@h1,w:q@h2/v',
      [
        { host: 'h1', port: 5672, tls: false, vhost: 'v', username: 'u', password: 'p' },
        { host: 'h2', port: 5672, tls: false, vhost: 'v', username: 'w', password: 'q' },
      ],
    ],
  ])('%s', (url, servers) => {
    expect(serversOf(url)).toEqual(servers);
  });

  it.each([
    ['http://u:word@h', 'must be amqp://'],
    ['h:5672', 'must be amqp://'],
    ['amqp://', 'host:port'],
    ['amqp://u:word@h1,,h2', 'host:port'],
    ['amqp://u:word@h:0', 'host:port'],
    ['amqp://u:word@h:65536', 'host:port'],
    ['amqp://u:word%zz@h', '%25'],
    ['amqp://u:word@h/?heartbeat=3', 'option heartbeat'],
  ])('refuses %s without its password', (url, reason) => {
    let error: unknown;
    try {
      serversOf(url);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UrlError);
    expect(String(error)).toContain(reason);
    expect(String(error)).not.toContain('word');
  });
});
