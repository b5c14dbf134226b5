import { within } from '../../pipeline/runtime/deadline.ts';
import { type ConnectorContext, EndpointError, type Session } from '../connector.ts';
import type { HttpTls } from '../http-tls.ts';
import { Access, type Credentials } from './access.ts';
import { Client } from './client.ts';
import { CutOff, demandLone } from './cut-off.ts';
import { errorOf } from './error-of.ts';
import type { ClusterMemory } from './memory.ts';
import { Poller, type Subject } from './poller.ts';
import {
  CLUSTER_STATUS,
  decodeClusterStatus,
  maySeeGuests,
  PERMISSIONS,
  ProtocolError,
  RESOURCES,
} from './protocol.ts';
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

interface Opened extends Subject {
  readonly access: Access;
}

/**
 * Opens one of the nodes: in their order, those that failed lately last, those that are cut off from their cluster where
 * no other answers. Rejects with an EndpointError that tells of all, or the signal's reason.
 */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  const { urls, memory } = options;
  const failed = (origin: string): number => memory.failures.get(origin) ?? 0;
  const origins = urls.map((url) => new URL(url).origin).sort((one, other) => failed(one) - failed(other));
  const errors: EndpointError[] = [];
  const tries = origins.map((origin) => ({ origin, takesAny: origins.length === 1 }));
  for (const { origin, takesAny } of tries) {
    try {
      const opened = await openNode(origin, options, takesAny, signal);
      return sessionOf(opened, options);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      memory.failures.set(origin, failed(origin) + 1);
      if (!(error instanceof EndpointError)) throw error;
      if (error instanceof CutOff && !takesAny) {
        tries.push({ origin, takesAny: true });
        continue;
      }
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
  takesAny: boolean,
  signal: AbortSignal,
): Promise<Opened> {
  const { clock, report, endpoint, tls, credentials } = options;
  const client = await Client.open({ clock, report, endpoint, origin, tls, timeoutMs: 10_000 });
  try {
    const access = new Access(client, endpoint, clock, credentials);
    const ask = (inner: AbortSignal) => askNode(access, options, takesAny, inner);
    return { access, ...(await within(clock, NODE_MS, `asking ${origin}`, ask, signal)) };
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

/** May guests be seen, and what is the cluster's name? `takesAny`: of a node that is cut off from it too. */
async function askNode(
  access: Access,
  options: SessionOptions,
  takesAny: boolean,
  signal: AbortSignal,
): Promise<Subject> {
  const { endpoint, credentials, memory } = options;
  const { origin } = access.client;
  const { data: permissions } = await access.get(PERMISSIONS, signal);
  if (!maySeeGuests(permissions)) throw seesNothing(origin, endpoint, credentials);
  if (options.cluster !== null) return { cluster: options.cluster, lone: null };
  const { data } = await access.get(CLUSTER_STATUS, signal);
  const { name, isQuorate, isLone } = decodeClusterStatus(data);
  if (!isQuorate && !takesAny)
    throw new CutOff(endpoint, `${origin} is cut off from its cluster ${name}: look at pvecm status there`);
  const lacksCluster = isLone && memory.cluster !== null && !memory.isLone;
  if (lacksCluster || (isLone && !takesAny)) {
    const before = lacksCluster ? `, but was of ${memory.cluster}` : '';
    throw new CutOff(endpoint, `${origin} tells of no cluster${before}: is corosync up there? Look at pvecm status`);
  }
  if (memory.cluster !== null && memory.cluster !== name)
    throw new EndpointError(
      'refused',
      endpoint,
      `${origin} says that it is ${name}, but it was ${memory.cluster}: every guest would be another one; set cluster: ${memory.cluster} to keep them`,
    );
  if (isLone) demandLone((await access.get(RESOURCES, signal)).data, name, origin, endpoint);
  memory.cluster = name;
  memory.isLone = isLone;
  return { cluster: name, lone: isLone ? name : null };
}

function sessionOf({ access, ...subject }: Opened, options: SessionOptions): Session {
  const { memory, urls } = options;
  const { client } = access;
  const poller = new Poller(options, access, subject);
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
      const mayAnother = urls.length > 1 && !(error instanceof EndpointError && error.code === 'refused');
      if (mayAnother || error instanceof CutOff) settle(errorOf(error));
      throw error;
    }
  };
  const close = async (): Promise<void> => {
    await client.close();
    settle(undefined);
  };
  return { poll, closed, close };
}
