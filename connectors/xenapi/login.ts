import { LATE, orAborted, orLate } from '../../pipeline/runtime/deadline.ts';
import { type ConnectorContext, EndpointError } from '../connector.ts';
import type { HttpTls } from '../http-tls.ts';
import { Client } from './client.ts';
import { Coordinator, type Credentials, userRefusal } from './coordinator.ts';
import { originOf } from './origin.ts';
import type { PoolMemory } from './pool-memory.ts';
import { isXapiError } from './protocol.ts';

/** One host that hangs must leave time for another, within the 10 s that connecting may take. */
const LOGIN_MS = 4000;
const MOST_TRIES = 16;

export interface LoginOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly urls: readonly string[];
  readonly credentials: Credentials;
  readonly tls: HttpTls;
  readonly memory: PoolMemory;
}

/** The TLS settings for one host: a pinned certificate is the coordinator's, who has told those of the members. */
export function tlsFor(origin: string, { tls, memory }: Pick<LoginOptions, 'tls' | 'memory'>): HttpTls {
  const thumbprint = memory.thumbprints.get(origin);
  return tls.thumbprint === undefined || thumbprint === undefined ? tls : { ...tls, thumbprint };
}

/**
 * Finds the pool's coordinator and logs in: the urls first, those that failed lately last, then the members that are
 * known; a member that is asked names the coordinator. Rejects with the first EndpointError, or the signal's reason.
 */
export async function findCoordinator(options: LoginOptions, signal: AbortSignal): Promise<Coordinator> {
  const { memory, urls } = options;
  const [url = ''] = urls;
  const known = [...urls.map((each) => new URL(each).origin), ...memory.members.map((member) => originOf(member, url))];
  const failed = (origin: string): number => memory.failures.get(origin) ?? 0;
  const queue = [...new Set(known)].sort((one, other) => failed(one) - failed(other));
  const tried = new Set<string>();
  let first: unknown;
  for (let origin = queue.shift(); origin !== undefined && tried.size < MOST_TRIES; origin = queue.shift()) {
    if (tried.has(origin)) continue;
    tried.add(origin);
    try {
      const coordinator = await loginAt(origin, options, signal);
      memory.failures.delete(origin);
      return coordinator;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const refusal = userRefusal(error, origin, options);
      // Whoever is asked next would refuse it as well, and some lock accounts.
      if (refusal !== undefined) throw refusal;
      if (isXapiError(error, 'HOST_IS_SLAVE')) {
        queue.unshift(originOf(error.parameters[0] ?? '', url));
        continue;
      }
      memory.failures.set(origin, failed(origin) + 1);
      first ??= explain(error, origin, options);
    }
  }
  throw first ?? new EndpointError('protocol', options.endpoint, 'every host of the pool names another as coordinator');
}

function explain(error: unknown, origin: string, { endpoint }: LoginOptions): unknown {
  if (error instanceof EndpointError) return error;
  const code = isXapiError(error, 'HOST_STILL_BOOTING') ? 'unreachable' : 'refused';
  const why = error instanceof Error ? error.message : String(error);
  return new EndpointError(code, endpoint, `${origin} does not log in: ${why}`, error);
}

async function loginAt(origin: string, options: LoginOptions, signal: AbortSignal): Promise<Coordinator> {
  const { clock, endpoint, report, record, credentials, memory } = options;
  const tls = tlsFor(origin, options);
  const client = await Client.open({ clock, report, record, endpoint, origin, tls, timeoutMs: 10_000 });
  const work = Coordinator.login(client, { clock, report, endpoint, credentials, left: memory.left });
  // Nobody waits for a late session: it is given back.
  const giveBack = (): void => {
    work.then((late) => late.close()).catch(() => client.close());
  };
  try {
    const outcome = await orAborted(
      orLate(clock, LOGIN_MS, work, () => undefined),
      signal,
    );
    if (outcome !== LATE) return outcome;
  } catch (error) {
    giveBack();
    throw error;
  }
  giveBack();
  throw new EndpointError('timeout', endpoint, `${origin} did not answer the login within ${LOGIN_MS / 1000} s`);
}
