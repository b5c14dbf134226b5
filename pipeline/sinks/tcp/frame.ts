import { MsgpackError } from '../msgpack-reader.ts';

/**
 * A frame is one meter message on a TCP stream, as Ceilometer's TCP publisher has it since release 20:
 *
 *   frame = uint64 length, little-endian | MessagePack map of 16 keys, `publisher_id` among them
 */
const LENGTH_BYTES = 8;

/** The frames of messages, in one piece. */
export function framesOf(messages: readonly Uint8Array[]): Buffer {
  const size = messages.reduce((bytes, message) => bytes + LENGTH_BYTES + message.length, 0);
  const frames = Buffer.allocUnsafe(size);
  let at = 0;
  for (const message of messages) {
    at = frames.writeBigUInt64LE(BigInt(message.length), at);
    frames.set(message, at);
    at += message.length;
  }
  return frames;
}

/** Puts frames together from the pieces in which a stream comes. */
export interface FrameReader {
  /** The messages that are whole with this piece. Throws a MsgpackError on a frame above the limit; the stream is lost then. */
  take(piece: Buffer): readonly Buffer[];
  /** Bytes of a frame that is not whole yet. */
  pending(): number;
}

/** A reader that keeps at most `maxBytes` of one message. */
export function createFrameReader(maxBytes: number): FrameReader {
  let pieces: Buffer[] = [];
  let held = 0;
  /** Of the frame with its length; 0 where that is not known yet. */
  let needed = 0;

  /** All that is held, in one piece. */
  const joined = (): Buffer => {
    const [first = Buffer.alloc(0)] = pieces;
    return pieces.length > 1 ? Buffer.concat(pieces, held) : first;
  };

  return {
    pending: () => held,
    take(piece) {
      pieces.push(piece);
      held += piece.length;
      // A large frame comes in many pieces: they are joined once, when it is whole.
      if (held < Math.max(needed, LENGTH_BYTES)) return [];
      const bytes = joined();
      const messages: Buffer[] = [];
      let at = 0;
      needed = 0;
      while (bytes.length - at >= LENGTH_BYTES) {
        needed = LENGTH_BYTES + lengthOf(bytes, at, maxBytes);
        if (bytes.length - at < needed) break;
        messages.push(bytes.subarray(at + LENGTH_BYTES, at + needed));
        at += needed;
        needed = 0;
      }
      held = bytes.length - at;
      pieces = held === 0 ? [] : [bytes.subarray(at)];
      return messages;
    },
  };
}

function lengthOf(bytes: Buffer, at: number, maxBytes: number): number {
  const length = bytes.readBigUInt64LE(at);
  if (length > BigInt(maxBytes)) throw new MsgpackError(`a frame of ${length} bytes; at most ${maxBytes} are read`);
  return Number(length);
}
