import type { SrvRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { EndpointError } from '../connector.ts';
import { type FillTemplate, isRejected } from './entry-template.ts';
import { type Filter, type Placed, passes, select } from './select.ts';
import type { Findings, Rejected, Source } from './source.ts';
import type { Values } from './template.ts';

export interface DnsSourceOptions extends Pick<Source, 'name' | 'refreshMs' | 'timeoutMs' | 'emptyAfter'> {
  /** `address:port` of name servers; undefined: those of the system. */
  readonly servers: readonly string[] | undefined;
  readonly filter: Filter;
  readonly fill: FillTemplate;
}

/** The targets of the SRV records of a name (RFC 2782), asked anew at each refresh. `name` is the record's. */
export function dnsSource({ servers, filter, fill, ...about }: DnsSourceOptions): Source {
  const { name, timeoutMs } = about;
  let asking: Resolver | undefined;
  const look = async (signal: AbortSignal): Promise<Findings> => {
    // Its own tries have to be over before the look is.
    const resolver = new Resolver({ timeout: Math.max(1, Math.floor(timeoutMs / 4)), tries: 2 });
    if (servers !== undefined) resolver.setServers(servers);
    asking = resolver;
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return findingsOf(await resolver.resolveSrv(name), name, filter, fill);
    } catch (error) {
      if (error instanceof EndpointError) throw error;
      const { code = '' } = error as NodeJS.ErrnoException;
      // The name has no such records, or there is no such name: it is an answer.
      if (code === 'ENODATA' || code === 'ENOTFOUND') return { entries: [], rejected: [], remarks: [NO_RECORD] };
      throw failure(error, name, servers);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
  return { ...about, kind: 'dns', look, close: async () => asking?.cancel() };
}

const NO_RECORD = 'the name has no SRV record: check it, as in _libvirt._tcp.example.org';

/** What a template may say of a record. The host is the target, without the point at its end. */
const valuesOf = ({ name, port, priority, weight }: SrvRecord): Values => {
  const target = name.replace(/\.$/, '');
  return { target, host: target, port: `${port}`, priority: `${priority}`, weight: `${weight}` };
};

/** In an order that does not depend on how the server turns its records. */
function findingsOf(records: readonly SrvRecord[], name: string, filter: Filter, fill: FillTemplate): Findings {
  const listed: (Placed & { readonly host: string })[] = [];
  const rejected: Rejected[] = [];
  // A target of "." says that the service is decidedly not there.
  const values = records.map(valuesOf).filter(({ host }) => host !== '');
  for (const known of values.toSorted((a, b) => key(a).localeCompare(key(b), 'en'))) {
    const { host = '', port } = known;
    if (!passes(host, filter)) continue;
    const where = `${name}: ${host}:${port}`;
    const made = fill(known, where);
    if (isRejected(made)) rejected.push(made);
    else listed.push({ entry: made, host, where });
  }
  return select(listed, rejected, filter);
}

const key = ({ host, port = '' }: Values): string => `${host} ${port.padStart(5, '0')}`;

const REMEDIES: Readonly<Record<string, readonly ['unreachable' | 'timeout' | 'refused' | 'protocol', string]>> = {
  ECONNREFUSED: ['unreachable', 'nobody listens there: check the address of the name server'],
  ETIMEOUT: ['timeout', 'it does not answer: check its address and the firewall'],
  ESERVFAIL: ['protocol', 'it fails to answer (SERVFAIL): see its log, and the delegation of the zone'],
  EREFUSED: ['refused', 'it refuses to answer: let this address ask it'],
  EBADRESP: ['protocol', 'its answer cannot be read'],
  EBADNAME: ['protocol', 'the name is none: write it as _service._tcp.example.org'],
  ECANCELLED: ['timeout', 'it did not answer in time'],
};

function failure(error: unknown, name: string, servers: readonly string[] | undefined): EndpointError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const [kind, remedy] = REMEDIES[code] ?? ['protocol', message];
  const asked = servers === undefined ? "the system's name server" : `the name server ${servers.join(', ')}`;
  return new EndpointError(kind, name, `${asked}: ${remedy}`, error);
}
