const TRANSPORTS = ['unix', 'tcp', 'tls', 'ssh'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** Where a daemon is and which of its drivers is wanted: a libvirt URI, taken apart. */
export interface Address {
  readonly driver: string;
  readonly transport: TransportName;
  /** Without brackets, null for this machine. */
  readonly host: string | null;
  readonly port: number | null;
  readonly user: string | null;
  /** What the daemon is asked to open: `qemu:///system`. */
  readonly name: string;
  /** True for the unprivileged daemon of one user (`/session`). */
  readonly session: boolean;
  readonly parameters: ReadonlyMap<string, string>;
}

const SCHEME = /^(qemu|xen|lxc|test|vz|bhyve|ch)(?:\+([a-z0-9]+))?:$/;
const PATH = /^[\w./-]*$/;

/** True if the scheme is one of libvirt's hypervisor drivers, with or without a transport. */
export const isLibvirtUri = (uri: URL): boolean => SCHEME.test(uri.protocol);

/**
 * Takes a libvirt URI apart (libvirt.org/uri.html): `driver[+transport]://[user@][host][:port]/path[?parameters]`.
 * Without a transport it is tls if a host is named, else unix. Throws an Error whose message says what is wrong.
 */
export function parseAddress(text: string): Address {
  if (!URL.canParse(text)) throw new Error('not a URI like qemu+tls://host/system');
  const uri = new URL(text);
  const [, driver, named] = SCHEME.exec(uri.protocol) ?? [];
  if (!driver) throw new Error(`unknown driver ${uri.protocol} (qemu, xen, lxc, test …)`);
  if (uri.password) throw new Error('a password has no place in the URI; libvirt knows certificates and ssh keys');
  if (!PATH.test(uri.pathname)) throw new Error(`the path ${uri.pathname} has characters that no driver's path has`);
  const transport = TRANSPORTS.find((name) => name === (named ?? (uri.hostname ? 'tls' : 'unix')));
  if (!transport) throw new Error(`unknown transport ${named} (${TRANSPORTS.join(', ')})`);
  if (transport !== 'unix' && !uri.hostname) throw new Error(`${transport} needs a host: ${uri.protocol}//host/system`);
  if (transport === 'unix' && uri.hostname) throw new Error(`unix means this machine: ${uri.protocol}///system`);
  const parameters = new Map(uri.searchParams);
  return {
    driver,
    transport,
    host: uri.hostname.replace(/^\[(.*)\]$/, '$1') || null,
    port: uri.port ? Number(uri.port) : null,
    user: uri.username ? decodeURIComponent(uri.username) : null,
    name: parameters.get('name') ?? `${driver}://${uri.pathname}`,
    session: uri.pathname === '/session',
    parameters,
  };
}

/** True unless `?no_verify=1`, libvirt's word for not verifying the server. */
export const isVerified = ({ parameters }: Pick<Address, 'parameters'>): boolean =>
  (parameters.get('no_verify') ?? '0') === '0';
