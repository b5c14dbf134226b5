import { ProtocolError, XdrReader } from './xdr.ts';

/*
 * One packet (libvirt, src/rpc/virnetprotocol.x): all words big-endian
 *   length u32 (itself included) | program u32 | version u32 | procedure i32 | type i32 | serial u32 | status i32 | payload
 */
export const HEADER_BYTES = 28;
export const MAX_PACKET_BYTES = 33_554_436;

export const REMOTE_PROGRAM = 0x20008086;
export const KEEPALIVE_PROGRAM = 0x6b656570;
const VERSION = 1;

export const PING = 1;
export const PONG = 2;

/** In the order of their numbers; streams and file descriptors, which come after, are never asked for. */
const TYPES = ['call', 'reply', 'message'] as const;
type PacketType = (typeof TYPES)[number];

/** A packet; `type` null: one that a metering client never asks for. */
export interface Packet {
  readonly program: number;
  readonly procedure: number;
  readonly type: PacketType | null;
  readonly serial: number;
  /** True: the payload is a remote error. */
  readonly failed: boolean;
  readonly payload: Buffer;
}

export type Outgoing = Omit<Packet, 'failed' | 'type'> & { readonly type: PacketType; readonly failed?: boolean };

/** The bytes of a packet, header and payload. */
export function encodePacket(packet: Outgoing): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const words = [
    HEADER_BYTES + packet.payload.length,
    packet.program,
    VERSION,
    packet.procedure,
    TYPES.indexOf(packet.type),
    packet.serial,
    packet.failed ? 1 : 0,
  ];
  for (const [i, word] of words.entries()) header.writeUInt32BE(word, i * 4);
  return Buffer.concat([header, packet.payload]);
}

/** Reads one whole packet, length word included. Throws ProtocolError if it is of another program or version. */
export function decodePacket(bytes: Buffer): Packet {
  const from = new XdrReader(bytes);
  from.uint();
  const program = from.uint();
  const version = from.uint();
  if (program !== REMOTE_PROGRAM && program !== KEEPALIVE_PROGRAM)
    throw new ProtocolError(`a packet of program 0x${program.toString(16)}, not of libvirt's remote protocol`);
  if (version !== VERSION) throw new ProtocolError(`version ${version} of the protocol, only ${VERSION} is known`);
  const procedure = from.int();
  const type = from.int();
  const serial = from.uint();
  const status = from.int();
  return {
    program,
    procedure,
    type: TYPES[type] ?? null,
    serial,
    failed: status === 1,
    payload: bytes.subarray(HEADER_BYTES),
  };
}

/**
 * Cuts a byte stream into packets. `push` returns the packets that are complete now; a length word out of bounds
 * throws ProtocolError before anything is allocated for it. The chunks of a large packet are joined once.
 */
export class PacketSplitter {
  #chunks: Buffer[] = [];
  #held = 0;
  #wanted: number | null = null;

  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const packets: Buffer[] = [];
    while (this.#held >= (this.#wanted ?? 4)) {
      if (this.#wanted === null) this.#wanted = checkedLength(this.#join().readUInt32BE(0));
      else {
        const all = this.#join();
        packets.push(all.subarray(0, this.#wanted));
        this.#chunks = [all.subarray(this.#wanted)];
        this.#held -= this.#wanted;
        this.#wanted = null;
      }
    }
    return packets;
  }

  #join(): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : undefined;
    const joined = all ?? Buffer.concat(this.#chunks, this.#held);
    this.#chunks = [joined];
    return joined;
  }
}

function checkedLength(length: number): number {
  if (length < HEADER_BYTES || length > MAX_PACKET_BYTES)
    throw new ProtocolError(`a packet of ${length} bytes, allowed are ${HEADER_BYTES} to ${MAX_PACKET_BYTES}`);
  return length;
}
