import { inProcess, median, repeated } from '../measure.ts';
import { writeStretches } from '../stretch.ts';
import type { Line, Section } from '../table.ts';
import type { SinkAnswer, SinkArgs } from '../variants/sink.ts';
import type { Plan } from './plan.ts';

/** 10 k series: a stretch is some hundred cycles, of which each sixth closes a window. */
const FLEET = { hosts: 10, instancesPerHost: 56, slices: 1, snapshotsPerMessage: 1, identified: true };

/** What a finished sample costs until it is bytes. */
export async function sinkSection(plan: Plan): Promise<Section> {
  const stretches = await writeStretches(plan.folder, 'sink', FLEET, 2);
  const cost = async (output: SinkArgs['output']): Promise<SinkAnswer> => {
    const args: SinkArgs = { stretches, output };
    const runs = await repeated(plan.runs, () => inProcess<SinkArgs, SinkAnswer>('sink', args));
    return median(runs, ({ nsPerSample }) => nsPerSample);
  };
  const plain = await cost('plain');
  const line = (what: string, { nsPerSample }: SinkAnswer): Line => ({
    what,
    value: nsPerSample,
    unit: 'ns/sample',
    ratio: nsPerSample / plain.nsPerSample,
    against: 'the cost of msgpack + JSON',
  });
  return {
    title: 'Samples',
    lines: [
      line('derive a sample of a closed window', await cost('derive')),
      line('UDP datagram, signed as Ceilometer does', await cost('datagram')),
      line('@msgpack/msgpack + signature over JSON', plain),
    ],
    remarks: [],
  };
}
