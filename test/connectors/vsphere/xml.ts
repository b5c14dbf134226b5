import type { AnswerReader } from '../../../connectors/vsphere/answers.ts';
import { readAnswer } from '../../../connectors/vsphere/protocol.ts';

/** A text in pieces of so many bytes. */
export async function* pieces(text: string | Buffer, size = 7): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text as string);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What a reader makes of an answer. */
export async function read<T>(method: string, xml: string, reader: AnswerReader<T>, size?: number): Promise<T> {
  await readAnswer(method, pieces(xml, size), reader.handler);
  return reader.finish();
}
