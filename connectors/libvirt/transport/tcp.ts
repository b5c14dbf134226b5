import type { Address } from '../address.ts';
import { openSocket, socketTransport } from './socket.ts';
import type { Transport } from './transport.ts';

const PORT = 16_509;

/** Opens a plain TCP connection: neither encrypted nor authenticated. Rejects with an EndpointError. */
export async function openTcp(endpoint: string, address: Address, signal: AbortSignal): Promise<Transport> {
  const host = address.host ?? 'localhost';
  const port = address.port ?? PORT;
  const label = `${host}:${port}`;
  const socket = await openSocket(endpoint, label, { host, port }, signal);
  return socketTransport(socket, label);
}
