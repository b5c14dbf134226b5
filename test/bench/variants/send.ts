import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { derive } from '../../../pipeline/model/derive.ts';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { udp, udpConfig } from '../../../pipeline/sinks/udp/udp.ts';
import { createChain, DERIVE_RULES } from '../chain.ts';
import { answer, cpuNs, given, median } from '../measure.ts';
import { readStretch, type Stretches } from '../stretch.ts';
import type { ReceivedSoFar } from './receive.ts';

export interface SendArgs {
  readonly stretches: Stretches;
  /** 0 for one sample a datagram. */
  readonly maxBytes: number;
}
/** What the shipped pace loses of so many samples; and what as many cost without waiting, once the code is warm. */
export interface SendAnswer {
  readonly nsPerSample: number;
  readonly samples: number;
  readonly datagrams: number;
  readonly lostSamples: number;
}

const SAMPLES = 40_000;
const BATCH = 1000;
/** Half of the turns warm up. */
const TURNS = 6;
/** A receiver that says the same for so long has read its buffer. */
const SETTLED_MS = 300;

const { stretches, maxBytes } = given<SendArgs>();
const { signal } = new AbortController();

async function samplesOf(): Promise<readonly Sample[]> {
  const chain = createChain('accept');
  const samples: Sample[] = [];
  for (const file of stretches.files)
    for (const { value, timestampUs } of await readStretch(file)) {
      const closed = chain.take(value, timestampUs);
      if (closed) samples.push(...derive(closed, DERIVE_RULES));
      if (samples.length >= 2 * SAMPLES) return samples.slice(0, 2 * SAMPLES);
    }
  throw new Error(`only ${samples.length} samples`);
}

async function heard(receiver: ChildProcess): Promise<ReceivedSoFar> {
  receiver.send('tell');
  return (await once(receiver, 'message'))[0];
}

/** What the receiver has once nothing more comes. */
async function settled(receiver: ChildProcess): Promise<ReceivedSoFar> {
  let last = await heard(receiver);
  for (;;) {
    await systemClock.sleep(SETTLED_MS);
    const now = await heard(receiver);
    if (now.datagrams === last.datagrams) return now;
    last = now;
  }
}

async function measure(): Promise<SendAnswer> {
  const samples = await samplesOf();
  const receiver = fork(fileURLToPath(new URL('receive.js', import.meta.url)));
  const [{ port }] = (await once(receiver, 'message')) as [ReceivedSoFar];
  const sendAll = async (part: readonly Sample[], pace: object): Promise<number> => {
    const packing = maxBytes === 0 ? {} : { packing: 'packed', maxBytes };
    const sink = udp.create(udpConfig.parse({ type: 'udp', host: '127.0.0.1', port, ...packing, ...pace }), context);
    const since = cpuNs();
    for (let from = 0; from < part.length; from += BATCH) await sink.publish(part.slice(from, from + BATCH), signal);
    const spentNs = cpuNs() - since;
    await sink.close();
    return spentNs / part.length;
  };
  await sendAll(samples.slice(0, SAMPLES), {});
  const { samples: received, datagrams } = await settled(receiver);
  // As fast as it goes, so that waiting is no part of the cost.
  const turns: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) turns.push(await sendAll(samples.slice(SAMPLES), { pace: 1_000_000 }));
  const nsPerSample = median(turns.slice(TURNS / 2), (cost) => cost);
  receiver.disconnect();
  return { nsPerSample, samples: SAMPLES, datagrams, lostSamples: SAMPLES - received };
}

const context = {
  clock: systemClock,
  publisherId: 'bench',
  keep: async () => undefined,
  report: (event: object) => {
    throw new Error(JSON.stringify(event));
  },
};

answer(await measure());
