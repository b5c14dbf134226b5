import { EndpointError } from '../connector.ts';
import { RemoteError } from './replies.ts';
import { ProtocolError } from './xdr.ts';

/** Decodes a reply; bytes that do not fit become an EndpointError. */
export async function reply<T>(endpoint: string, payload: Promise<Buffer>, decode: (payload: Buffer) => T): Promise<T> {
  const bytes = await payload;
  try {
    return decode(bytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new EndpointError('protocol', endpoint, `a reply cannot be read: ${error.message}`, error);
  }
}

/** True if the daemon refused with this error number. */
export const isRemoteError = (error: unknown, code: number): boolean =>
  error instanceof RemoteError && error.code === code;
