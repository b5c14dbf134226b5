import { ProtocolError } from './protocol.ts';
import { decodeRrdJson } from './rrd-json.ts';
import type { RrdUpdates } from './rrd-updates.ts';
import { decodeRrdXml } from './rrd-xml.ts';

/** Reads `/rrd_updates` in whatever encoding the host knows: its first character tells which. Throws ProtocolError. */
export async function decodeRrdAnswer(body: AsyncIterable<Uint8Array>): Promise<RrdUpdates> {
  const chunks = body[Symbol.asyncIterator]();
  const read: Uint8Array[] = [];
  try {
    for (;;) {
      const { value, done } = await chunks.next();
      if (done) throw new ProtocolError('an empty answer');
      read.push(value);
      const first = /\S/.exec(Buffer.from(value).toString('latin1').replace('\u00ef\u00bb\u00bf', ''))?.[0];
      if (first === '<') return await decodeRrdXml(resumed(read, chunks));
      if (first !== undefined) return decodeRrdJson(await textOf(resumed(read, chunks)));
    }
  } finally {
    await chunks.return?.();
  }
}

async function* resumed(read: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* read;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of chunks) parts.push(part);
  return new TextDecoder().decode(Buffer.concat(parts));
}
