import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available } from '../../../services/service.ts';
import { withMetadata } from '../a-sample.ts';
import { startJudge } from '../oslo/judge.ts';
import { aSink, never, openRabbit, type Rabbit } from './a-rabbit.ts';

const SECRET = 'a secret of this test';
const odd = {
  instance_host: 'kvm-ü-😀',
  nested: { list: [1, 'zwei', null, { drei: 3.5 }] },
  big: 2n ** 60n,
  quote: '"\\',
};
const batch = [0, 1.5, -1, 2n ** 64n - 1n, -(2n ** 63n), 1e-7].map((volume, index) =>
  withMetadata(odd, { volume, messageId: `id-${index}` }),
);

const there = (await available('rabbit')) && (await available('ceilometer'));

describe.skipIf(!there)('Ceilometer as the judge of AMQP [rabbit] [ceilometer]', () => {
  let rabbit: Rabbit;
  beforeAll(async () => {
    rabbit = await openRabbit();
  });
  afterAll(() => rabbit.remove());
  const transport = () => rabbit.url.replace('amqp://', 'rabbit://');

  it.each([
    ['polling', { annotate: true }],
    ['metering', { timestamps: 'zoned', batch: { samples: 1 } }],
  ])('takes every sample as %s from the queue that we declared', async (format, settings) => {
    const { sink } = aSink({ url: rabbit.url, topic: format, format, secret: SECRET, ...settings });
    await sink.publish(batch, never);
    const judge = await startJudge(transport(), format, SECRET, batch.length);
    expect(await judge.verdict()).toEqual({ said: { samples: batch.length, problems: {} }, status: 0 });
    await sink.close();
  });

  it('finds what another secret signed', async () => {
    const { sink } = aSink({ url: rabbit.url, topic: 'another', secret: 'another', batch: { samples: 1 } });
    await sink.publish(batch.slice(0, 1), never);
    const judge = await startJudge(transport(), 'another', SECRET, 1);
    expect(await judge.verdict()).toEqual({ said: { samples: 0, problems: { message_signature: 1 } }, status: 1 });
    await sink.close();
  });
});
