import { readFile } from 'node:fs/promises';
import { SinkError } from './sink.ts';

/** PEM files of a sink's `tls`. */
export interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** What is in them, as node:tls has it. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Reads them anew every time, as certificates are renewed; rejects with a SinkError where one cannot be read. */
export async function readTlsFiles(sink: string, files: TlsFiles): Promise<TlsMaterial> {
  const read = async (setting: keyof TlsFiles): Promise<Buffer | undefined> => {
    const file = files[setting];
    if (file === undefined) return undefined;
    return await readFile(file).catch((error: unknown) => {
      throw new SinkError(sink, `cannot read tls.${setting} ${file}: check its path and permissions`, error);
    });
  };
  const [ca, cert, key] = [await read('caFile'), await read('certFile'), await read('keyFile')];
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}
