import { isAscii } from 'node:buffer';
import { SaxesParser } from 'saxes';
import { ProtocolError } from './protocol.ts';

/** Told of a document's elements as they come. Names without a prefix. */
export interface XmlEvents {
  open(name: string): void;
  /** `text` is what stood in the element after its last child, or all of it if it has none. */
  close(name: string, text: string): void;
}

/** Deeper than anything XAPI sends. */
const MAX_DEPTH = 64;

/**
 * Reads a document in pieces, never holding it whole. Throws ProtocolError on what is not well-formed UTF-8 XML, nested
 * beyond reason, or has a document type: nobody needs one here, and entities are made with it.
 */
export async function readXml(chunks: AsyncIterable<Uint8Array>, events: XmlEvents): Promise<void> {
  const { write, close } = reader(events);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let isPlain = true;
  for await (const chunk of chunks) {
    // What TextDecoder makes takes saxes twice as long to read.
    isPlain &&= isAscii(chunk);
    write(
      isPlain
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')
        : decode(() => decoder.decode(chunk, { stream: true })),
    );
  }
  write(decode(() => decoder.decode()));
  close();
}

function reader(events: XmlEvents): { write(text: string): void; close(): void } {
  const parser = new SaxesParser({ xmlns: false });
  let depth = 0;
  let text = '';
  parser.on('error', (error) => {
    throw new ProtocolError(`XML that cannot be read: ${error.message}`);
  });
  parser.on('doctype', () => {
    throw new ProtocolError('XML with a document type, which is refused');
  });
  parser.on('opentag', ({ name }) => {
    text = '';
    if (++depth > MAX_DEPTH) throw new ProtocolError(`XML nested more than ${MAX_DEPTH} deep`);
    events.open(name);
  });
  const append = (part: string): void => {
    text += part;
  };
  parser.on('text', append);
  parser.on('cdata', append);
  parser.on('closetag', ({ name }) => {
    depth--;
    events.close(name, text);
    text = '';
  });
  return { write: (piece) => void parser.write(piece), close: () => void parser.close() };
}

function decode(read: () => string): string {
  try {
    return read();
  } catch (cause) {
    throw new ProtocolError('XML that is not UTF-8', { cause });
  }
}
