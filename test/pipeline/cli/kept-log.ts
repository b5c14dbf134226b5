import { writeFileSync } from 'node:fs';
import { decodeSnapshots } from '../../../avro/codec.ts';
import { createContainerWriter } from '../../../avro/container-writer.ts';
import type { RawMessage } from '../../../pipeline/audit/replay.ts';

/** Writes messages of the raw topic as `tap raw --save` does. */
export function keepLog(path: string, log: readonly RawMessage[], meta: Readonly<Record<string, string>> = {}): void {
  const writer = createContainerWriter(meta);
  for (const { partition, offset, timestampUs: time, value } of log)
    for (const snapshot of decodeSnapshots(value)) writer.add(snapshot, { partition, offset, time });
  writeFileSync(path, Buffer.concat([writer.header, writer.block()]));
}
