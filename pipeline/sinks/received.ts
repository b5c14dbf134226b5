import type { ReadMessage } from './message-decoder.ts';

/** Where to listen for meter messages. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Checks signatures with it; without one they are not looked at. */
  readonly secret?: string;
}

/** A meter message as it came. */
export interface Received extends ReadMessage {
  /** Of the datagram or frame that it came in. */
  readonly bytes: number;
  /** address:port of the sender */
  readonly from: string;
}

/** What is no meter message, or trouble of the socket itself (then without a sender). */
export interface Fault {
  readonly error: Error;
  readonly bytes: number;
  readonly from: string | null;
}
