import type { Clock } from '../../pipeline/runtime/clock.ts';
import type { Client } from './client.ts';
import { EMPTY_ARGUMENTS, encodeNodeCpuQuery, encodeNodeMemoryQuery } from './procedures.ts';
import { decodeNodeCpuStats, decodeNodeCpus, decodeNodeMemoryStats, RemoteError } from './replies.ts';
import { reply } from './reply.ts';

/** What a connection tells of the daemon's machine once, at its start: how to ask for its statistics, or why they are refused. */
export interface Node {
  /** CPUs online; null if the driver cannot tell. */
  readonly cpus: number | null;
  /** How many kinds of statistics there are: drivers want to be asked for just as many. */
  readonly cpuKinds: number | RemoteError;
  readonly memoryKinds: number | RemoteError;
  /** Microseconds; see `bootTime`. */
  readonly bootedAt: number | null;
}

/** Asks the host for the forms of its statistics. Rejects with EndpointError only. */
export async function readNode(client: Client, endpoint: string, clock: Clock, signal: AbortSignal): Promise<Node> {
  const cpus = await orRefusal(reply(endpoint, client.call('NODE_GET_INFO', EMPTY_ARGUMENTS, signal), decodeNodeCpus));
  const askCpus = (kinds: number) =>
    reply(endpoint, client.call('NODE_GET_CPU_STATS', encodeNodeCpuQuery(kinds), signal), decodeNodeCpuStats);
  const form = await orRefusal(askCpus(0));
  const times = form instanceof RemoteError ? form : await orRefusal(askCpus(form.kinds));
  const memory = await orRefusal(
    reply(endpoint, client.call('NODE_GET_MEMORY_STATS', encodeNodeMemoryQuery(0), signal), decodeNodeMemoryStats),
  );
  const told = cpus instanceof RemoteError || cpus < 1 ? null : cpus;
  return {
    cpus: told,
    cpuKinds: form instanceof RemoteError ? form : form.kinds,
    memoryKinds: memory instanceof RemoteError ? memory : memory.kinds,
    bootedAt: told === null || times instanceof RemoteError ? null : bootTime(times.values, told, clock.now()),
  };
}

/**
 * When the host booted, in microseconds, or null. libvirt does not tell; but the host's CPU times since boot (user,
 * kernel, idle, iowait; ns over all CPUs) divided by its CPUs are its uptime, but for stolen time (zero on real
 * hardware) and CPUs taken offline: seconds on real hardware, up to a percent of the uptime where it is virtual.
 */
function bootTime(times: ReadonlyMap<string, bigint>, cpus: number, now: number): number | null {
  const parts = ['kernel', 'user', 'idle', 'iowait'].map((kind) => times.get(kind));
  const totalNs = parts.reduce((sum, part) => (sum === undefined || part === undefined ? undefined : sum + part), 0n);
  if (totalNs === undefined || totalNs === 0n) return null;
  return now - Number(totalNs / BigInt(cpus) / 1000n);
}

/** A question whose answer the connection can do without. */
async function orRefusal<T>(answer: Promise<T>): Promise<T | RemoteError> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RemoteError) return error;
    throw error;
  }
}
