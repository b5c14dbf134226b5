import { within } from '../../pipeline/runtime/deadline.ts';
import { type ConnectorContext, EndpointError, type Session } from '../connector.ts';
import type { HttpTls } from '../http-tls.ts';
import { Access, type Credentials } from './access.ts';
import { Client } from './client.ts';
import { errorOf } from './error-of.ts';
import type { ClusterMemory } from './memory.ts';
import { Poller } from './poller.ts';
import { CLUSTER_STATUS, decodeClusterStatus, maySeeGuests, PERMISSIONS, ProtocolError } from './protocol.ts';
import { seesNothing } from './remedies.ts';

export interface SessionOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly urls: readonly string[];
  readonly credentials: Credentials;
  readonly tls: HttpTls;
  /** The cluster's name, where it is set and not asked for. */
  readonly cluster: string | null;
  readonly memory: ClusterMemory;
  /** The nodes themselves are metered too. */
  readonly hosts: boolean;
}

/** pveproxy holds the answer to who is not let in back for three seconds. One node that hangs must leave time for another. */
const NODE_MS = 4500;

interface Opened {
  readonly access: Access;
  readonly cluster: string;
}

/**
 * Opens one of the nodes: in their order, those that failed lately last. Rejects with an EndpointError that tells of all,
 * or the signal's reason.
 */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  const { urls, memory } = options;
  const failed = (origin: string): number => memory.failures.get(origin) ?? 0;
  const origins = urls.map((url) => new URL(url).origin).sort((one, other) => failed(one) - failed(other));
  const errors: EndpointError[] = [];
  for (const [n, origin] of origins.entries()) {
    try {
      const opened = await openNode(origin, options, n === origins.length - 1, signal);
      return sessionOf(opened, options);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      memory.failures.set(origin, failed(origin) + 1);
      if (!(error instanceof EndpointError)) throw error;
      errors.push(error);
      // The cluster has one list of users: the next node would refuse it as well.
      if (error.code === 'refused' && isOfCluster(error)) throw error;
    }
  }
  throw together(errors, options.endpoint);
}

/** What each of the nodes failed with, in one sentence. */
function together(errors: readonly EndpointError[], endpoint: string): EndpointError {
  const [first] = errors;
  if (first !== undefined && errors.length === 1) return first;
  const words = errors.map(({ message }) => message.replace(`${endpoint}: `, '')).join('; ');
  return new EndpointError(first?.code ?? 'unreachable', endpoint, words, new AggregateError(errors));
}

/** Refused by the API, not by TLS. */
const isOfCluster = ({ message }: EndpointError): boolean => /HTTP 40[13]|VM\.Audit|second factor/.test(message);

async function openNode(
  origin: string,
  options: SessionOptions,
  isLast: boolean,
  signal: AbortSignal,
): Promise<Opened> {
  const { clock, report, endpoint, tls, credentials } = options;
  const client = await Client.open({ clock, report, endpoint, origin, tls, timeoutMs: 10_000 });
  try {
    const access = new Access(client, endpoint, clock, credentials);
    const ask = (inner: AbortSignal) => askNode(access, options, isLast, inner);
    return { access, cluster: await within(clock, NODE_MS, `asking ${origin}`, ask, signal) };
  } catch (error) {
    await client.close();
    if (error instanceof EndpointError || signal.aborted) throw error;
    const [code, why] =
      error instanceof ProtocolError
        ? (['protocol', error.message] as const)
        : (['timeout', 'it did not answer in time'] as const);
    throw new EndpointError(code, endpoint, `${origin}: ${why}`, error);
  }
}

/** May guests be seen, and what is the cluster's name? */
async function askNode(access: Access, options: SessionOptions, isLast: boolean, signal: AbortSignal): Promise<string> {
  const { endpoint, credentials, memory } = options;
  const { origin } = access.client;
  const { data: permissions } = await access.get(PERMISSIONS, signal);
  if (!maySeeGuests(permissions)) throw seesNothing(origin, endpoint, credentials);
  if (options.cluster !== null) return options.cluster;
  const { data } = await access.get(CLUSTER_STATUS, signal);
  const { name, isQuorate } = decodeClusterStatus(data);
  if (!isQuorate && !isLast)
    throw new EndpointError(
      'unreachable',
      endpoint,
      `${origin} is cut off from its cluster ${name}: look at pvecm status there`,
    );
  if (memory.cluster !== null && memory.cluster !== name)
    throw new EndpointError(
      'refused',
      endpoint,
      `${origin} says that it is ${name}, but it was ${memory.cluster}: every guest would be another one; set cluster: ${memory.cluster} to keep them`,
    );
  memory.cluster = name;
  return name;
}

function sessionOf({ access, cluster }: Opened, options: SessionOptions): Session {
  const { memory, urls } = options;
  const { client } = access;
  const poller = new Poller(options, access, cluster);
  let settle: (reason: Error | undefined) => void = () => undefined;
  const closed = new Promise<Error | undefined>((resolve) => {
    settle = resolve;
  });
  const poll = async (signal: AbortSignal) => {
    try {
      const observation = await poller.poll(signal);
      memory.failures.delete(client.origin);
      return observation;
    } catch (error) {
      memory.failures.set(client.origin, (memory.failures.get(client.origin) ?? 0) + 1);
      // Another node may know what this one does not say.
      if (urls.length > 1 && !(error instanceof EndpointError && error.code === 'refused')) settle(errorOf(error));
      throw error;
    }
  };
  const close = async (): Promise<void> => {
    await client.close();
    settle(undefined);
  };
  return { poll, closed, close };
}
