import { encodeSnapshot } from '../../avro/codec.ts';
import { readContainer } from '../../avro/container.ts';
import { DecodeError } from '../../avro/decode-error.ts';
import type { RawLog } from '../audit/audit.ts';
import type { RawMessage } from '../audit/replay.ts';
import { CommandFailure, EXIT } from './exit.ts';

const BATCH = 100;

/**
 * Avro object container files of Snapshots as a raw log: they are taken for the whole of it. A slice tells its
 * partition; as there is no record's time, the end of the poll stands for it.
 */
export function rawFiles(paths: readonly string[]): RawLog {
  return {
    open: async () => ({ since: Number.NEGATIVE_INFINITY, delivered: null }),
    messages: async function* () {
      const offsets = new Map<number, number>();
      for (const path of paths) yield* inBatches(messagesIn(path, offsets));
    },
    total: () => null,
  };
}

async function* messagesIn(path: string, offsets: Map<number, number>): AsyncGenerator<RawMessage> {
  try {
    for await (const snapshot of readContainer(path)) {
      const { slice: partition, endedAt } = snapshot.poll;
      const offset = offsets.get(partition) ?? 0;
      offsets.set(partition, offset + 1);
      yield { partition, offset, timestampUs: endedAt, value: encodeSnapshot(snapshot) };
    }
  } catch (error) {
    if (!(error instanceof DecodeError) && !(error instanceof Error && 'syscall' in error)) throw error;
    throw new CommandFailure(EXIT.noInput, `cannot read ${path}: ${error.message}`);
  }
}

async function* inBatches(messages: AsyncIterable<RawMessage>): AsyncGenerator<readonly RawMessage[]> {
  let batch: RawMessage[] = [];
  for await (const message of messages) {
    batch.push(message);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
