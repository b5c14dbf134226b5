import { readXml as readDocument, XmlError } from '../xml-stream.ts';
import { ProtocolError } from './protocol.ts';

/** Told of a document's elements as they come. Names without a prefix. */
export interface XmlEvents {
  open(name: string): void;
  /** `text` is what stood in the element after its last child, or all of it if it has none. */
  close(name: string, text: string): void;
}

/** Reads a document in pieces, never holding it whole. Throws ProtocolError on what `connectors/xml-stream.ts` refuses. */
export async function readXml(chunks: AsyncIterable<Uint8Array>, events: XmlEvents): Promise<void> {
  try {
    await readDocument(chunks, {
      open: (name) => events.open(name),
      close: (name, _depth, text) => events.close(name, text),
    });
  } catch (error) {
    throw error instanceof XmlError
      ? new ProtocolError(`XML that cannot be read: ${error.message}`, { cause: error })
      : error;
  }
}
