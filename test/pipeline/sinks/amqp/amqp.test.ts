import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '../../../../pipeline/model/sample.ts';
import { FLOAT64, isFloat64 } from '../../../../pipeline/sinks/float64.ts';
import { available } from '../../../services/service.ts';
import { aSample, withMetadata } from '../a-sample.ts';
import { parseLossless } from '../lossless-json.ts';
import { aSink, idsIn, never, openRabbit, type Rabbit, received, samples } from './a-rabbit.ts';

interface Recorded {
  readonly secret: string;
  readonly messages: readonly { readonly body_base64: string; readonly properties: object; readonly publish: object }[];
}
const recorded = (file: string): Recorded =>
  JSON.parse(readFileSync(new URL(`../vectors/${file}.json`, import.meta.url), 'utf8'));

/** What differs from one sending to the next, taken out. */
const steady = (body: string): string =>
  body
    .replace(/(message_id\\": \\")[0-9a-f-]{36}(\\", \\"publisher_id)/, '$1$2')
    .replace(/(\\"timestamp\\": \\")[0-9:. -]{26}(\\", \\"_unique_id\\": \\")[0-9a-f]{32}(\\"}"})$/, '$1$2$3');

/** We write 512.0 as 512, which has another signature. */
const withoutWholeFloats = (body: string): string =>
  body.replace(
    /{\\"source\\"(?:(?!{\\"source\\").)*counter_volume\\": \d+\.0, (?:(?!{\\"source\\").)*message_signature\\": \\"\w{64}\\"}, /g,
    '',
  );

/** The samples that Ceilometer was given when it sent this. */
function samplesOf(body: string): readonly Sample[] {
  const notification = parseLossless(String(parseLossless(body)['oslo.message'])) as never as {
    payload: { samples?: readonly Record<string, never>[] } & readonly Record<string, never>[];
  };
  return (notification.payload.samples ?? notification.payload).map((message) => ({
    ...aSample(),
    name: message.counter_name,
    type: message.counter_type,
    unit: message.counter_unit,
    volume: asNumber(message.counter_volume),
    messageId: message.message_id,
    timestamp: timeUs(String(message.timestamp)),
    resource: {
      id: message.resource_id,
      userId: message.user_id,
      userName: message.user_name,
      projectId: message.project_id,
      projectName: message.project_name,
      metadata: message.resource_metadata,
    },
  })) as unknown as readonly Sample[];
}

const asNumber = (volume: unknown): unknown =>
  typeof volume === 'object' && volume !== null && isFloat64(volume) ? volume[FLOAT64] : volume;

const timeUs = (text: string): number =>
  Date.parse(`${text.slice(0, 19)}Z`) * 1000 + Number(/\.(\d{6})/.exec(text)?.[1] ?? 0);

describe.skipIf(!(await available('rabbit')))('the AMQP sink [rabbit]', () => {
  let rabbit: Rabbit;
  beforeAll(async () => {
    rabbit = await openRabbit();
  });
  afterAll(() => rabbit.remove());

  it.each([
    ['polling', 'amqp-path-a-mixed', 'notifications.sample'],
    ['polling', 'amqp-path-a-bigint', 'notifications.sample'],
    ['polling', 'amqp-path-a-batch50', 'notifications.sample'],
    ['metering', 'amqp-path-b-mixed', 'metering.sample'],
    ['metering', 'amqp-path-b-bigint', 'metering.sample'],
  ])('sends as Ceilometer sends: %s, %s', async (format, file, key) => {
    const { secret, messages } = recorded(file);
    const { sink } = aSink({ url: rabbit.url, format, secret, publisherId: publisherIn(messages) });
    for (const { body_base64, properties, publish } of messages) {
      const body = withoutWholeFloats(Buffer.from(body_base64, 'base64').toString('utf8'));
      await sink.publish(samplesOf(body), never);
      const message = await rabbit.take(key);
      expect(propertiesOf(message)).toEqual(properties);
      expect(message.fields).toMatchObject({ exchange: 'ceilometer', routingKey: key, redelivered: false });
      expect(publish).toMatchObject({ exchange: 'ceilometer', routing_key: key });
      expect(steady(message.content.toString('utf8'))).toBe(steady(body));
    }
    await sink.close();
  });

  it('declares what Ceilometer declares, so that a durable exchange of that name is refused', async () => {
    const { sink } = aSink({ url: rabbit.url, topic: 'declared' });
    await sink.open?.(never);
    const channel = await rabbit.openChannel();
    await channel.assertQueue('declared.sample', { durable: false, exclusive: false, autoDelete: false });
    await channel.assertExchange('ceilometer', 'topic', { durable: false, autoDelete: false });
    await expect(channel.assertExchange('ceilometer', 'topic', { durable: true })).rejects.toThrow('406');
    await sink.close();
  });

  it('puts all meters of a host into one message, each published with a unique id of its own', async () => {
    const { sink } = aSink({ url: rabbit.url, topic: 'hosts', batch: { samples: 100 } });
    const batch = Array.from({ length: 250 }, (_, index) =>
      withMetadata({ instance_host: `kvm${index % 5}` }, { messageId: `id-${index}` }),
    );
    await sink.publish(batch, never);
    const messages = (await rabbit.takeAll('hosts.sample')).map(received);
    expect(messages.map(({ samples }) => samples.length)).toEqual([100, 100, 50]);
    expect(new Set(messages.map(({ uniqueId }) => uniqueId)).size).toBe(3);
    const hosts = messages.map(
      ({ samples }) =>
        new Set(
          samples.map(({ resource_metadata }) => (resource_metadata as { instance_host?: unknown }).instance_host),
        ),
    );
    expect(hosts.map(({ size }) => size)).toEqual([2, 2, 1]);
    await sink.close();
  });

  it('sends nothing for nothing, and leaves out what fits no message or is faulty', async () => {
    const { sink, dead, events } = aSink({ url: rabbit.url, topic: 'odd', batch: { bytes: '16KiB' } });
    await sink.publish([], never);
    const [good, ...others] = [
      aSample(),
      withMetadata({ text: 'x'.repeat(20_000) }),
      aSample({ volume: Number.NaN, messageId: 'faulty' }),
    ];
    await sink.publish([good as Sample, ...others], never);
    expect(idsIn(await rabbit.takeAll('odd.sample'))).toEqual([aSample().messageId]);
    expect(dead.map(({ reason, samples }) => [reason, samples.length])).toEqual([
      ['volume_not_finite', 1],
      ['oversize', 1],
    ]);
    expect(events.map(({ event }) => event)).toEqual(['sample.dropped', 'sample.dropped']);
    await sink.close();
  });

  it('feeds durable quorum queues, and takes queues as they are where it only checks', async () => {
    const settings = { url: rabbit.url, exchange: 'lasting', topic: 'lasting', durable: true };
    const creating = aSink({ ...settings, queue: { type: 'quorum' } }).sink;
    await creating.publish(samples(3), never);
    await creating.close();
    const checking = aSink({ ...settings, declare: 'check' }).sink;
    await checking.publish(samples(3), never);
    await checking.close();
    const messages = await rabbit.takeAll('lasting.sample');
    expect(messages.map((message) => received(message).samples.length)).toEqual([3, 3]);
  });

  it('closes twice, and is there again for who publishes to another', async () => {
    const { sink } = aSink({ url: rabbit.url, topic: 'closed' });
    await sink.close();
    await sink.close();
    await expect(sink.publish(samples(1), never)).rejects.toThrow('it is closed');
  });
});

/** AMQP's property names, without those that are not set. */
function propertiesOf({ properties }: { readonly properties: object }): object {
  const given = Object.entries(properties).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value]),
  );
}

function publisherIn([first]: Recorded['messages']): unknown {
  const body = Buffer.from(first?.body_base64 ?? '', 'base64').toString('utf8');
  return JSON.parse(JSON.parse(body)['oslo.message']).publisher_id;
}
