import { describe, expect, it } from 'vitest';
import { decodeEvent } from '../../../connectors/libvirt/events.ts';
import { ProtocolError } from '../../../connectors/libvirt/xdr.ts';
import { event, fakeDomain } from '../../fakes/libvirtd-answers.ts';

const LIFECYCLE = 318;
const domain = fakeDomain(3);

describe('an event of libvirt', () => {
  it.each<[string, number, number, string | null]>([
    ['defined', 0, 0, 'changed'],
    ['undefined', 1, 0, 'changed'],
    ['booted', 2, 0, 'started'],
    ['migrated in, not running yet', 2, 1, null],
    ['restored', 2, 2, 'started'],
    ['paused', 3, 0, 'changed'],
    ['handed over to another host', 3, 1, 'stopping'],
    ['handed over, post-copy', 3, 7, 'stopping'],
    ['unpaused', 4, 0, 'changed'],
    ['taken over from another host', 4, 1, 'started'],
    ['taken over, post-copy', 4, 3, 'started'],
    ['shut down', 5, 0, 'stopped'],
    ['destroyed', 5, 1, 'stopped'],
    ['migrated out', 5, 3, 'stopped'],
    ['has shut itself down', 6, 1, 'stopping'],
    ['sleeps', 7, 0, 'changed'],
    ['crashed', 8, 0, 'stopped'],
    ['of a kind yet to come', 12, 5, 'changed'],
  ])('%s', (_, what, detail, expected) => {
    const decoded = decodeEvent(LIFECYCLE, event(domain, what, detail));
    expect(decoded).toMatchObject({ domain: { name: domain.name, id: 3 }, what: expected });
  });

  it.each<[number, string | null]>([
    [319, 'changed'],
    [333, 'changed'],
    [354, 'changed'],
    [379, null],
  ])('that comes as procedure %i', (procedure, what) => {
    expect(decodeEvent(procedure, event(domain, 99, 99))?.what).toBe(what);
  });

  it('that nobody asked for is none', () => {
    expect(decodeEvent(346, Buffer.alloc(3))).toBeNull();
  });

  it('that ends too early is a fault of the protocol', () => {
    const whole = event(domain, 2, 0);
    for (const length of [0, 3, 20, whole.length - 8, whole.length - 1])
      expect(() => decodeEvent(LIFECYCLE, whole.subarray(0, length))).toThrow(ProtocolError);
  });
});
