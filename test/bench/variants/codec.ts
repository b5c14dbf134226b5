import { decodeSnapshots, encodeSnapshot } from '../../../avro/codec.ts';
import { SliceReader } from '../../../avro/reader.ts';
import { answer, cpuNs, given } from '../measure.ts';
import { readStretch, type Stretches } from '../stretch.ts';

export interface CodecArgs {
  readonly stretches: Stretches;
  readonly codec: 'reader' | 'avsc' | 'encode';
}
/** Nanoseconds a reading, of the second of two passes over the first stretch's messages. */
export interface CodecAnswer {
  readonly nsPerReading: number;
  readonly bytesPerReading: number;
}

const { stretches, codec } = given<CodecArgs>();

async function measure(): Promise<CodecAnswer> {
  const messages = await readStretch(stretches.files[0] as string);
  // Decoded Snapshots take some kilobytes an instance: a part of the stretch has to do.
  const values = messages.slice(0, 60).map(({ value }) => value);
  const reader = new SliceReader();
  const readings = values.reduce((sum, value) => sum + reader.read(value).readings, 0);
  const snapshots = codec === 'encode' ? values.flatMap((value) => decodeSnapshots(value)) : [];
  const pass = (): void => {
    if (codec === 'reader') for (const value of values) reader.read(value);
    else if (codec === 'avsc') for (const value of values) decodeSnapshots(value);
    else for (const snapshot of snapshots) encodeSnapshot(snapshot);
  };
  for (let warmUp = 0; warmUp < 3; warmUp++) pass();
  const passes = codec === 'reader' ? 20 : 3;
  const since = cpuNs();
  for (let n = 0; n < passes; n++) pass();
  const bytes = values.reduce((sum, value) => sum + value.length, 0);
  return { nsPerReading: (cpuNs() - since) / (passes * readings), bytesPerReading: bytes / readings };
}

answer(await measure());
