import { crc32 } from 'node:zlib';
import { parseTraceparent } from '../../pipeline/runtime/trace-context.ts';

/** A slice on disk. */
export interface Spooled {
  readonly hypervisor: string;
  readonly partition: number;
  readonly value: Buffer;
  /** When it was polled: the time that its record is sent with, milliseconds. */
  readonly timestampMs: number;
  /** `traceparent` of its poll, if that is traced. */
  readonly trace?: string | undefined;
}

/** What stands at the beginning of a segment: what the file is, and the version of what follows. */
export const MAGIC = Buffer.from('HMSPOOL1', 'latin1');

const FRAME_HEADER = 8;
const BODY_HEADER = 14;
/** Longer than any slice that a broker takes: what claims to be is damaged. */
const MAX_BODY = 32 * 1024 * 1024;

/** Between a hypervisor's name and the trace of its poll. */
const NUL = '\0';

/**
 * frame = length:u32 crc:u32 body; body = partition:u32 timestampMs:f64 name:u16 names:bytes[name] value:bytes
 * names = hypervisor | hypervisor 00 traceparent
 *
 * Little-endian; `length` counts the body, `crc` is CRC-32 (ISO 3309) of it. A program that knows of no traces reads
 * all of `names` as the hypervisor, which it only names in messages.
 */
export function encodeFrame({ hypervisor, partition, value, timestampMs, trace }: Spooled): Buffer {
  const name = Buffer.from(trace === undefined ? hypervisor : `${hypervisor}${NUL}${trace}`);
  const frame = Buffer.allocUnsafe(FRAME_HEADER + BODY_HEADER + name.length + value.length);
  frame.writeUInt32LE(frame.length - FRAME_HEADER, 0);
  frame.writeUInt32LE(partition, 8);
  frame.writeDoubleLE(timestampMs, 12);
  frame.writeUInt16LE(name.length, 20);
  name.copy(frame, FRAME_HEADER + BODY_HEADER);
  value.copy(frame, FRAME_HEADER + BODY_HEADER + name.length);
  frame.writeUInt32LE(crc32(frame.subarray(FRAME_HEADER)), 4);
  return frame;
}

/** What stands at a place of a segment. `end`: where the next frame begins. */
export type Frame =
  | { readonly found: 'slice'; readonly slice: Spooled; readonly end: number }
  /** Whole by its length, but not what was written. */
  | { readonly found: 'damage'; readonly end: number }
  /** Its length cannot be: nothing tells where the next frame begins. */
  | { readonly found: 'nothing' }
  /** It goes on behind what was given: so many bytes are needed from here. */
  | { readonly found: 'part'; readonly needed: number };

/** Reads the frame at `at`. The slice's value is a view. */
export function readFrame(bytes: Buffer, at: number): Frame {
  if (bytes.length - at < FRAME_HEADER) return { found: 'part', needed: FRAME_HEADER };
  const length = bytes.readUInt32LE(at);
  if (length < BODY_HEADER || length > MAX_BODY) return { found: 'nothing' };
  const end = at + FRAME_HEADER + length;
  if (end > bytes.length) return { found: 'part', needed: end - at };
  const body = bytes.subarray(at + FRAME_HEADER, end);
  const nameEnd = BODY_HEADER + body.readUInt16LE(12);
  if (crc32(body) !== bytes.readUInt32LE(at + 4) || nameEnd > length) return { found: 'damage', end };
  return {
    found: 'slice',
    end,
    slice: {
      ...namesOf(body.toString('utf8', BODY_HEADER, nameEnd)),
      partition: body.readUInt32LE(0),
      timestampMs: body.readDoubleLE(4),
      value: body.subarray(nameEnd),
    },
  };
}

function namesOf(names: string): Pick<Spooled, 'hypervisor' | 'trace'> {
  const at = names.lastIndexOf(NUL);
  const trace = names.slice(at + 1);
  return at < 0 || parseTraceparent(trace) === null ? { hypervisor: names } : { hypervisor: names.slice(0, at), trace };
}
