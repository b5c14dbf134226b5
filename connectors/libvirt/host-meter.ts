import type { Instance } from '../../avro/snapshot.ts';
import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';
import type { Client } from './client.ts';
import type { ReadTime } from './decode.ts';
import { type HostAbout, hostInstance, type NodeValues } from './host-instance.ts';
import { middleOf, withPatience } from './patience.ts';
import { encodeNodeCpuQuery, encodeNodeMemoryQuery, type Procedure } from './procedures.ts';
import { decodeNodeCpuStats, decodeNodeMemoryStats, type NodeStats, RemoteError } from './replies.ts';
import { reply } from './reply.ts';

export interface HostMeterOptions extends HostAbout {
  readonly clock: Clock;
  readonly cpuKinds: number | RemoteError;
  readonly memoryKinds: number | RemoteError;
  /** How long a poll waits for the host; of one that does not answer there is no row. */
  readonly patienceMs: number;
  /** Told of a part that the daemon refuses: it is not asked for again on this connection. */
  readonly onRefused: (part: string, error: RemoteError) => void;
  /** Told of a part that was not answered in time. */
  readonly onFailure: (part: string, error: EndpointError) => void;
}

/** One call of the two, while there is something to ask. */
interface Question {
  readonly part: string;
  readonly procedure: Procedure;
  readonly query: Buffer;
  readonly decode: (payload: Buffer) => NodeStats;
  /** The last one is not answered yet: two small calls must not pile up on a daemon that is stuck. */
  asked: boolean;
  off: boolean;
}

/** Reads the daemon's machine itself, its CPU time and its memory: two calls a poll, beside the one for the guests. */
export class HostMeter {
  readonly #client: Client;
  readonly #options: HostMeterOptions;
  readonly #cpu: Question;
  readonly #memory: Question;

  constructor(client: Client, options: HostMeterOptions) {
    this.#client = client;
    this.#options = options;
    const question = (
      kinds: number | RemoteError,
      encode: (kinds: number) => Buffer,
      rest: Pick<Question, 'part' | 'procedure' | 'decode'>,
    ): Question => {
      const refused = kinds instanceof RemoteError;
      if (refused) options.onRefused(rest.part, kinds);
      return { ...rest, query: refused ? Buffer.alloc(0) : encode(kinds), asked: false, off: refused || kinds === 0 };
    };
    this.#cpu = question(options.cpuKinds, encodeNodeCpuQuery, {
      part: "the host's CPUs",
      procedure: 'NODE_GET_CPU_STATS',
      decode: decodeNodeCpuStats,
    });
    this.#memory = question(options.memoryKinds, encodeNodeMemoryQuery, {
      part: "the host's memory",
      procedure: 'NODE_GET_MEMORY_STATS',
      decode: decodeNodeMemoryStats,
    });
  }

  /** The host, without rows where it told nothing. Rejects only when the signal aborts or the connection ends. */
  async read(signal: AbortSignal): Promise<Instance> {
    const { clock, patienceMs } = this.#options;
    return withPatience(clock, patienceMs, signal, async (patient) => {
      const [cpu, memory] = await Promise.all([
        this.#ask(this.#cpu, patient, signal),
        this.#ask(this.#memory, patient, signal),
      ]);
      const time = cpu?.time ?? memory?.time ?? null;
      return hostInstance(this.#options, cpu?.values ?? null, memory?.values ?? null, time);
    });
  }

  async #ask(
    question: Question,
    patient: AbortSignal,
    signal: AbortSignal,
  ): Promise<{ readonly values: NodeValues; readonly time: ReadTime } | null> {
    if (question.off || question.asked) return null;
    const { clock, endpoint, onRefused, onFailure } = this.#options;
    const { part, procedure, query, decode } = question;
    const begun = { wall: clock.now(), monotonic: clock.monotonic() };
    question.asked = true;
    const answered = (): void => {
      question.asked = false;
    };
    try {
      const { values } = await reply(endpoint, this.#client.call(procedure, query, patient, answered), decode);
      answered();
      return { values, time: middleOf(clock, begun) };
    } catch (error) {
      if (error instanceof RemoteError) {
        question.off = true;
        onRefused(part, error);
        return null;
      }
      // What is asked and not answered stays so until it is.
      if (!(error instanceof EndpointError) || error.code !== 'timeout' || signal.aborted) throw error;
      onFailure(part, error);
      return null;
    }
  }
}
