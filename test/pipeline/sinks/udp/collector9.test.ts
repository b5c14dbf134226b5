import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meterMessage } from '../../../../pipeline/sinks/meter-message.ts';
import { packed } from '../../../../pipeline/sinks/msgpack-writer.ts';
import { udp, udpConfig } from '../../../../pipeline/sinks/udp/udp.ts';
import { startJudge } from '../../../services/ceilometer9/judge.ts';
import { available } from '../../../services/service.ts';
import { aContext } from '../a-context.ts';
import { aSample } from '../a-sample.ts';
import { arbitrarySample } from '../arbitrary-sample.ts';

const SECRET = 'a secret of this test';
const COUNT = 400;
const samples = fc.sample(arbitrarySample, { numRuns: COUNT, seed: 20_170_901 });
const ids = samples.map(({ messageId }) => messageId).toSorted();

interface Verdict {
  readonly stored: readonly string[];
  readonly discarded: number;
  readonly alive: boolean;
}

/** What the collector makes of what a sink sends it. */
async function judged(config: object): Promise<Verdict> {
  const collector = startJudge('collector.py', SECRET);
  const port = Number(await collector.hear());
  const { context, dead } = aContext();
  // Its socket has the system's receive buffer.
  const sink = udp.create(udpConfig.parse({ type: 'udp', host: '127.0.0.1', port, pace: 1000, ...config }), context);
  await sink.publish(samples, new AbortController().signal);
  await sink.close();
  const verdict = (await collector.ask(String(COUNT))) as Verdict;
  collector.end();
  expect(dead).toEqual([]);
  return { ...verdict, stored: verdict.stored.toSorted() };
}

describe.skipIf(!(await available('ceilometer9')))("Ceilometer 9.0.7's collector [ceilometer9]", () => {
  it.each([
    ['as configured by default', {}],
    ["with Ceilometer's keys and times", { publisherId: false, timestamps: 'naive' }],
    ['with annotations', { annotate: true }],
  ])('stores every sample %s', async (_what, config) => {
    expect(await judged({ ...config, secret: SECRET })).toEqual({ stored: ids, discarded: 0, alive: true });
  });

  it('discards every sample that another secret signed, and goes on', async () => {
    expect(await judged({ secret: 'another' })).toEqual({ stored: [], discarded: COUNT, alive: true });
  });

  it('dies of a signature that is null, which we never send', async () => {
    const options = {
      source: 'openstack',
      publisherId: null,
      timestamps: 'naive',
      annotate: false,
      secret: SECRET,
    } as const;
    const message = { ...meterMessage(aSample(), options), message_signature: null };
    const collector = startJudge('collector.py', SECRET);
    const port = Number(await collector.hear());
    const socket = createSocket('udp4');
    socket.send(packed(message), port, '127.0.0.1');
    expect(await collector.ask('1')).toEqual({ stored: [], discarded: 0, alive: false });
    collector.end();
    socket.close();
    await once(socket, 'close');
  });
});
