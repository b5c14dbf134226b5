import { inProcess, median, repeated } from '../measure.ts';
import { writeStretches } from '../stretch.ts';
import type { Line, Section } from '../table.ts';
import type { Output, SinkAnswer, SinkArgs } from '../variants/sink.ts';
import type { Plan } from './plan.ts';

/** 10 k series: a stretch is some hundred cycles, of which each sixth closes a window. */
export const SINK_FLEET = { hosts: 10, instancesPerHost: 56, slices: 1, snapshotsPerMessage: 1, identified: true };

/** What a finished sample costs until it is bytes. */
export async function sinkSection(plan: Plan): Promise<Section> {
  const stretches = await writeStretches(plan.folder, 'sink', SINK_FLEET, 2);
  const cost = async (output: Output): Promise<SinkAnswer> => {
    const runs = await repeated(plan.runs, () => inProcess<SinkArgs, SinkAnswer>('sink', { stretches, output }));
    return median(runs, ({ nsPerSample }) => nsPerSample);
  };
  const line = (what: string, { nsPerSample }: SinkAnswer, to: SinkAnswer, against: string): Line => ({
    what,
    value: nsPerSample,
    unit: 'ns/sample',
    ratio: nsPerSample / to.nsPerSample,
    against,
  });
  const unsigned = await cost('plain unsigned');
  const ours = await cost('unsigned');
  const again = (what: string, { nsAgain }: SinkAnswer): Line => ({
    what,
    value: nsAgain,
    unit: 'ns/sample',
    ratio: nsAgain / unsigned.nsAgain,
    against: `${UNSIGNED}, once more`,
  });
  const ratio = ours.nsAgain / unsigned.nsAgain;
  const signed = await cost('plain signed');
  const small = await cost('packed 1432');
  const large = await cost('packed 8192');
  const size = ({ bytesPerSample }: SinkAnswer): string => bytesPerSample.toFixed(0);
  return {
    title: 'Samples',
    lines: [
      line('derive a sample of a closed window', await cost('derive'), signed, SIGNED),
      line('meter message, unsigned', ours, unsigned, UNSIGNED),
      line('@msgpack/msgpack, unsigned', unsigned, unsigned, UNSIGNED),
      again('meter message, unsigned, once more', ours),
      again('@msgpack/msgpack, unsigned, once more', unsigned),
      line('meter message, signed', await cost('signed'), signed, SIGNED),
      line('@msgpack/msgpack, signed', signed, signed, SIGNED),
      line('in a packed datagram of 1432 bytes', small, signed, SIGNED),
      line('in a packed datagram of 8 KiB', large, signed, SIGNED),
    ],
    remarks: [
      `bytes a sample: ${size(signed)} alone, ${size(small)} packed into 1432, ${size(large)} into 8 KiB`,
      ...(ratio > WANTED
        ? [`TOO MUCH: the encoder costs ${ratio.toFixed(2)} of the library's, ${WANTED} are wanted`]
        : []),
    ],
  };
}

const UNSIGNED = '@msgpack/msgpack, unsigned';
/** What the encoder may cost of the library's, with both in the processor's cache. */
const WANTED = 0.2;
const SIGNED = '@msgpack/msgpack, signed';
