import { uncompress } from 'snappyjs';
import { doubleOf, integerOf, messages, packedOf, readMessage, textOf, texts } from '../push/a-protobuf-reader.ts';

/** What a receiver of remote-write 1.0 finds in a body. */
export function decodeV1(body: Buffer) {
  return messages(readMessage(unpacked(body)), 1).map((series) => ({
    labels: messages(series, 1).flatMap((label) => [textOf(label, 1), textOf(label, 2)]),
    samples: messages(series, 2).map((sample) => [Number(integerOf(sample, 2)), doubleOf(sample, 1)]),
  }));
}

/** What a receiver of remote-write 2.0 finds in a body. */
export function decodeV2(body: Buffer) {
  const request = readMessage(unpacked(body));
  const symbols = texts(request, 4);
  const symbol = (ref: number): string | undefined => symbols[ref];
  return {
    symbols,
    series: messages(request, 5).map((series) => ({
      labels: packedOf(series, 1).map(symbol),
      samples: messages(series, 2).map((sample) => [
        Number(integerOf(sample, 2)),
        doubleOf(sample, 1),
        Number(integerOf(sample, 3)),
      ]),
      metadata: messages(series, 5).map((metadata) => [
        Number(integerOf(metadata, 1)),
        symbol(Number(integerOf(metadata, 4))),
      ]),
    })),
  };
}

const unpacked = (body: Buffer): Buffer => Buffer.from(uncompress(body, 16_777_216));
