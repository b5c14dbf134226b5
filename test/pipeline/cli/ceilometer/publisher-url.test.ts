import { describe, expect, it } from 'vitest';
import { importPublisher } from '../../../../pipeline/cli/ceilometer/publisher-url.ts';

const secret = `\${TELEMETRY_SECRET:-change this for valid signing}`;
const ownBroker = `\${AMQP_URL:-amqp://guest:guest@127.0.0.1:5672/}`;
const amqp = { type: 'amqp', format: 'metering', secret, topic: 'metering' };
const queue = { samples: 100_000, policy: 'drop-oldest' };

describe('a publisher', () => {
  it.each<[string, object]>([
    ['udp://collector:4952', { type: 'udp', host: 'collector', port: 4952, secret }],
    ['udp://10.0.0.2', { type: 'udp', host: '10.0.0.2', secret }],
    ['udp://[2001:db8::1]:4952', { type: 'udp', host: '2001:db8::1', port: 4952, secret }],
    ['tcp://collector:4953', { type: 'tcp', host: 'collector', port: 4953, secret }],
    ['notifier://u:p@mq:5672/vhost', { ...amqp, url: 'amqp://u:p@mq:5672/vhost' }],
    ['notifier://mq:5672?topic=alarming', { ...amqp, url: 'amqp://mq:5672', topic: 'alarming' }],
    ['file:///var/m?json&max_bytes=1000&backup_count=2', { type: 'file', path: '/var/m', maxBytes: 1000, backups: 2 }],
    ['http://h:8080/meters', { type: 'http', url: 'http://h:8080/meters' }],
    ['https://h/meters?tenant=a&batch=False', { type: 'http', url: 'https://h/meters?tenant=a', batch: false }],
  ])('%s is a sink with nothing to tell', (url, sink) => {
    expect(importPublisher(url)).toEqual({ sink, notes: [] });
  });

  it.each<[string, object | null, RegExp]>([
    ['notifier://', { ...amqp, url: ownBroker }, /transport_url: set AMQP_URL/],
    ['rpc', { ...amqp, url: ownBroker }, /casts of old/],
    ['rpc://?per_meter_topic=1', { ...amqp, url: ownBroker }, /each is sent once/],
    ['notifier://mq?max_retry=5', { ...amqp, url: 'amqp://mq:5672' }, /max_retry=5: a batch is tried until/],
    [
      'notifier://mq?policy=queue&max_queue_length=7',
      { ...amqp, url: 'amqp://mq:5672', outbox: queue },
      /=7 counts batches/,
    ],
    ['notifier://mq?policy=drop', { ...amqp, url: 'amqp://mq:5672', outbox: { ...queue, samples: 1 } }, /oldest first/],
    ['notifier://mq?policy=any', { ...amqp, url: 'amqp://mq:5672' }, /unknown, also to Ceilometer/],
    ['notifier://mq?ssl=1', { ...amqp, url: 'amqp://mq:5672' }, /option ssl has no equal/],
    ['notifier://k:9092?driver=kafka', null, /driver kafka is not AMQP/],
    ['notifier://mq?policy=drop&policy=default', { ...amqp, url: 'amqp://mq:5672' }, /policy is given more than once/],
    ['udp://', null, /names no host and port/],
    ['udp://h:99999', null, /names no host and port/],
    ['file://var/m', null, /three slashes/],
    ['file:///var/m', { type: 'file', path: '/var/m' }, /what Python prints[\s\S]*Hypermeter always does/],
    ['file:///var/m?json&max_bytes=9&backup_count=0', { type: 'file', path: '/var/m' }, /Hypermeter always does/],
    ['file:///var/m?json&max_bytes=0&backup_count=9', { type: 'file', path: '/var/m' }, /Hypermeter always does/],
    ['prometheus://u:hunter2@gw:9091/m', { type: 'prometheus', url: 'http://gw:9091/m' }, /user and password/],
    ['http://u:hunter2@h/m?timeout=3', { type: 'http', url: 'http://h/m' }, /user and password[\s\S]*option timeout/],
    ['prometheus://gw:9091/metrics/job/c', { type: 'prometheus', url: 'http://gw:9091/metrics/job/c' }, /remote-write/],
    ['gnocchi://', null, /no sink like this/],
    ['pigeon://u:hunter2@roost', null, /no sink like this/],
    ['', null, /no sink like this/],
  ])('%s has something to be told', (url, sink, told) => {
    const { sink: made, notes } = importPublisher(url);
    expect(made).toEqual(sink);
    expect(notes.join('\n')).toMatch(told);
    expect(notes.join('\n')).not.toContain('hunter2');
  });
});
