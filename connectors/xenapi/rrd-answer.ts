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
      const first = firstOf(Buffer.from(value.buffer, value.byteOffset, value.length));
      if (first === '<') return await decodeRrdXml(resumed(read, chunks));
      if (first !== undefined) return decodeRrdJson(await textOf(read, chunks));
    }
  } finally {
    await chunks.return?.();
  }
}

/** The first character that is no space and no byte order mark: mostly the very first byte. */
function firstOf(chunk: Buffer): string | undefined {
  const start = chunk.toString('latin1', 0, 16);
  const first = /[^\s\u00ef\u00bb\u00bf]/;
  return (first.exec(start) ?? first.exec(chunk.toString('latin1')))?.[0];
}

async function* resumed(read: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* read;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function textOf(read: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): Promise<string> {
  const parts = [...read];
  for (let next = await rest.next(); !next.done; next = await rest.next()) parts.push(next.value);
  const text = Buffer.concat(parts).toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
