import { EndpointError } from '../../connector.ts';

/** What is used of npm's `kerberos`, which is MIT's or Heimdal's GSS-API. Tokens are base64. */
export interface GssLibrary {
  readonly GSS_C_MUTUAL_FLAG: number;
  readonly GSS_C_SEQUENCE_FLAG: number;
  readonly GSS_MECH_OID_KRB5: number;
  initializeClient(
    service: string,
    options: { readonly principal?: string; readonly flags: number; readonly mechOID: number },
  ): Promise<GssClient>;
}

export interface GssClient {
  readonly contextComplete: boolean;
  /** The next token for the other side; null: there is none. */
  step(challenge: string): Promise<string | null>;
}

const PACKAGE: string = 'kerberos';

/** The package is optional: it is built when it is installed, and loaded when an endpoint wants it. */
export async function loadGss(
  endpoint: string,
  load: () => Promise<unknown> = () => import(PACKAGE),
): Promise<GssLibrary> {
  try {
    const loaded = (await load()) as { readonly default?: GssLibrary };
    if (loaded.default !== undefined) return loaded.default;
    throw new Error('it has another form than is known');
  } catch (error) {
    throw new EndpointError(
      'unsupported',
      endpoint,
      'auth: kerberos needs the package kerberos, which is not there or cannot be loaded: install the headers of Kerberos ' +
        '(Debian: apt-get install libkrb5-dev g++ make python3), then npm install kerberos@7',
      error,
    );
  }
}
