import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { EndpointError } from '../../connector.ts';
import type { Address } from '../address.ts';

/** What the configuration says; the files are PEM. */
export interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly verify?: boolean | undefined;
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

/**
 * Reads the CA's certificate and the client's certificate and key, from the files that are named or from where
 * libvirt's own client looks. Rejects with an EndpointError that names the file.
 */
export async function readCredentials(endpoint: string, address: Address, files: TlsFiles): Promise<SecureContext> {
  const fallback = defaultFiles(address);
  const read = async (path: string, what: string): Promise<Buffer> => {
    try {
      return await readFile(path);
    } catch (error) {
      throw new EndpointError(
        'refused',
        endpoint,
        `cannot read the ${what} ${path}: put it there, or name its place: caFile, certFile, keyFile, or ?pkipath=DIRECTORY`,
        error,
      );
    }
  };
  const ca = await read(files.caFile ?? fallback.caFile, 'CA certificate');
  // A daemon may do without a client certificate; one that was named must be there.
  const named = files.certFile !== undefined || address.parameters.has('pkipath');
  const own = named || existsSync(fallback.certFile);
  const client = own && {
    cert: await read(files.certFile ?? fallback.certFile, 'client certificate'),
    key: await read(files.keyFile ?? fallback.keyFile, "client certificate's key"),
  };
  try {
    return createSecureContext({ ca, ...client });
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new EndpointError('refused', endpoint, `the certificates or the key cannot be used: ${what}`, error);
  }
}
