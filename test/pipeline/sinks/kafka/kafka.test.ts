import { afterEach, describe, expect, it } from 'vitest';
import { kafka, kafkaSinkConfig } from '../../../../pipeline/sinks/kafka/kafka.ts';
import type { Sink } from '../../../../pipeline/sinks/sink.ts';
import { available } from '../../../services/service.ts';
import { startVerifier } from '../../../system/ceilometer-agent.ts';
import { unique } from '../../kafka/fixtures.ts';
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
    const { sink } = sinkTo(unique('sink'), { batch: { bytes: '8MiB' } });
    // Metadata that does not shrink in compression.
    const noise = Array.from({ length: 2500 }, (_, n) => `${Math.sin(n)}${Math.cos(n)}${Math.tan(n)}`);
    const samples = Array.from({ length: 40 }, (_, n) => withMetadata({ n, noise: noise.slice(n) }));
    await expect(sink.publish(samples, signal)).rejects.toThrow('lower batch.bytes');
  });
});
