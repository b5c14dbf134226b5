import type { Sample } from '../../model/sample.ts';
import { createMessageEncoder } from '../message-encoder.ts';
import type { MessageOptions } from '../meter-message.ts';

/** The most that an IPv4 datagram holds: 65535 less the IP and UDP headers. Linux refuses more with EMSGSIZE. */
export const MAX_DATAGRAM_BYTES = 65_507;

/** A datagram and the samples in it; with one sample it may be longer than `MAX_DATAGRAM_BYTES`. */
export interface Datagram {
  readonly bytes: Buffer;
  readonly samples: readonly Sample[];
}

/** Valid samples as datagrams, in order, each made when it is asked for. */
export type Datagrams = (samples: readonly Sample[]) => Iterable<Datagram>;

/**
 * One MessagePack map a datagram: the meter message of one sample, nothing around it. That is what Ceilometer's UDP
 * publisher sends (15 keys, first byte 8f); with `publisher_id` it has 16 (de 00 10), which sg-core asks for.
 */
export function createMessageDatagrams(options: MessageOptions): Datagrams {
  const encode = createMessageEncoder(options);
  return function* datagrams(samples) {
    for (const sample of samples) yield { bytes: encode(sample), samples: [sample] };
  };
}
