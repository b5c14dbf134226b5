import { within } from '../../pipeline/runtime/deadline.ts';
import { type ConnectorContext, EndpointError } from '../connector.ts';
import type { Access } from './access.ts';
import { errorOf } from './error-of.ts';
import type { Moment } from './lives.ts';
import type { ClusterMemory } from './memory.ts';
import { decodeRollCall, type Present } from './roll-call.ts';

/** Nodes that are asked at once, how long one may take, and how long one that failed is left alone. */
const AT_ONCE = 4;
const ROLL_CALL_MS = 3000;
const REST_US = 30e6;

export interface RollCall {
  readonly present: ReadonlyMap<number, Present>;
  readonly asked: Moment;
}

export interface CallerOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly memory: ClusterMemory;
}

/** Answers by path, the paths that gave none, and how many were asked. */
export interface RollCalls {
  readonly rollCalls: ReadonlyMap<string, RollCall>;
  readonly failed: ReadonlySet<string>;
  readonly calls: number;
}

/** Asks nodes who runs there, a few at once, but those that have failed just now. Rejects with the signal's reason only. */
export async function callRolls(
  access: Access,
  options: CallerOptions,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<RollCalls> {
  const { clock, memory } = options;
  const due = paths.filter((path) => (memory.notBefore.get(path) ?? 0) <= clock.monotonic());
  const failed = new Set(paths.filter((path) => !due.includes(path)));
  const rollCalls = new Map<string, RollCall>();
  const queue = [...due];
  const work = async (): Promise<void> => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      const call = await callRoll(access, options, path, signal);
      if (call === null) failed.add(path);
      else rollCalls.set(path, call);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { calls: due.length, rollCalls, failed };
}

async function callRoll(
  access: Access,
  { clock, memory, endpoint, report }: CallerOptions,
  path: string,
  signal: AbortSignal,
): Promise<RollCall | null> {
  // Also if the poll ends before the answer comes.
  memory.notBefore.set(path, clock.monotonic() + REST_US);
  try {
    const { data, at } = await within(clock, ROLL_CALL_MS, path, (inner) => access.get(path, inner), signal);
    const present = decodeRollCall(data, path);
    memory.notBefore.delete(path);
    return { present, asked: at };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const reason = error instanceof EndpointError ? error.code : 'timeout';
    report({ event: 'part.failed', hypervisor: endpoint, kind: 'proxmox', part: path, reason, error: errorOf(error) });
    return null;
  }
}
