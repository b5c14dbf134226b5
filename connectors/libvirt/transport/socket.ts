import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { EndpointError, type EndpointErrorCode } from '../../connector.ts';
import { openTimedOut, type Transport } from './transport.ts';

/** For daemons that do not answer libvirt's own pings. */
const TCP_KEEPALIVE_MS = 30_000;

const REASONS: Readonly<Record<string, readonly [EndpointErrorCode, string]>> = {
  ECONNREFUSED: ['unreachable', 'nothing listens there; is libvirtd (or virtproxyd) running, with this transport on?'],
  ENOENT: ['unreachable', 'there is no such socket; is libvirtd (or the modular daemon) running?'],
  EACCES: ['refused', 'this user may not open it; use the -ro socket or join the group libvirt'],
  EPERM: ['refused', 'this user may not open it; use the -ro socket or join the group libvirt'],
  ENOTFOUND: ['unreachable', 'the host name does not resolve'],
  EAI_AGAIN: ['unreachable', 'the host name does not resolve now; is the name server up?'],
  EHOSTUNREACH: ['unreachable', 'there is no route to the host'],
  ENETUNREACH: ['unreachable', 'there is no route to the host'],
  ETIMEDOUT: ['unreachable', 'the host does not answer; is a firewall in between?'],
};

/** What a failed connect means and what to do about it, as an EndpointError. */
function connectError(endpoint: string, label: string, error: NodeJS.ErrnoException): EndpointError {
  const [code, remedy] = REASONS[error.code ?? ''] ?? ['unreachable', error.message];
  return new EndpointError(code, endpoint, `cannot connect to ${label}: ${remedy}`, error);
}

/** A Transport over a connected socket (or TLS socket). */
export function socketTransport(socket: Socket, label: string): Transport {
  let reason: Error | undefined;
  socket.on('error', (error) => {
    reason = error;
  });
  const ended = new Promise<Error | undefined>((resolve) => {
    socket.once('close', () => resolve(reason));
  });
  const close = (): void => socket.destroySoon();
  return { label, input: socket, output: socket, ended, close, destroy: () => socket.destroy() };
}

/** Connects a TCP or unix socket. Rejects with an EndpointError, the socket destroyed. */
export function openSocket(
  endpoint: string,
  label: string,
  options: NetConnectOpts,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(openTimedOut(endpoint, label, signal));
    const socket = connect(options);
    const fail = (error: EndpointError): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(openTimedOut(endpoint, label, signal));
    const failed = (error: NodeJS.ErrnoException): void => fail(connectError(endpoint, label, error));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', failed);
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.removeListener('error', failed);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
      resolve(socket);
    });
  });
}
