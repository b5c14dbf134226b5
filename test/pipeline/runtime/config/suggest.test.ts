import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../../../pipeline/runtime/config/suggest.ts';

describe('suggestions', () => {
  it.each([
    ['interval', 'interval', 0],
    ['intervall', 'interval', 1],
    ['itnerval', 'interval', 1],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
  ])('%s and %s are %i apart', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  it('are made only for what is near', () => {
    expect(nearest('intervall', ['linger', 'interval'])).toBe('interval');
    expect(nearest('foo', ['linger', 'interval'])).toBeUndefined();
  });

  it('know what others call the same, where it is there', () => {
    expect(nearest('RabbitMQ', ['udp', 'amqp'].values())).toBe('amqp');
    expect(nearest('kvm', ['vsphere', 'libvirt'])).toBe('libvirt');
    expect(nearest('kvm', ['udp', 'amqp'])).toBeUndefined();
    expect(nearest('constructor', ['udp'])).toBeUndefined();
  });
});
