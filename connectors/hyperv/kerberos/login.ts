import { EndpointError, type EndpointErrorCode } from '../../connector.ts';
import type { CarrierOptions } from '../carrier.ts';
import { type LoginMethod, misspoken, refused, sendToken } from '../carrier-login.ts';
import { type Credentials, withCredentials } from './credentials.ts';
import { type GssClient, type GssLibrary, loadGss } from './library.ts';

export interface KerberosLoginOptions extends CarrierOptions {
  /** `HTTP/hv1.example.org` */
  readonly spn: string;
  readonly credentials: Credentials;
  /** Gives npm's `kerberos`; for tests. */
  readonly load?: () => Promise<GssLibrary>;
}

const SCHEME = 'Kerberos';
const REMEDY =
  'the ticket is not taken: check spn, that the user may log on over the network, and that the service allows Kerberos ' +
  '(winrm get winrm/config/service/auth); a service with CbtHardeningLevel Strict takes auth: negotiate only';

const UNPROVEN = 'it does not prove that it is who it should be';

/**
 * One token each way, a bare one of Kerberos, without SPNEGO: both sides prove who they are. For HTTPS only, where nothing
 * has to be sealed: npm's `kerberos` 7 wraps nothing but the four bytes that SASL has, whatever it is given.
 */
export const kerberosLogin = (options: KerberosLoginOptions): LoginMethod => ({
  remedy: REMEDY,
  login: async (signal) => {
    const { endpoint, load = () => loadGss(endpoint) } = options;
    const library = await load();
    const { client, first } = await withCredentials(options.credentials, () => begin(options, library), signal);
    const { status, token } = await sendToken(options, SCHEME, Buffer.from(first, 'base64'), signal);
    if (status === 401) throw refused(options, REMEDY);
    if (token === undefined) throw misspoken(options, UNPROVEN);
    try {
      await client.step(token.toString('base64'));
    } catch (error) {
      throw known(options, error) ?? misspoken(options, `${UNPROVEN} (${wordsOf(error)})`, error);
    }
    if (!client.contextComplete) throw misspoken(options, 'it does not come to an end');
    return null;
  },
});

async function begin(
  options: KerberosLoginOptions,
  library: GssLibrary,
): Promise<{ readonly client: GssClient; readonly first: string }> {
  const { spn, credentials } = options;
  return told(options, async () => {
    const client = await library.initializeClient(spn.replace('/', '@'), {
      ...(credentials.principal !== undefined && { principal: credentials.principal }),
      flags: library.GSS_C_MUTUAL_FLAG | library.GSS_C_SEQUENCE_FLAG,
      mechOID: library.GSS_MECH_OID_KRB5,
    });
    const first = await client.step('');
    if (first === null) throw new Error('there is no first token');
    return { client, first };
  });
}

/** What the library says, and what to do about it. */
const REMEDIES: readonly (readonly [RegExp, EndpointErrorCode, string])[] = [
  [/not found in kerberos database/i, 'refused', 'check spn and username, and the realm of the host in krb5.conf'],
  [
    /no (?:kerberos )?credentials|credentials cache|no key table|keytab/i,
    'refused',
    'check keytab or ccache: kinit, klist',
  ],
  [/expired/i, 'refused', 'the tickets in ccache have to be renewed, or take a keytab'],
  [/clock skew/i, 'refused', 'the clocks of host, KDC and collector differ by minutes: set them'],
  [/cannot (?:contact|find|resolve).*kdc|cannot find kdc/i, 'unreachable', 'check realms and kdc in krb5.conf'],
  [
    /preauthentication failed|password incorrect/i,
    'refused',
    "the key in the keytab is not the account's: make a new one",
  ],
];

async function told<T>(options: KerberosLoginOptions, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw known(options, error) ?? failure(options, 'refused', 'check krb5.conf, keytab or ccache', error);
  }
}

function known(options: KerberosLoginOptions, error: unknown): EndpointError | undefined {
  const [, code, remedy] = REMEDIES.find(([form]) => form.test(wordsOf(error))) ?? [];
  return code === undefined || remedy === undefined ? undefined : failure(options, code, remedy, error);
}

const failure = (
  { endpoint, spn }: KerberosLoginOptions,
  code: EndpointErrorCode,
  remedy: string,
  cause: unknown,
): EndpointError =>
  new EndpointError(code, endpoint, `Kerberos gives no ticket for ${spn}: ${wordsOf(cause)}: ${remedy}`, cause);

const wordsOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 300);
