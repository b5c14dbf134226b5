import { map, type Observable } from 'rxjs';
import type { SliceBatch } from '../../avro/batch.ts';
import { DecodeError } from '../../avro/decode-error.ts';
import { SliceReader } from '../../avro/reader.ts';
import type { Decoded, DecodedMessage, Pulled, RawMessage, Unreadable } from './pull.ts';

/** Reads message values into columns; a batch's columns are used again once it was given back. */
export interface Decoder {
  /** Throws a DecodeError. */
  read(value: Buffer): SliceBatch;
  giveBack(batch: SliceBatch): void;
}

/** Columns kept for reuse; more than this wait in reorder buffers only while a backlog is read. */
const MAX_IDLE = 64;

export function createDecoder(): Decoder {
  const idle: SliceReader[] = [];
  // Weak: the batches that a partition held when it was taken away come back from nobody.
  const busy = new WeakMap<SliceBatch, SliceReader>();
  return {
    read: (value) => {
      const reader = idle.pop() ?? new SliceReader();
      try {
        const batch = reader.read(value);
        busy.set(batch, reader);
        return batch;
      } catch (error) {
        idle.push(reader);
        throw error;
      }
    },
    giveBack: (batch) => {
      const reader = busy.get(batch);
      busy.delete(batch);
      if (reader && idle.length < MAX_IDLE) idle.push(reader);
    },
  };
}

/** Reads one message: its batch, or why it cannot be read. */
function decodeMessage(decoder: Decoder, message: RawMessage): DecodedMessage | Unreadable {
  try {
    const { partition, offset, timestampUs, value, traces } = message;
    return { partition, offset, timestampUs, bytes: value.length, batch: decoder.read(value), traces };
  } catch (error) {
    if (error instanceof DecodeError) return { ...message, reason: error.message };
    throw error;
  }
}

/** Decodes every message of a pull; what cannot be read goes on beside the rest. */
export const decode =
  (decoder: Decoder) =>
  (pulls: Observable<Pulled>): Observable<Decoded> =>
    pulls.pipe(
      map(({ messages, tick, term }) => {
        const decoded: DecodedMessage[] = [];
        const unreadable: Unreadable[] = [];
        for (const message of messages) {
          const outcome = decodeMessage(decoder, message);
          if ('batch' in outcome) decoded.push(outcome);
          else unreadable.push(outcome);
        }
        return { messages: decoded, unreadable, tick, term };
      }),
    );
