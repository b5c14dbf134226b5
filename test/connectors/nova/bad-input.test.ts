import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_BODY } from '../../../connectors/nova/protocol.ts';
import { anIntake } from './an-intake.ts';
import { enveloped, sample, stamped, withPayload } from './samples.ts';

const created = stamped(sample('versioned/instance-create-end'));
const usage = sample('versioned/volume-usage');
const metrics = sample('versioned/metrics-update');
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const changed = (name: string, members: object) =>
  enveloped(stamped(withPayload(sample(name), members as Record<string, unknown>)));
const versioned = (over: object) => enveloped({ ...created, payload: { ...(created.payload as object), ...over } });

const MALFORMED: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['bytes', Buffer.from([0xff, 0xfe, 0x00])],
  ['half of a message', enveloped(created).subarray(0, 500)],
  ['a number', json(5)],
  ['a list', json([created])],
  ['null', json(null)],
  ['NaN, as python writes it', Buffer.from('{"event_type": "x", "timestamp": NaN}')],
  ['nested without end', Buffer.from(`${'['.repeat(100_000)}`)],
  ['quotes without end', Buffer.from(`{"a": "${'\\"'.repeat(1_500_000)}`)],
  ['quotes without end, and half of one more', Buffer.from(`{"a": "${'\\"'.repeat(1_500_000)}\\`)],
  ['deep', json({ ...created, payload: JSON.parse(`${'{"a":'.repeat(70)}1${'}'.repeat(70)}`) })],
  ['larger than anything of nova', Buffer.alloc(MAX_BODY + 1, 0x20)],
  ['an envelope of nothing', json({ 'oslo.version': '2.0', 'oslo.message': '' })],
  ['an envelope of an object', json({ 'oslo.version': '2.0', 'oslo.message': {} })],
  ['an envelope of no JSON', json({ 'oslo.version': '2.0', 'oslo.message': '{' })],
  ['no event type', enveloped({ ...created, event_type: null })],
  ['an event type that is no text', enveloped({ ...created, event_type: 5 })],
  ['no time', enveloped({ ...created, timestamp: undefined })],
  ['a time that is none', enveloped({ ...created, timestamp: 'yesterday' })],
  ['no payload', enveloped({ ...created, payload: null })],
  ['a payload that is a list', enveloped({ ...created, payload: [] })],
  ['a versioned payload without data', versioned({ 'nova_object.data': null })],
  ['one of another project', versioned({ 'nova_object.namespace': 'cinder' })],
  ['one with no version', versioned({ 'nova_object.version': 'latest' })],
  ['no uuid', changed('versioned/instance-create-end', { uuid: null })],
  ['a uuid that is none', changed('versioned/instance-create-end', { uuid: '178b0921' })],
  ['a flavor that is none', changed('versioned/instance-create-end', { flavor: { id: 5 } })],
  ['legacy, no uuid', changed('legacy/instance-exists-nova-22', { instance_id: '' })],
  ['a volume of nobody', changed('versioned/volume-usage', { instance_uuid: null })],
  ['a volume without a name', changed('versioned/volume-usage', { volume_id: '' })],
  ['a volume at no time', changed('versioned/volume-usage', { last_refreshed: null })],
  ['metrics of no host', changed('versioned/metrics-update', { host: null, nodename: null })],
  ['no metrics', changed('versioned/metrics-update', { metrics: [] })],
];

const object = (name: string, version: string) => ({
  'nova_object.name': name,
  'nova_object.namespace': 'nova',
  'nova_object.version': version,
  'nova_object.data': {},
});
const UNKNOWN: readonly (readonly [string, Buffer])[] = [
  ['an envelope of another version', json({ 'oslo.version': '3.0', 'oslo.message': '{}' })],
  ['an instance', versioned({ 'nova_object.version': '2.0' })],
  ['an audit', versioned({ 'nova_object.name': 'InstanceExistsPayload', 'nova_object.version': '3.0' })],
  ['version 0', versioned({ 'nova_object.version': '0.9' })],
  ['its flavor', changed('versioned/instance-create-end', { flavor: object('FlavorPayload', '2.0') })],
  ['one of its addresses', changed('versioned/instance-create-end', { ip_addresses: [object('IpPayload', '7.0')] })],
  ['volume usage', enveloped(stamped({ ...usage, payload: { ...usage.payload, 'nova_object.version': '2.0' } }))],
  ['metrics', enveloped(stamped({ ...metrics, payload: { ...metrics.payload, 'nova_object.version': '2.0' } }))],
];

describe('what is of no use goes to the dead letters, counted by its reason', () => {
  const rows = ['volumes', 'hosts', 'bandwidth'] as const;
  it.each(MALFORMED)('malformed: %s', (_, body) => {
    const { intake, take, outcomes } = anIntake({ rows });
    expect(take(body).fate).toEqual(['bury']);
    expect(outcomes()).toEqual(['malformed']);
    expect(intake.waiting).toBe(0);
    expect(intake.gather().instances).toEqual([]);
  });

  it.each(UNKNOWN)('unknown version: %s', (_, body) => {
    const { take, outcomes } = anIntake({ rows });
    expect(take(body).fate).toEqual(['bury']);
    expect(outcomes()).toEqual(['unknown_version']);
  });

  it('says nothing of what is in it', () => {
    const { take, events } = anIntake();
    take(Buffer.from('{"_context_auth_token": "hunter2"'));
    expect(JSON.stringify(events, (_, value) => (value instanceof Error ? value.message : value))).not.toContain(
      'hunter2',
    );
  });
});

describe('what is odd, and taken', () => {
  it.each([
    ['a newer minor version', versioned({ 'nova_object.version': '1.99' })],
    [
      'fields of another type',
      changed('versioned/instance-create-end', {
        display_name: 5,
        host: [],
        metadata: 'x',
        block_devices: null,
        ip_addresses: {},
        created_at: {},
      }),
    ],
    [
      'numbers out of all bounds',
      changed('legacy/instance-exists-nova-22', {
        memory_mb: 1e300,
        vcpus: -1,
        disk_gb: 1.5,
        ephemeral_gb: '99999999999999999999',
      }),
    ],
    [
      'names of built-in members',
      changed('versioned/instance-create-end', { metadata: JSON.parse('{"__proto__": "x", "constructor": "y"}') }),
    ],
    ['no message id', enveloped({ ...created, message_id: undefined })],
  ])('%s', (_, body) => {
    const { intake, take, outcomes } = anIntake();
    expect(take(body).fate).toEqual([]);
    expect(outcomes()).toEqual(['applied']);
    expect(intake.gather().instances).toHaveLength(1);
  });

  it('never throws, whatever comes', () => {
    const { take, outcomes } = anIntake({ rows: ['volumes', 'hosts', 'bandwidth'] });
    const events = fc.constantFrom('instance.exists', 'compute.instance.exists', 'volume.usage', 'metrics.update', 'x');
    const uuid = fc.constantFrom('178b0921-8f85-4257-88b6-2e743b5a975c', '');
    const notification = fc.record({
      event_type: events,
      timestamp: fc.constant('2026-11-22 14:34:01'),
      payload: fc.oneof(
        fc.object(),
        fc.record({
          instance_id: uuid,
          bandwidth: fc.object(),
          metadata: fc.anything(),
          metrics: fc.array(fc.object()),
        }),
      ),
    });
    fc.assert(
      fc.property(fc.oneof(notification, fc.anything()), (value) => {
        take(enveloped(value as Record<string, unknown>));
      }),
      { numRuns: 500 },
    );
    expect(outcomes().length).toBe(500);
  });
});
