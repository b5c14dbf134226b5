import { isIP, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import { EndpointError } from '../../connector.ts';
import { type Address, isVerified } from '../address.ts';
import { openSocket, socketTransport } from './socket.ts';
import { readCredentials, type TlsFiles } from './tls-files.ts';
import { openTimedOut, type Transport } from './transport.ts';

const PORT = 16_514;
const ACCEPTED = 0x01;

/**
 * Opens TLS with a client certificate. Open means that the daemon has written its byte 0x01: with TLS 1.3 the
 * handshake succeeds on this side before the daemon has looked at the certificate. Rejects with an EndpointError.
 */
export async function openTls(
  endpoint: string,
  address: Address,
  files: TlsFiles,
  signal: AbortSignal,
): Promise<Transport> {
  const host = address.host ?? 'localhost';
  const label = `${host}:${address.port ?? PORT}`;
  const secureContext = await readCredentials(endpoint, address, files);
  const plain = await openSocket(endpoint, label, { host, port: address.port ?? PORT }, signal);
  const verify = (files.verify ?? true) && isVerified(address);
  const socket = await acceptedTls(endpoint, { host, label, plain, secureContext, verify }, signal);
  return { ...socketTransport(socket, label), ...oneRecordAMessage(socket) };
}

/**
 * Writes one TLS record for each message. Node puts what is written while a write is under way into one record; of
 * that, libvirtd reads the first message and waits for the socket, while the others lie decrypted in its TLS library.
 */
function oneRecordAMessage(socket: TLSSocket): Pick<Transport, 'output' | 'close'> {
  const output = new Writable({
    write: (message, _, done) => {
      socket.write(message, done);
    },
  });
  output.on('error', () => undefined); // the socket's own error tells why
  return { output, close: () => output.end(() => socket.destroySoon()) };
}

interface Handshake {
  readonly host: string;
  readonly label: string;
  readonly plain: Socket;
  readonly secureContext: SecureContext;
  readonly verify: boolean;
}

function acceptedTls(endpoint: string, to: Handshake, signal: AbortSignal): Promise<TLSSocket> {
  const socket = connect({
    socket: to.plain,
    host: to.host,
    ...(isIP(to.host) ? {} : { servername: to.host }),
    secureContext: to.secureContext,
    rejectUnauthorized: to.verify,
  });
  let secure = false;
  socket.once('secureConnect', () => {
    secure = true;
  });
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      signal.removeEventListener('abort', abort);
      socket.off('error', failed).off('end', closed).off('close', closed).off('readable', look);
    };
    const fail = (error: EndpointError): void => {
      settle();
      socket.on('error', () => undefined); // what a destroyed socket still says is of no interest
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(openTimedOut(endpoint, to.label, signal));
    const failed = (error: Error): void =>
      fail(secure ? rejected(endpoint, to.label, error) : handshakeError(endpoint, to, socket, error));
    const closed = (): void => failed(new Error('the connection was closed'));
    const look = (): void => {
      const first: Buffer | null = socket.read(1);
      if (!first) return;
      if (first[0] !== ACCEPTED) fail(rejected(endpoint, to.label));
      else {
        settle();
        resolve(socket);
      }
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', failed).on('end', closed).on('close', closed).on('readable', look);
  });
}

const rejected = (endpoint: string, label: string, cause?: unknown): EndpointError => {
  const remedy = "check that its CA signed it and that the daemon's tls_allowed_dn_list names it";
  return new EndpointError('refused', endpoint, `${label}: TLS client certificate rejected; ${remedy}`, cause);
};

function handshakeError(
  endpoint: string,
  to: Handshake,
  socket: TLSSocket,
  error: NodeJS.ErrnoException,
): EndpointError {
  const code = error.code ?? '';
  const refuse = (what: string): EndpointError => new EndpointError('refused', endpoint, `${to.label}: ${what}`, error);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return refuse(
      `the daemon's certificate is for another name than ${to.host}: ${error.message}; use a name that it has in the uri`,
    );
  if (code === 'CERT_HAS_EXPIRED') return refuse("the daemon's certificate has expired; renew it");
  if (socket.authorizationError)
    return refuse(`the daemon's certificate is not trusted (${code}); is it signed by the CA in caFile?`);
  if (code.includes('ALERT')) return rejected(endpoint, to.label, error);
  return new EndpointError(
    'unreachable',
    endpoint,
    `${to.label}: no TLS there: ${error.message}; a port without TLS (16509) takes qemu+tcp://`,
    error,
  );
}
