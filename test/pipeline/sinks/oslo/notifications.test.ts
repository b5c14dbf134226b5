import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../../pipeline/model/sample.ts';
import { bodyOf, type NotificationOptions, packed } from '../../../../pipeline/sinks/oslo/notifications.ts';
import { isSignedBy } from '../../../../pipeline/sinks/signature.ts';
import { handClock } from '../../runtime/hand-clock.ts';
import { aSample } from '../a-sample.ts';
import { parseLossless } from '../lossless-json.ts';

const SECRET = 's3cr3t';
const options: NotificationOptions = {
  format: 'polling',
  samples: 50,
  bytes: 100_000,
  source: 'openstack',
  publisherId: null,
  timestamps: 'zoned',
  annotate: false,
  secret: SECRET,
};
const clock = handClock(Date.UTC(2026, 10, 22, 14, 34, 1) * 1000);

const of = (host: string | undefined, ...names: readonly string[]): readonly Sample[] => {
  const metadata = { display_name: 'é', ...(host === undefined ? {} : { instance_host: host }) };
  return names.map((name) => aSample({ name, resource: { ...aSample().resource, metadata } }));
};
const packedNames = (samples: readonly Sample[], some: Partial<NotificationOptions> = {}) =>
  packed(samples, { ...options, ...some }).map((packing) => [packing.host, ...packing.samples.map(({ name }) => name)]);

function notificationIn(body: Buffer): Record<string, unknown> {
  const outer = parseLossless(body.toString('utf8'));
  expect(outer['oslo.version']).toBe('2.0');
  return parseLossless(String(outer['oslo.message']));
}

describe('packing', () => {
  it('puts all of a host into one notification, in order, and hosts apart', () => {
    const samples = [...of('kvm1', 'a'), ...of('kvm2', 'b'), ...of('kvm1', 'c'), ...of(undefined, 'd')];
    expect(packedNames(samples)).toEqual([
      ['kvm1', 'a', 'c'],
      ['kvm2', 'b'],
      ['', 'd'],
    ]);
  });

  it('keeps to the most samples', () => {
    expect(packedNames(of('h', 'a', 'b', 'c', 'd', 'e'), { samples: 2 })).toEqual([
      ['h', 'a', 'b'],
      ['h', 'c', 'd'],
      ['h', 'e'],
    ]);
  });

  it('keeps to the most bytes, but for a sample that is larger alone', () => {
    const names = Array.from({ length: 40 }, (_, n) => `meter.${n}`);
    const bytes = 8192;
    const packings = packed(of('h', ...names), { ...options, bytes });
    expect(packings.length).toBeGreaterThan(2);
    expect(packings.flatMap(({ samples }) => samples.map(({ name }) => name))).toEqual(names);
    for (const packing of packings) expect(bodyOf(packing, options, clock).length).toBeLessThan(bytes + 512);
    expect(packed(of('h', 'a', 'b'), { ...options, bytes: 10 })).toHaveLength(2);
  });
});

describe('a body', () => {
  const [packing] = packed([...of('h', 'a'), ...of('h', 'b')], options);
  if (!packing) throw new Error('nothing was packed');

  it('of the polling format is what Ceilometer’s notification agent reads', () => {
    const notification = notificationIn(bodyOf(packing, options, clock));
    expect(Object.keys(notification)).toEqual([
      ...['message_id', 'publisher_id', 'event_type', 'priority', 'payload', 'timestamp', '_unique_id'],
    ]);
    expect(notification).toMatchObject({
      publisher_id: 'ceilometer.polling',
      event_type: 'telemetry.polling',
      priority: 'SAMPLE',
      timestamp: '2026-11-22 14:34:01.000000',
    });
    const { samples } = notification.payload as { samples: readonly Record<string, unknown>[] };
    expect(samples.map(({ counter_name, counter_volume }) => [counter_name, counter_volume])).toEqual([
      ['a', 301230000000],
      ['b', 301230000000],
    ]);
    for (const sample of samples) expect(isSignedBy(sample, SECRET)).toBe(true);
  });

  it('of the metering format is a bare list', () => {
    const notification = notificationIn(bodyOf(packing, { format: 'metering', publisherId: 'kvm' }, clock));
    expect(notification).toMatchObject({ publisher_id: 'telemetry.publisher.kvm', event_type: 'metering' });
    expect(notification.payload).toHaveLength(2);
  });

  it('has new ids at every attempt', () => {
    const [one, two] = [0, 1].map(() => notificationIn(bodyOf(packing, options, clock)));
    expect(one?._unique_id).toMatch(/^[0-9a-f]{32}$/);
    expect(one?._unique_id).not.toBe(two?._unique_id);
    expect(one?.message_id).not.toBe(two?.message_id);
    expect(one?.payload).toEqual(two?.payload);
  });

  it('for Kafka has the context that its driver takes off', () => {
    expect(notificationIn(bodyOf(packing, options, clock, true))._context).toEqual({});
  });
});
