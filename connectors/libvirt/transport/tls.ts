import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isIP, type Socket } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { EndpointError } from '../../connector.ts';
import { type Address, isVerified } from '../address.ts';
import { openSocket, socketTransport } from './socket.ts';
import { openTimedOut, type Transport } from './transport.ts';

const PORT = 16_514;
const ACCEPTED = 0x01;

export interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly verify?: boolean | undefined;
}

interface Credentials {
  readonly ca: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

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
  const credentials = await readCredentials(endpoint, address, files);
  const plain = await openSocket(endpoint, label, { host, port: address.port ?? PORT }, signal);
  plain.setNoDelay(true);
  const verify = (files.verify ?? true) && isVerified(address);
  const socket = await acceptedTls(endpoint, { host, label, plain, credentials, verify }, signal);
  return socketTransport(socket, label);
}

interface Handshake {
  readonly host: string;
  readonly label: string;
  readonly plain: Socket;
  readonly credentials: Credentials;
  readonly verify: boolean;
}

function acceptedTls(endpoint: string, to: Handshake, signal: AbortSignal): Promise<TLSSocket> {
  const socket = connect({
    socket: to.plain,
    host: to.host,
    ...(isIP(to.host) ? {} : { servername: to.host }),
    ...to.credentials,
    rejectUnauthorized: to.verify,
  });
  let secure = false;
  socket.once('secureConnect', () => {
    secure = true;
  });
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      signal.removeEventListener('abort', abort);
      socket.off('error', failed).off('end', closed).off('readable', look);
    };
    const fail = (error: EndpointError): void => {
      settle();
      socket.on('error', () => undefined); // what a destroyed socket still says is of no interest
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(openTimedOut(endpoint, to.label, signal));
    const failed = (error: Error): void => fail(tlsError(endpoint, to, secure, error));
    const closed = (): void => fail(rejected(endpoint, to.label));
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
    socket.on('error', failed).on('end', closed).on('readable', look);
  });
}

const rejected = (endpoint: string, label: string, cause?: unknown): EndpointError => {
  const remedy = "check that its CA signed it and that the daemon's tls_allowed_dn_list names it";
  return new EndpointError('refused', endpoint, `${label}: TLS client certificate rejected; ${remedy}`, cause);
};

function tlsError(endpoint: string, to: Handshake, secure: boolean, error: NodeJS.ErrnoException): EndpointError {
  const code = error.code ?? '';
  const refuse = (what: string): EndpointError => new EndpointError('refused', endpoint, `${to.label}: ${what}`, error);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return refuse(`the daemon's certificate is for another name than ${to.host}: ${error.message}`);
  if (code === 'CERT_HAS_EXPIRED') return refuse("the daemon's certificate has expired; renew it");
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|CERT_|SIGNATURE/.test(code))
    return refuse(`the daemon's certificate is not signed by the CA in caFile (${code})`);
  if (secure || code.includes('ALERT')) return rejected(endpoint, to.label, error);
  return new EndpointError('unreachable', endpoint, `${to.label}: no TLS there: ${error.message}`, error);
}

/** Where libvirt's own client looks: `?pkipath=`, else ~/.pki/libvirt of an unprivileged user, else /etc/pki. */
function defaultFiles(address: Address): { caFile: string; certFile: string; keyFile: string } {
  const inOne = (directory: string) => ({
    caFile: join(directory, 'cacert.pem'),
    certFile: join(directory, 'clientcert.pem'),
    keyFile: join(directory, 'clientkey.pem'),
  });
  const given = address.parameters.get('pkipath');
  if (given) return inOne(given);
  const own = inOne(join(homedir(), '.pki', 'libvirt'));
  if (process.getuid?.() !== 0 && existsSync(own.certFile) && existsSync(own.keyFile) && existsSync(own.caFile))
    return own;
  return {
    caFile: '/etc/pki/CA/cacert.pem',
    certFile: '/etc/pki/libvirt/clientcert.pem',
    keyFile: '/etc/pki/libvirt/private/clientkey.pem',
  };
}

async function readCredentials(endpoint: string, address: Address, files: TlsFiles): Promise<Credentials> {
  const fallback = defaultFiles(address);
  const read = async (path: string, what: string): Promise<Buffer> => {
    try {
      return await readFile(path);
    } catch (error) {
      throw new EndpointError('refused', endpoint, `cannot read the ${what} ${path}`, error);
    }
  };
  const ca = await read(files.caFile ?? fallback.caFile, 'CA certificate');
  // A daemon may do without a client certificate; one that was named must be there.
  const named = files.certFile !== undefined || address.parameters.has('pkipath');
  if (!named && !existsSync(fallback.certFile)) return { ca };
  return {
    ca,
    cert: await read(files.certFile ?? fallback.certFile, 'client certificate'),
    key: await read(files.keyFile ?? fallback.keyFile, "client certificate's key"),
  };
}
