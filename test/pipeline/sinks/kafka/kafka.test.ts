import { afterEach, describe, expect, it } from 'vitest';
import { openCluster } from '../../../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../../../pipeline/kafka/consumer.ts';
import { kafka, kafkaSinkConfig } from '../../../../pipeline/sinks/kafka/kafka.ts';
import type { Sink } from '../../../../pipeline/sinks/sink.ts';
import { available } from '../../../services/service.ts';
import { startVerifier } from '../../../system/ceilometer-agent.ts';
import { configured, listening, owner, pullUntil, unique } from '../../kafka/fixtures.ts';
import { aContext } from '../a-context.ts';
import { aSample, withMetadata } from '../a-sample.ts';

const BROKER = '127.0.0.1:19092';
const SECRET = 'a secret of this test';
const { signal } = new AbortController();
const open: Sink[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((sink) => sink.close()));
});

function sinkTo(topic: string, some: object = {}) {
  const { context, events, dead } = aContext();
  const config = kafkaSinkConfig.parse({ type: 'kafka', brokers: [BROKER], topic, secret: SECRET, ...some });
  const sink = kafka.create(config, context);
  open.push(sink);
  return { sink, events, dead };
}

it.each([
  [{ brokers: 'embedded' }, 'brokers'],
  [{ brokers: [BROKER], topic: 'a topic' }, 'topic'],
  [{ brokers: [BROKER], secret: 'a', secretFile: 'b' }, 'secretFile'],
])('refuses a configuration of %o', (config, place) => {
  const { error } = kafkaSinkConfig.safeParse({ type: 'kafka', ...config });
  expect(error?.issues.map(({ path }) => path.join('.'))).toContainEqual(expect.stringContaining(place));
});

it('says that no broker is there, and what to do', async () => {
  const { sink } = sinkTo(unique('sink'), { brokers: ['127.0.0.1:1'] });
  await expect(sink.publish([aSample()], signal)).rejects.toThrow(/^kafka:.*127\.0\.0\.1:1/);
}, 60_000);

/** A message of so many samples is more than a broker takes, packed by no codec. */
const LARGE = 40;
const noise = Array.from({ length: 2500 }, (_, n) => `${Math.sin(n)}${Math.cos(n)}${Math.tan(n)}`);

/** What is in a topic, up to the first message with this text. */
async function readUntil(topic: string, text: string): Promise<readonly string[]> {
  const cluster = await openCluster(configured({ brokers: [BROKER], group: unique('reader') }), listening().context);
  const consumer = await openConsumer(cluster, topic);
  consumer.join(owner().membership);
  const messages = await pullUntil(consumer, (all) => all.some(({ value }) => value.includes(text)));
  await consumer.close();
  await cluster.close();
  return messages.map(({ value }) => value.toString());
}

const hasCeilometer = await available('ceilometer');
describe.skipIf(!(await available('kafka')))('the kafka sink [kafka]', () => {
  it.skipIf(!hasCeilometer)('sends what Ceilometer’s verify_signature accepts [ceilometer]', async () => {
    const topic = unique('sink');
    const { sink } = sinkTo(topic);
    await sink.open?.(signal);
    const seen = await startVerifier(SECRET, 'kafka', BROKER, `${topic}.sample`);
    const volumes = [2n ** 64n - 1n, 0.1, 1e16, -5, 301230000000n];
    await sink.publish(
      volumes.map((volume, n) => withMetadata({ é: ['it’s', n] }, { volume, messageId: `${n}` })),
      signal,
    );
    await expect.poll(() => seen.length, { timeout: 30_000 }).toBe(volumes.length);
    expect(seen.map(({ counter_volume, signed, message }) => [counter_volume, signed, message])).toEqual([
      ['18446744073709551615', true, 1],
      ['0.1', true, 1],
      ['10000000000000000', true, 1],
      ['-5', true, 1],
      ['301230000000', true, 1],
    ]);
  });

  it('keeps a sample that fits no message, and delivers its neighbours', async () => {
    const { sink, dead, events } = sinkTo(unique('sink'), { batch: { bytes: '16KiB' } });
    const large = withMetadata({ text: 'x'.repeat(20_000) }, { messageId: 'large' });
    await sink.publish([aSample({ messageId: 'a' }), large, aSample({ messageId: 'b' })], signal);
    expect(dead.map(({ reason, samples }) => [reason, samples.map(({ messageId }) => messageId)])).toEqual([
      ['oversize', ['large']],
    ]);
    expect(events).toMatchObject([{ event: 'sample.dropped', count: 1 }]);
  });

  it('says that the brokers take no messages of that size', async () => {
    const { sink } = sinkTo(unique('sink'), { batch: { bytes: '8MiB' }, compression: 'none' });
    const samples = Array.from({ length: LARGE }, (_, n) => withMetadata({ n, noise: noise.slice(n) }));
    await expect(sink.publish(samples, signal)).rejects.toThrow('lower batch.bytes');
  });

  it('offers again only what the brokers do not have, and keeps what is faulty once', async () => {
    const topic = unique('sink');
    const { sink, dead } = sinkTo(topic, { batch: { bytes: '8MiB', samples: LARGE }, compression: 'none' });
    const batch = [
      ...Array.from({ length: LARGE }, (_, n) => withMetadata({ instance_host: 'a', noise: noise.slice(n) })),
      withMetadata({ instance_host: 'b' }, { messageId: 'apart' }),
      aSample({ volume: Number.NaN, messageId: 'faulty' }),
    ];
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(sink.publish(batch, signal)).rejects.toThrow('lower batch.bytes');
    await sink.publish([aSample({ messageId: 'final' })], signal);
    const texts = await readUntil(`${topic}.sample`, 'final');
    expect(texts.map((text) => /(apart|final)/.exec(text)?.[0])).toEqual(['apart', 'final']);
    expect(dead.map(({ reason }) => reason)).toEqual(['volume_not_finite']);
  });
});
