import { inProcess, median, repeated } from '../measure.ts';
import { writeStretches } from '../stretch.ts';
import type { Section } from '../table.ts';
import type { CodecAnswer, CodecArgs } from '../variants/codec.ts';
import type { Plan } from './plan.ts';

const FLEET = { hosts: 5, instancesPerHost: 200, slices: 1, snapshotsPerMessage: 1, identified: false };

/** The columns' reader against avsc on the same bytes, and what writing them costs. */
export async function codecSection(plan: Plan): Promise<Section> {
  const stretches = await writeStretches(plan.folder, 'codec', FLEET, 1);
  const cost = async (codec: CodecArgs['codec']): Promise<CodecAnswer> => {
    const args: CodecArgs = { stretches, codec };
    const runs = await repeated(plan.runs, () => inProcess<CodecArgs, CodecAnswer>('codec', args));
    return median(runs, ({ nsPerReading }) => nsPerReading);
  };
  const avsc = await cost('avsc');
  const reader = await cost('reader');
  const encode = await cost('encode');
  const line = (what: string, { nsPerReading }: CodecAnswer) => ({
    what,
    value: nsPerReading,
    unit: 'ns/reading',
    ratio: nsPerReading / avsc.nsPerReading,
    against: 'the cost of decodeSnapshots',
  });
  return {
    title: `Avro, 200 instances a message, ${reader.bytesPerReading.toFixed(1)} bytes a reading`,
    lines: [
      line('decodeSnapshots (avsc, objects, bigints)', avsc),
      line('SliceReader (columns)', reader),
      line('encodeSnapshot', encode),
    ],
    remarks: [],
  };
}
