import { inProcess, median, repeated } from '../measure.ts';
import { writeStretches } from '../stretch.ts';
import type { Line, Section } from '../table.ts';
import type { SendAnswer, SendArgs } from '../variants/send.ts';
import type { Plan } from './plan.ts';
import { SINK_FLEET } from './sink.ts';

/** What sending a sample over UDP costs, all in, and what a receiver misses of it under the shipped pace. */
export async function sendSection(plan: Plan): Promise<Section> {
  const stretches = await writeStretches(plan.folder, 'send', SINK_FLEET, 1);
  const sent = (maxBytes: number) =>
    repeated(plan.runs, () => inProcess<SendArgs, SendAnswer>('send', { stretches, maxBytes }));
  const variants = [
    { what: 'one sample a datagram', runs: await sent(0) },
    { what: 'packed into 1432 bytes', runs: await sent(1432) },
    { what: 'packed into 8 KiB', runs: await sent(8192) },
  ];
  const costs = variants.map(({ runs }) => median(runs, ({ nsPerSample }) => nsPerSample).nsPerSample);
  const line = (what: string, value: number): Line => ({
    what,
    value,
    unit: 'ns/sample',
    ratio: value / (costs[0] ?? Number.NaN),
    against: 'one sample a datagram',
  });
  return {
    title: 'UDP on loopback to a receiver with default buffers; cost without waiting, loss at the default pace',
    lines: variants.map(({ what }, index) => line(what, costs[index] ?? Number.NaN)),
    remarks: variants.map(({ what, runs }) => `${what}: ${lossOf(runs)}`),
  };
}

function lossOf(runs: readonly SendAnswer[]): string {
  const lost = runs.reduce((sum, { lostSamples }) => sum + lostSamples, 0);
  const samples = runs.reduce((sum, run) => sum + run.samples, 0);
  const datagrams = runs.reduce((sum, run) => sum + run.datagrams, 0);
  return `${lost} of ${samples} samples lost, in ${datagrams} datagrams`;
}
